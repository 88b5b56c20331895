import { CODE_CBOR_MALFORMED, CODE_CBOR_UNSUPPORTED, CODE_METRIC_VALUE_INVALID, CODE_RECORDS_UNSUPPORTED } from '../../abi/codes';
import {
  giveBoolean,
  giveDouble,
  giveItems,
  giveNull,
  giveOpaque,
  giveTime,
  giveTimeOfDouble,
  giveWhole,
  INDEFINITE,
  ITEM_ARRAY,
  ITEM_DOUBLE,
  ITEM_MAP,
  ITEM_WHOLE,
  itemDouble,
  itemKind,
  itemNegative,
  itemWord,
} from '../item';
import { refuse } from '../verdict';
import { readFraction } from './fraction';
import { ARRAY, BYTES, headArgument, headInfo, headType, INFO_INDEFINITE, MAP, NEGATIVE, readHead, SIMPLE, TAG, TEXT, UNSIGNED } from './head';
import { readBytes, readText } from './text';

// What the low bits of a first byte of type SIMPLE say. RFC 8949 §3.3.
const FALSE: u32 = 20;
const TRUE: u32 = 21;
const NULL: u32 = 22;
const UNDEFINED: u32 = 23;
const SIMPLE_BYTE: u32 = 24;
const HALF: u32 = 25;
const SINGLE: u32 = 26;
const DOUBLE: u32 = 27;
/** A simple value below this is not written in a byte of its own. */
const SIMPLE_BYTE_MIN: u64 = 32;

// Tags that change what their content means; of any other, the content is read as it is. RFC 8949 §3.4.
const TAG_EPOCH: u64 = 1;
const TAG_BIGNUM: u64 = 2;
const TAG_BIGNUM_NEGATIVE: u64 = 3;
const TAG_DECIMAL: u64 = 4;
const TAG_BIGFLOAT: u64 = 5;
// Places in a table of earlier texts or values, which stand where the text or value would. IANA, "CBOR Tags".
const TAG_TEXT_REFERENCE: u64 = 25;
const TAG_SHARED_REFERENCE: u64 = 29;
/** Records as cbor-x defines them: the names of their members come once, in another payload. */
const TAG_RECORDS: u64 = 57343;

/**
 * Reads an item with its tags into item.ts. Answers the position after it, which for an array or a map is that of its first item.
 * A break is no item. RFC 8949 §3.
 */
export function readCbor(at: usize, end: usize): usize {
  at = readHead(at, end);
  if (at == 0) return 0;
  if (headType == UNSIGNED) giveWhole(headArgument, false);
  else if (headType == SIMPLE) return readSimple(at);
  else if (headType == TEXT) return readText(at, end);
  else if (headType == NEGATIVE) giveNegative();
  else if (headType == MAP || headType == ARRAY) return readItems(at, end);
  else if (headType == BYTES) return readBytes(at, end, CODE_METRIC_VALUE_INVALID);
  else return readTagged(at, end);
  return at;
}

/** -1 - n, whose magnitude fits 64 bits but for the largest n. */
@inline
function giveNegative(): void {
  if (headArgument == u64.MAX_VALUE) giveDouble(-18446744073709551616.0);
  else giveWhole(headArgument + 1, true);
}

@inline
function readItems(at: usize, end: usize): usize {
  const count = headInfo == INFO_INDEFINITE ? INDEFINITE : headArgument;
  return giveItems(headType == MAP ? ITEM_MAP : ITEM_ARRAY, count, at, end, CODE_CBOR_MALFORMED);
}

/** A number, or one of the values that have names. `at` is after its head. */
@inline
function readSimple(at: usize): usize {
  if (headInfo == DOUBLE) giveDouble(reinterpret<f64>(headArgument));
  else if (headInfo == SINGLE) giveDouble(<f64>reinterpret<f32>(<u32>headArgument));
  else if (headInfo == HALF) giveDouble(halfToDouble(<u32>headArgument));
  else if (headInfo == FALSE || headInfo == TRUE) giveBoolean(headInfo == TRUE);
  else if (headInfo == NULL || headInfo == UNDEFINED) giveNull();
  else if (headInfo == INFO_INDEFINITE) return refuse(CODE_CBOR_MALFORMED);
  else if (headInfo == SIMPLE_BYTE && headArgument < SIMPLE_BYTE_MIN) return refuse(CODE_CBOR_MALFORMED);
  else giveOpaque(CODE_METRIC_VALUE_INVALID);
  return at;
}

/** RFC 8949 §3.3 and appendix D. */
function halfToDouble(half: u32): f64 {
  const isFinite = (half & 0x7c00) != 0x7c00;
  // As a single, its exponent is too low by 112, subnormal or not.
  const scaled = <f64>reinterpret<f32>((half & 0x7fff) << 13) * 5192296858534827628530496329220096.0;
  const magnitude = isFinite ? scaled : (half & 0x3ff) == 0 ? Infinity : NaN;
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

/** `at` is after the head of a tag. Tags may lie in one another. */
function readTagged(at: usize, end: usize): usize {
  let isEpoch = false;
  while (headType == TAG) {
    const tag = headArgument;
    if (tag == TAG_DECIMAL || tag == TAG_BIGFLOAT) return readFraction(at, end, tag == TAG_DECIMAL);
    if (tag == TAG_BIGNUM || tag == TAG_BIGNUM_NEGATIVE) return readBignum(at, end);
    if (tag == TAG_TEXT_REFERENCE || tag == TAG_SHARED_REFERENCE) return refuse(CODE_CBOR_UNSUPPORTED);
    if (tag == TAG_RECORDS) return refuse(CODE_RECORDS_UNSUPPORTED);
    if (tag == TAG_EPOCH) isEpoch = true;
    const next = readHead(at, end);
    if (next == 0) return 0;
    if (headType != TAG) break;
    at = next;
  }
  at = readCbor(at, end);
  if (at != 0 && isEpoch) giveEpoch();
  return at;
}

/** RFC 8949 §3.4.3. */
function readBignum(at: usize, end: usize): usize {
  at = readHead(at, end);
  if (at == 0) return 0;
  return headType == BYTES ? readBytes(at, end, CODE_CBOR_UNSUPPORTED) : refuse(CODE_CBOR_MALFORMED);
}

/** The number that was read is seconds of the Unix epoch. RFC 8949 §3.4.2. */
function giveEpoch(): void {
  if (itemKind == ITEM_DOUBLE) {
    giveTimeOfDouble(itemDouble);
  } else if (itemKind == ITEM_WHOLE) {
    if (itemWord > <u64>i64.MAX_VALUE) giveTimeOfDouble(itemNegative ? -<f64>itemWord : <f64>itemWord);
    else giveTime(itemNegative ? -<i64>itemWord : <i64>itemWord, 0);
  }
}
