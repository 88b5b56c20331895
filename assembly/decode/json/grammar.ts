import { CODE_JSON_DEPTH_EXCEEDED, CODE_JSON_MALFORMED } from '../../abi/codes';
import { JSON_DEPTH_MAX } from '../../abi/limits';
import { readDecimal } from '../number';
import { readString } from '../text';
import { refuse } from '../verdict';

export const QUOTE: u32 = 0x22;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const OPEN_OBJECT: u32 = 0x7b;
export const CLOSE_OBJECT: u32 = 0x7d;
export const OPEN_ARRAY: u32 = 0x5b;
export const CLOSE_ARRAY: u32 = 0x5d;
export const LETTER_F: u32 = 0x66;
export const LETTER_N: u32 = 0x6e;
export const LETTER_T: u32 = 0x74;

const ALSE: u32 = 0x65736c61;
const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;

@inline
export function isSpace(byte: u32): bool {
  return byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

/** First position from `at` on that is `end` or no white space. */
@inline
export function skipSpace(at: usize, end: usize): usize {
  return <u32>load<u8>(at) > 0x20 ? at : skipSpaces(at, end);
}

function skipSpaces(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Whether a number starts with this byte. */
@inline
export function startsNumber(byte: u32): bool {
  return byte - 0x30 <= 9 || byte == 0x2d;
}

/** Reads `true`, `false` or `null`. */
export function readLiteral(at: usize, end: usize): usize {
  const word = load<u32>(at);
  if (at + 4 <= end && (word == TRUE || word == NULL)) return at + 4;
  if (at + 5 <= end && <u32>load<u8>(at) == LETTER_F && load<u32>(at, 1) == ALSE) return at + 5;
  return refuse(CODE_JSON_MALFORMED);
}

/** Reads a member's name, which readString leaves in textAt and textBytes, up to its value. */
function readName(at: usize, end: usize, scratch: usize): usize {
  if (at >= end || load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
  at = readString(at + 1, end, scratch);
  if (at == 0) return 0;
  at = skipSpace(at, end);
  if (at >= end || load<u8>(at) != COLON) return refuse(CODE_JSON_MALFORMED);
  return skipSpace(at + 1, end);
}

function readScalar(at: usize, end: usize, scratch: usize): usize {
  const byte: u32 = load<u8>(at);
  if (byte == QUOTE) return readString(at + 1, end, scratch);
  if (startsNumber(byte)) return readDecimal(at, end);
  return readLiteral(at, end);
}

/**
 * Reads a value of any kind that lies `depth` levels deep, only to see that it is well formed, and
 * answers the position after it. `scratch` is as in readString. RFC 8259 §3 to §7.
 */
export function skipValue(at: usize, end: usize, depth: u32, scratch: usize): usize {
  const outside = depth;
  let objects: u64 = 0; // A bit a level, the innermost lowest: whether it is an object or an array.
  while (true) {
    if (at >= end) return refuse(CODE_JSON_MALFORMED);
    const byte: u32 = load<u8>(at);
    if (byte == OPEN_OBJECT || byte == OPEN_ARRAY) {
      if (++depth > JSON_DEPTH_MAX) return refuse(CODE_JSON_DEPTH_EXCEEDED);
      const isObject = byte == OPEN_OBJECT;
      objects = (objects << 1) | <u64>isObject;
      at = skipSpace(at + 1, end);
      if (at >= end) return refuse(CODE_JSON_MALFORMED);
      if (<u32>load<u8>(at) != (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        if (isObject) at = readName(at, end, scratch);
        if (at == 0) return 0;
        continue;
      }
    } else {
      at = readScalar(at, end, scratch);
      if (at == 0) return 0;
    }
    // A value ended, or stands at its closing bracket: leave as many levels as end here.
    while (true) {
      if (depth == outside) return at;
      const inObject = (objects & 1) != 0;
      at = skipSpace(at, end);
      if (at >= end) return refuse(CODE_JSON_MALFORMED);
      const next: u32 = load<u8>(at);
      at++;
      if (next == COMMA) {
        at = skipSpace(at, end);
        if (inObject) at = readName(at, end, scratch);
        if (at == 0) return 0;
        break;
      }
      if (next != (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return refuse(CODE_JSON_MALFORMED);
      objects >>= 1;
      depth--;
    }
  }
}
