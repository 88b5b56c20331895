import { CODE_JSON_MALFORMED } from '../abi/codes';
import { refuse } from './verdict';

/**
 * The number that readDecimal read: (-1)^negative * word * 10^exponent. When `truncated`, the number has
 * digits that are not zero beyond the 19 that `word` holds, so it lies strictly between word and word + 1.
 */
export let decimalWord: u64 = 0;
export let decimalExponent: i32 = 0;
export let decimalNegative: bool = false;
export let decimalTruncated: bool = false;
/** Where its digits lie, point included, and the power of ten that was written after them. */
export let decimalDigitsAt: usize = 0;
export let decimalDigitsEnd: usize = 0;
export let decimalWrittenExponent: i32 = 0;

/** For a format that writes word and exponent as numbers: as if readDecimal had read (-1)^negative * word * 10^exponent. */
export function setDecimal(word: u64, exponent: i32, negative: bool): void {
  decimalWord = word;
  decimalExponent = exponent;
  decimalWrittenExponent = exponent;
  decimalNegative = negative;
  decimalTruncated = false;
}

const POINT: u32 = 0x2e;
const ZEROS: u64 = 0x3030303030303030;
/** Written exponents stop growing here: no payload has digits enough to bring such a number back. */
const WRITTEN_EXPONENT_MAX: i32 = 1000000;
/** As many decimal digits as always fit 64 bits. */
const WORD_DIGITS_MAX: u32 = 19;

// prettier-ignore
const TENS: usize = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
  1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
  100000000000000000, 1000000000000000000, 10000000000000000000,
]);

/** 10^power, for 0 <= power <= 19. */
@inline
export function tenTo(power: u32): u64 {
  return load<u64>(TENS + (power << 3));
}

/** How many of eight bytes, each a character xor '0', are digits before the first that is not. */
@inline
function leadingDigits(word: u64): u32 {
  // A byte above 9 sets its top bit; what it carries goes only into bytes after it.
  return <u32>(ctz<u64>(((word + 0x7676767676767676) | word) & 0x8080808080808080) >> 3);
}

/** A mark in each of eight bytes, each a character xor '0', that is no digit. */
@inline
function otherThanDigits(word: u64): u64 {
  return (((word & 0x7f7f7f7f7f7f7f7f) + 0x7676767676767676) | word) & 0x8080808080808080;
}

/** Eight digits, most significant in the lowest byte. Lemire, "Number Parsing at a Gigabyte per Second", §3. */
@inline
function eightDigits(word: u64): u64 {
  const pairs = word * 10 + (word >> 8);
  const high = (pairs & 0x000000ff000000ff) * 0x000f424000000064;
  const low = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
  return (high + low) >> 32;
}

/** The same as readDecimal, sooner for short numbers with a point. */
@inline
export function readShortDecimal(at: usize, end: usize): usize {
  const negative = load<u8>(at) == 0x2d;
  const first = at + <usize>negative;
  const chunk = load<u64>(first) ^ ZEROS;
  const others = otherThanDigits(chunk);
  const point = <u32>(ctz<u64>(others) >> 3);
  const stop = <u32>(ctz<u64>(others & (others - 1)) >> 3);
  // In a reading such as 21.53, point and end lie within one word, and the digits around the point are moved together.
  if (others != 0 && stop < 8 && stop > point + 1 && point > 0) {
    const between = <u32>(chunk >> <u64>(point << 3)) & 0xff;
    const behind = (<u32>(chunk >> <u64>(stop << 3)) & 0xff) ^ 0x30;
    const hasZeros = (<u32>chunk & 0xff) == 0 && point > 1;
    if (between == (POINT ^ 0x30) && (behind | 0x20) != 0x65 && !hasZeros && first + stop < end) {
      const whole = chunk & ((<u64>1 << <u64>(point << 3)) - 1);
      const fraction = chunk & (<u64>-256 << <u64>(point << 3));
      decimalNegative = negative;
      decimalWord = eightDigits(((whole << 8) | fraction) << <u64>(64 - (stop << 3)));
      decimalExponent = <i32>(point + 1) - <i32>stop;
      decimalTruncated = false;
      return first + stop;
    }
  }
  return readDecimal(at, end);
}

/** The same as readDecimal, sooner for whole numbers of up to fifteen digits. */
@inline
export function readWholeDecimal(at: usize, end: usize): usize {
  const chunk = load<u64>(at) ^ ZEROS;
  let digits = leadingDigits(chunk);
  if (digits == 0 || ((<u32>chunk & 0xff) == 0 && digits > 1)) return readDecimal(at, end);
  let value: u64;
  if (digits < 8) {
    value = eightDigits(chunk << <u64>(64 - (digits << 3)));
  } else {
    const next = load<u64>(at, 8) ^ ZEROS;
    const rest = leadingDigits(next);
    if (rest == 8) return readDecimal(at, end);
    // No digit at all is a shift by all bits, which takes two steps.
    value = eightDigits(chunk) * tenTo(rest) + eightDigits((next << <u64>(56 - (rest << 3))) << 8);
    digits += rest;
  }
  const behind: u32 = load<u8>(at + digits);
  if (behind == POINT || (behind | 0x20) == 0x65 || at + digits >= end) return readDecimal(at, end);
  decimalNegative = false;
  decimalWord = value;
  decimalExponent = 0;
  decimalTruncated = false;
  return at + digits;
}

/** Reads a number and answers the position after it, always before `end`. RFC 8259 §6. */
export function readDecimal(at: usize, end: usize): usize {
  const negative = load<u8>(at) == 0x2d;
  if (negative) at++;
  const digitsAt = at;
  let value: u64 = 0;
  let chunk = load<u64>(at) ^ ZEROS;
  let digits = leadingDigits(chunk);
  // No digit at all, or a zero with more digits after it.
  if (digits == 0 || ((<u32>chunk & 0xff) == 0 && digits > 1)) return refuse(CODE_JSON_MALFORMED);
  while (digits == 8) {
    value = value * 100000000 + eightDigits(chunk);
    at += 8;
    if (at >= end) return refuse(CODE_JSON_MALFORMED);
    chunk = load<u64>(at) ^ ZEROS;
    digits = leadingDigits(chunk);
  }
  if (digits != 0) value = value * tenTo(digits) + eightDigits(chunk << (64 - (digits << 3)));
  at += digits;
  let count = <u32>(at - digitsAt);
  let fraction: u32 = 0;
  if (load<u8>(at) == POINT) {
    const fractionAt = ++at;
    chunk = load<u64>(at) ^ ZEROS;
    digits = leadingDigits(chunk);
    if (digits == 0) return refuse(CODE_JSON_MALFORMED);
    while (digits == 8) {
      value = value * 100000000 + eightDigits(chunk);
      at += 8;
      if (at >= end) return refuse(CODE_JSON_MALFORMED);
      chunk = load<u64>(at) ^ ZEROS;
      digits = leadingDigits(chunk);
    }
    if (digits != 0) value = value * tenTo(digits) + eightDigits(chunk << (64 - (digits << 3)));
    at += digits;
    fraction = <u32>(at - fractionAt);
    count += fraction;
  }
  decimalNegative = negative;
  decimalDigitsAt = digitsAt;
  decimalDigitsEnd = at;
  decimalWrittenExponent = 0;
  if ((load<u8>(at) | 0x20) == 0x65) {
    at = readExponent(at + 1, end);
    if (at == 0) return 0;
  }
  if (at >= end) return refuse(CODE_JSON_MALFORMED);
  decimalWord = value;
  decimalExponent = decimalWrittenExponent - <i32>fraction;
  decimalTruncated = false;
  if (count > WORD_DIGITS_MAX) readLongWord();
  return at;
}

function readExponent(at: usize, end: usize): usize {
  const sign: u32 = load<u8>(at);
  if (sign == 0x2b || sign == 0x2d) at++;
  let power = 0;
  const first = at;
  while (at < end) {
    const digit: u32 = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    if (power < WRITTEN_EXPONENT_MAX) power = power * 10 + digit;
    at++;
  }
  if (at == first) return refuse(CODE_JSON_MALFORMED);
  decimalWrittenExponent = sign == 0x2d ? -power : power;
  return at;
}

/** Reads the digits again where `word` ran over: the first 19 that count, and whether more follow. */
function readLongWord(): void {
  let value: u64 = 0;
  let taken: u32 = 0;
  let exponent = decimalWrittenExponent;
  let afterPoint = 0;
  let more = false;
  for (let at = decimalDigitsAt; at < decimalDigitsEnd; at++) {
    const digit: u32 = <u32>load<u8>(at) - 0x30;
    if (digit > 9) {
      afterPoint = 1;
      continue;
    }
    if (taken == WORD_DIGITS_MAX) {
      if (digit != 0) more = true;
      exponent += 1 - afterPoint;
      continue;
    }
    value = value * 10 + digit;
    if (value != 0) taken++;
    exponent -= afterPoint;
  }
  decimalWord = value;
  decimalExponent = exponent;
  decimalTruncated = more;
}
