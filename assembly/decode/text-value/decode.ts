import { CODE_METRIC_DUPLICATE, CODE_NONE, CODE_PAYLOAD_OVERSIZE, CODE_TEXT_UTF8_MALFORMED } from '../../abi/codes';
import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { wellFormed } from '../../utf8';
import { prefixAt, prefixBytes, valueNameAt, valueNameBytes } from '../context';
import { decimalToDouble } from '../double';
import { readDecimal } from '../number';
import { beginPath, enterMember, resolvePath } from '../path';
import { beginSamples, endSamples, giveUp, putNull, putNumber, putText, skipReading, textRoom } from '../sink';
import { failure, reach, refuse } from '../verdict';

// A value that is the whole payload, as its device writes it into a topic of its own: a number, a boolean word or a text.

const PLUS: u32 = 0x2b;
const SPACE: u32 = 0x20;
/** Continues no number. */
const END: u8 = 0x7d;

const LOWER: u32 = 0x20202020;
const ON: u32 = 0x6e6f;
const OFF: u32 = 0x66666f;
const TRUE: u32 = 0x65757274;
const ALSE: u32 = 0x65736c61;
const NAN: u32 = 0x6e616e;
const LETTER_F: u32 = 0x66;

/** Decodes one payload into the sink; answers CODE_NONE or why it is refused. */
export function decodeTextValue(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginSamples(receiveUs);
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  let end = at + bytes;
  while (end > at && isBlank(load<u8>(end - 1))) end--;
  while (at < end && isBlank(load<u8>(at))) at++;
  reach(at);
  if (!wellFormed(at, end)) {
    refuse(CODE_TEXT_UTF8_MALFORMED);
    return giveUp();
  }
  if (!readValue(at, <u32>(end - at))) return giveUp();
  return endSamples(true) ? CODE_NONE : giveUp();
}

/** White space, or the NUL that firmware in C sends along. */
@inline
function isBlank(byte: u32): bool {
  return byte <= SPACE;
}

/** Nothing, as a removed retained message has it, and the `nan` of a sensor without a value are no readings. */
function readValue(at: usize, bytes: u32): bool {
  const word = lowered(at, bytes);
  if (bytes == 0 || (bytes == 3 && word == NAN)) {
    putNull();
    return true;
  }
  beginPath(prefixAt, prefixBytes);
  enterMember(valueNameAt, valueNameBytes, true);
  const metric = resolvePath();
  if (metric == 0) {
    if (failure == CODE_METRIC_DUPLICATE) return false;
    skipReading();
    return true;
  }
  let isKept: bool;
  if ((bytes == 2 && word == ON) || (bytes == 4 && word == TRUE)) isKept = putNumber(metric, 1);
  else if ((bytes == 3 && word == OFF) || isFalse(at, bytes)) isKept = putNumber(metric, 0);
  else if (readNumber(at, bytes)) isKept = putNumber(metric, decimalToDouble());
  else isKept = putText(metric, at, bytes, false);
  if (!isKept) skipReading();
  return true;
}

/** The first four bytes in lower case, those that there are. */
@inline
function lowered(at: usize, bytes: u32): u32 {
  const word = load<u32>(at) | LOWER;
  return bytes >= 4 ? word : word & ((1 << (bytes * 8)) - 1);
}

@inline
function isFalse(at: usize, bytes: u32): bool {
  return bytes == 5 && (<u32>load<u8>(at) | 0x20) == LETTER_F && (load<u32>(at, 1) | LOWER) == ALSE;
}

/** A number, copied before a byte that ends it. printf of a device may give it a plus sign. */
function readNumber(at: usize, bytes: u32): bool {
  if (<u32>load<u8>(at) == PLUS) {
    at++;
    bytes--;
  }
  if (bytes == 0 || <u32>load<u8>(at) == PLUS) return false;
  memory.copy(textRoom, at, bytes);
  store<u8>(textRoom + bytes, END);
  return readDecimal(textRoom, textRoom + bytes + 1) == textRoom + bytes;
}
