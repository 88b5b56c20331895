import { POWERS_MAX, POWERS_MIN, POWERS_OFFSET } from '../abi/pipeline';
import { isAboveMidpoint, isExactly } from './midpoint';
import {
  decimalDigitsAt,
  decimalDigitsEnd,
  decimalExponent,
  decimalNegative,
  decimalTruncated,
  decimalWord,
  decimalWrittenExponent,
} from './number';

const INFINITY_BITS: u64 = 0x7ff0000000000000;
const MANTISSA_BITS: i32 = 52;
const HALF_BITS: u64 = 0x8000000000000000;
const POINT: u32 = 0x2e;
/** Powers of five for which a product can fall exactly between two doubles. Lemire, §8. */
const TIE_POWER_MIN: i32 = -4;
const TIE_POWER_MAX: i32 = 23;

// prettier-ignore
const EXACT_TENS: usize = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22,
]);

/** The double nearest to the number that readDecimal read, ties to even; an infinity if none is near enough. */
@inline
export function decimalToDouble(): f64 {
  const word = decimalWord;
  const exponent = decimalExponent;
  // Both operands are exact, so the one operation rounds once. Clinger, "How to Read Floating Point Numbers Accurately".
  if (word <= 0x20000000000000 && exponent <= 0 && exponent >= -22 && !decimalTruncated) {
    const value = <f64>word / load<f64>(EXACT_TENS + (<u32>-exponent << 3));
    return decimalNegative ? -value : value;
  }
  return roundDecimal();
}

/** Whole numbers, written digit by digit, that were stored as the double next to them, since clearRounded. */
export let roundedNumbers: u32 = 0;

@inline
export function clearRounded(): void {
  roundedNumbers = 0;
}

/** The double nearest to a whole number of which a format says that it is one. */
@inline
export function wholeToDouble(magnitude: u64, negative: bool): f64 {
  const value = <f64>magnitude;
  if (magnitude > 0x20000000000000 && <i32>(64 - clz<u64>(magnitude) - ctz<u64>(magnitude)) > MANTISSA_BITS + 1) roundedNumbers++;
  return negative ? -value : value;
}

/** The double nearest to magnitude * 2^power, ties to even; an infinity if none is near enough. */
export function binaryToDouble(magnitude: u64, power: i32, negative: bool): f64 {
  if (magnitude == 0) return 0;
  const leading = <i32>clz<u64>(magnitude);
  // The number is 1.… * 2^exponent: `normal` holds its digits, the first of them on top.
  const normal = magnitude << leading;
  const exponent = power + 63 - leading;
  let bits: u64 = INFINITY_BITS;
  if (exponent < -1075) {
    bits = 0;
  } else if (exponent <= 1023) {
    // A subnormal number has fewer digits. Rounding up may carry into the exponent, and as far as infinity.
    const isSubnormal = exponent < -1022;
    const cut: i32 = isSubnormal ? 63 - MANTISSA_BITS - 1022 - exponent : 63 - MANTISSA_BITS;
    const kept = cut < 64 ? normal >> <u64>cut : 0;
    const rest = normal << <u64>(64 - cut);
    const isUp = rest > HALF_BITS || (rest == HALF_BITS && (kept & 1) == 1);
    bits = (isSubnormal ? 0 : <u64>(exponent + 1022) << MANTISSA_BITS) + kept + <u64>isUp;
  }
  if (negative) bits |= 0x8000000000000000;
  return reinterpret<f64>(bits);
}

function roundDecimal(): f64 {
  let bits = nearestBits(decimalWord, decimalExponent);
  if (decimalTruncated && bits != nearestBits(decimalWord + 1, decimalExponent)) {
    // The number lies between neighbours a and b; rounding is by where it lies to their midpoint.
    if (isAboveMidpoint(bits)) bits++;
  }
  if (isRounded(bits)) roundedNumbers++;
  if (decimalNegative) bits |= 0x8000000000000000;
  return reinterpret<f64>(bits);
}

/** Whether the number is a whole one, without an exponent, that no double is. One with a point or an exponent is a measurement. */
function isRounded(bits: u64): bool {
  if (decimalExponent < 0 || decimalWrittenExponent != 0 || bits == INFINITY_BITS) return false;
  if (decimalExponent == 0 && !decimalTruncated) return <u64>reinterpret<f64>(bits) != decimalWord;
  for (let at = decimalDigitsAt; at < decimalDigitsEnd; at++) {
    if (<u32>load<u8>(at) == POINT) return false;
  }
  return !isExactly(bits);
}

let productHigh: u64 = 0;
let productLow: u64 = 0;

/** The 128-bit product of two words. */
function multiply(a: u64, b: u64): void {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const cross = aLow * bHigh + (middle & 0xffffffff);
  productHigh = aHigh * bHigh + (middle >> 32) + (cross >> 32);
  productLow = (cross << 32) | (low & 0xffffffff);
}

/**
 * Bits of the double nearest to word * 10^power, ties to even. Lemire, "Number Parsing at a Gigabyte per
 * Second" (2021), algorithm 1; that no fallback is needed: Mushtak and Lemire, "Fast Number Parsing
 * Without Fallback" (2023).
 */
function nearestBits(word: u64, power: i32): u64 {
  if (word == 0 || power < POWERS_MIN) return 0;
  if (power > POWERS_MAX) return INFINITY_BITS;
  const leading = <i32>clz<u64>(word);
  const normal = word << leading;
  const entry: usize = POWERS_OFFSET + (<u32>(power - POWERS_MIN) << 4);
  multiply(normal, load<u64>(entry, 8));
  let high = productHigh;
  let low = productLow;
  // The low half of the power matters only when all bits below the rounding bit are ones.
  if ((high & 0x1ff) == 0x1ff) {
    multiply(normal, load<u64>(entry));
    low += productHigh;
    if (low < productHigh) high++;
  }
  const upper = <i32>(high >> 63);
  const shift: u64 = upper + 64 - MANTISSA_BITS - 3;
  let mantissa = high >> shift;
  // 217706 / 65536 approximates log2(10): the binary exponent, biased.
  let exponent = ((217706 * power) >> 16) + 63 + upper - leading + 1023;
  if (exponent <= 0) return subnormalBits(mantissa, exponent);
  const couldTie = low <= 1 && power >= TIE_POWER_MIN && power <= TIE_POWER_MAX && (mantissa & 3) == 1;
  if (couldTie && mantissa << shift == high) mantissa &= ~1;
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >= <u64>2 << MANTISSA_BITS) {
    mantissa = <u64>1 << MANTISSA_BITS;
    exponent++;
  }
  if (exponent >= 0x7ff) return INFINITY_BITS;
  return (<u64>exponent << MANTISSA_BITS) | (mantissa & (((<u64>1) << MANTISSA_BITS) - 1));
}

/** A mantissa that rounds up to 2^52 carries into the exponent and is the smallest normal number. */
function subnormalBits(mantissa: u64, exponent: i32): u64 {
  if (1 - exponent >= 64) return 0;
  mantissa >>= 1 - exponent;
  return (mantissa + (mantissa & 1)) >> 1;
}
