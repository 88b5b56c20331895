import { DECODED_OFFSET } from '../abi/pipeline';
import { decimalDigitsAt, decimalDigitsEnd, decimalWrittenExponent } from './number';

// Non-negative big integers: a u32 count of limbs, then u32 limbs, least significant first. The largest
// here has 800 decimal digits, 2,658 bits, and is shifted by less than 1,200 bits more.
const LIMBS_MAX: u32 = 255;
const DECIMAL: usize = DECODED_OFFSET + 32 * 1024;
const MIDPOINT: usize = DECIMAL + 1024;
/** No midpoint of two doubles has more digits, so what comes after them only says "a little more". */
const DIGITS_MAX: u32 = 800;
/** The largest power of five, and of ten, in a limb. */
const FIVE_TO_13: u32 = 1220703125;
const TEN_TO_9: u32 = 1000000000;

/** Power of ten of the last digit that went into DECIMAL, and whether digits other than zero were left out. */
let digitsExponent: i32 = 0;
let digitsLeftOut: bool = false;

/**
 * Whether the number that readDecimal read rounds to the double after `bits` rather than to `bits`, by
 * an exact comparison with their midpoint; a tie goes to the even one.
 */
export function isAboveMidpoint(bits: u64): bool {
  const exponentBits = <i32>(bits >> 52);
  const mantissa = (bits & 0xfffffffffffff) | (exponentBits == 0 ? 0 : 0x10000000000000);
  // Half a unit in the last place is one power of two below: midpoint = (2 * mantissa + 1) * 2^power.
  const power = (exponentBits == 0 ? 1 : exponentBits) - 1023 - 52 - 1;
  const order = compareDigits(mantissa * 2 + 1, power);
  if (order != 0) return order > 0;
  return digitsLeftOut || (mantissa & 1) == 1;
}

/** Whether the number that readDecimal read, which is a whole one, is the double `bits` itself. */
export function isExactly(bits: u64): bool {
  const mantissa = (bits & 0xfffffffffffff) | 0x10000000000000;
  return compareDigits(mantissa, <i32>(bits >> 52) - 1023 - 52) == 0 && !digitsLeftOut;
}

/** Negative, 0 or positive as the digits of the number, or as many of them as count, are less than word * 2^power, as much or more. */
function compareDigits(word: u64, power: i32): i32 {
  readDigits();
  store<u32>(MIDPOINT, 2);
  store<u64>(MIDPOINT, word, 4);
  trim(MIDPOINT);
  // decimal * 10^e against midpoint * 2^p: bring both to integers by moving negative powers across.
  const shift = digitsExponent - power;
  if (digitsExponent >= 0) multiplyByFives(DECIMAL, digitsExponent);
  else multiplyByFives(MIDPOINT, -digitsExponent);
  if (shift >= 0) shiftLeft(DECIMAL, shift);
  else shiftLeft(MIDPOINT, -shift);
  return compare(DECIMAL, MIDPOINT);
}

/** Lays the digits, at most DIGITS_MAX that count, into DECIMAL. */
function readDigits(): void {
  store<u32>(DECIMAL, 0);
  digitsExponent = decimalWrittenExponent;
  digitsLeftOut = false;
  let taken: u32 = 0;
  let afterPoint = 0;
  let chunk: u32 = 0;
  let scale: u32 = 1;
  for (let at = decimalDigitsAt; at < decimalDigitsEnd; at++) {
    const digit: u32 = <u32>load<u8>(at) - 0x30;
    if (digit > 9) {
      afterPoint = 1;
      continue;
    }
    if (taken == DIGITS_MAX) {
      if (digit != 0) digitsLeftOut = true;
      digitsExponent += 1 - afterPoint;
      continue;
    }
    if (taken != 0 || digit != 0) taken++;
    digitsExponent -= afterPoint;
    chunk = chunk * 10 + digit;
    scale *= 10;
    if (scale == TEN_TO_9) {
      multiplyAdd(DECIMAL, TEN_TO_9, chunk);
      chunk = 0;
      scale = 1;
    }
  }
  multiplyAdd(DECIMAL, scale, chunk);
}

/** number = number * factor + addend. */
function multiplyAdd(number: usize, factor: u32, addend: u32): void {
  const limbs = load<u32>(number);
  let carry: u64 = addend;
  let at = number + 4;
  const end = at + (limbs << 2);
  while (at < end) {
    carry += <u64>load<u32>(at) * factor;
    store<u32>(at, <u32>carry);
    carry >>= 32;
    at += 4;
  }
  if (carry != 0) {
    assert(limbs < LIMBS_MAX);
    store<u32>(at, <u32>carry);
    store<u32>(number, limbs + 1);
  }
}

function multiplyByFives(number: usize, power: i32): void {
  while (power >= 13) {
    multiplyAdd(number, FIVE_TO_13, 0);
    power -= 13;
  }
  let rest: u32 = 1;
  while (power-- > 0) rest *= 5;
  multiplyAdd(number, rest, 0);
}

function shiftLeft(number: usize, bits: u32): void {
  const part = bits & 31;
  if (part != 0) multiplyAdd(number, 1 << part, 0);
  const whole = bits >> 5;
  const limbs = load<u32>(number);
  if (whole == 0 || limbs == 0) return;
  assert(limbs + whole <= LIMBS_MAX);
  memory.copy(number + 4 + (whole << 2), number + 4, limbs << 2);
  memory.fill(number + 4, 0, whole << 2);
  store<u32>(number, limbs + whole);
}

/** Drops leading limbs that are zero: the count must tell the size. */
function trim(number: usize): void {
  let limbs = load<u32>(number);
  while (limbs > 0 && load<u32>(number + (limbs << 2)) == 0) limbs--;
  store<u32>(number, limbs);
}

/** Negative, 0 or positive as a < b, a = b or a > b. */
function compare(a: usize, b: usize): i32 {
  const limbs = load<u32>(a);
  if (limbs != load<u32>(b)) return limbs < load<u32>(b) ? -1 : 1;
  for (let i = limbs; i > 0; i--) {
    const left = load<u32>(a + (i << 2));
    const right = load<u32>(b + (i << 2));
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}
