import { CODE_CBOR_MALFORMED, CODE_CBOR_UNSUPPORTED } from '../../abi/codes';
import { binaryToDouble } from '../double';
import { giveDecimal, giveDouble } from '../item';
import { setDecimal } from '../number';
import { refuse } from '../verdict';
import { ARRAY, BREAK, headArgument, headInfo, headType, INFO_INDEFINITE, NEGATIVE, readHead, TAG, UNSIGNED } from './head';

/** Exponents are cut to this: what they mean beyond is 0 or more than any double. */
const EXPONENT_MAX: u64 = 1000000;

let magnitude: u64 = 0;
let isNegative: bool = false;

/** Reads what a tag 4 or 5 stands for, an array of an exponent and a mantissa, of which a bignum is too long. RFC 8949 §3.4.4. */
export function readFraction(at: usize, end: usize, isDecimal: bool): usize {
  at = readHead(at, end);
  if (at == 0) return 0;
  const hasBreak = headInfo == INFO_INDEFINITE;
  if (headType != ARRAY || (!hasBreak && headArgument != 2)) return refuse(CODE_CBOR_MALFORMED);
  at = readWhole(at, end);
  if (at == 0) return 0;
  const exponent = <i32>min(magnitude, EXPONENT_MAX);
  const power = isNegative ? -exponent : exponent;
  at = readWhole(at, end);
  if (at == 0) return 0;
  if (isDecimal) {
    setDecimal(magnitude, power, isNegative);
    giveDecimal();
  } else {
    giveDouble(binaryToDouble(magnitude, power, isNegative));
  }
  if (!hasBreak) return at;
  return at < end && <u32>load<u8>(at) == BREAK ? at + 1 : refuse(CODE_CBOR_MALFORMED);
}

/** Reads a whole number of up to 64 bits into `magnitude` and `isNegative`. */
function readWhole(at: usize, end: usize): usize {
  at = readHead(at, end);
  if (at == 0) return 0;
  if (headType == TAG) return refuse(CODE_CBOR_UNSUPPORTED);
  if (headType != UNSIGNED && headType != NEGATIVE) return refuse(CODE_CBOR_MALFORMED);
  isNegative = headType == NEGATIVE;
  // -1 - n for the largest n has one bit more than fit.
  if (isNegative && headArgument == u64.MAX_VALUE) return refuse(CODE_CBOR_UNSUPPORTED);
  magnitude = headArgument + <u64>isNegative;
  return at;
}
