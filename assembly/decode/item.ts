import { CODE_NONE } from '../abi/codes';
import { refuse } from './verdict';

// The item of a binary format that its reader read last. CBOR and MessagePack write the same kinds of items, each in its own way, so
// that what a message means is read from items once for both.

/** A whole number: itemWord is its magnitude. */
export const ITEM_WHOLE: u32 = 0;
/** Any IEEE 754 number: itemDouble. */
export const ITEM_DOUBLE: u32 = 1;
/** The decimal of number.ts. */
export const ITEM_DECIMAL: u32 = 2;
/** 1 or 0 in itemWord. */
export const ITEM_BOOLEAN: u32 = 3;
export const ITEM_NULL: u32 = 4;
/** UTF-8 at itemAt, itemWord bytes of it. */
export const ITEM_TEXT: u32 = 5;
/** A moment that the format itself marks as one: itemUs, and itemDouble in seconds. */
export const ITEM_TIME: u32 = 6;
/** Well formed and no reading, for the reason itemCode: bytes, an extension, a number of more than 64 bits. */
export const ITEM_OPAQUE: u32 = 7;
/** Its items, itemWord of them, are the next to be read. */
export const ITEM_ARRAY: u32 = 8;
/** Its pairs of name and value, itemWord of them, are the next to be read. */
export const ITEM_MAP: u32 = 9;

/** In place of a count of items: a break ends them. */
export const INDEFINITE: u64 = u64.MAX_VALUE;

export let itemKind: u32 = ITEM_NULL;
export let itemWord: u64 = 0;
export let itemNegative: bool = false;
export let itemDouble: f64 = 0;
export let itemAt: usize = 0;
/** Whether a text may hold a NUL. */
export let itemIsPlain: bool = false;
/** Microseconds of the Unix epoch. */
export let itemUs: i64 = 0;
export let itemCode: u32 = CODE_NONE;

/** The farthest second whose microseconds fit 64 bits; a later time is implausible anyway. */
const SECONDS_MAX: i64 = 9000000000000;

@inline
export function giveNull(): void {
  itemKind = ITEM_NULL;
}

@inline
export function giveDecimal(): void {
  itemKind = ITEM_DECIMAL;
}

@inline
export function giveOpaque(code: u32): void {
  itemKind = ITEM_OPAQUE;
  itemCode = code;
}

@inline
export function giveWhole(magnitude: u64, negative: bool): void {
  itemKind = ITEM_WHOLE;
  itemWord = magnitude;
  itemNegative = negative;
}

@inline
export function giveDouble(value: f64): void {
  itemKind = ITEM_DOUBLE;
  itemDouble = value;
}

@inline
export function giveBoolean(value: bool): void {
  itemKind = ITEM_BOOLEAN;
  itemWord = <u64>value;
}

@inline
export function giveText(at: usize, bytes: u32, isPlain: bool): void {
  itemKind = ITEM_TEXT;
  itemAt = at;
  itemWord = bytes;
  itemIsPlain = isPlain;
}

/** An item takes a byte at least, so there are no more of them than bytes are left. Answers `at`, or refuses a larger count. */
@inline
export function giveItems(kind: u32, count: u64, at: usize, end: usize, malformed: u32): usize {
  const least = kind == ITEM_MAP ? <u64>(end - at) >> 1 : <u64>(end - at);
  if (count > least && count != INDEFINITE) return refuse(malformed);
  itemKind = kind;
  itemWord = count;
  return at;
}

/** A moment in whole seconds and nanoseconds after them. */
export function giveTime(seconds: i64, nanoseconds: u32): void {
  itemKind = ITEM_TIME;
  itemDouble = <f64>seconds + <f64>nanoseconds / 1e9;
  itemUs = max(min(seconds, SECONDS_MAX), -SECONDS_MAX) * 1000000 + <i64>(nanoseconds / 1000);
}

/** A moment in seconds, to the nearest microsecond: a double of today's seconds is not exact to one. */
export function giveTimeOfDouble(seconds: f64): void {
  itemKind = ITEM_TIME;
  itemDouble = seconds;
  const isNear = abs(seconds) <= <f64>SECONDS_MAX;
  itemUs = isNear ? <i64>nearest(seconds * 1e6) : seconds > 0 ? i64.MAX_VALUE : i64.MIN_VALUE;
}
