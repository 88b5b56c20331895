import {
  CODE_JSON_BYTE_ORDER_MARK,
  CODE_JSON_MALFORMED,
  CODE_JSON_NUL_AT_END,
  CODE_METRICS_MISSING,
  CODE_PAYLOAD_EMPTY,
} from '../../abi/codes';
import { OPEN_ARRAY, OPEN_OBJECT, isSpace, skipSpace, skipValue, startsNumber } from './grammar';
import { readDecimal } from '../number';
import { refuse } from '../verdict';

// Why a payload is refused that is no object of JSON. All of this comes after a payload was refused, so it may take its time.

/** UTF-8 of U+FEFF, little-endian. */
const BYTE_ORDER_MARK: u32 = 0xbfbbef;
const BYTE_ORDER_MARK_BYTES: u32 = 3;
const SPACE: u8 = 0x20;

/** Refuses the payload from `at`, its first byte that is no white space, to `end`, which is no object. RFC 8259 §2. */
export function refuseOtherShape(at: usize, end: usize, scratch: usize): usize {
  if (at >= end) return refuse(CODE_PAYLOAD_EMPTY);
  const first: u32 = load<u8>(at);
  if (startsNumber(first)) return refuseNumber(at, <u32>(end - at), scratch);
  const after = skipValue(at, end, 0, scratch);
  if (after == 0) return 0;
  if (after != end) return refuse(CODE_JSON_MALFORMED);
  return refuse(CODE_METRICS_MISSING);
}

/** A number ends where something else follows it, and after a payload the next message may begin with a digit. */
function refuseNumber(at: usize, bytes: u32, scratch: usize): usize {
  memory.copy(scratch, at, bytes);
  store<u8>(scratch + bytes, SPACE);
  const after = readDecimal(scratch, scratch + bytes + 1);
  if (after == 0) return 0;
  return refuse(after == scratch + bytes ? CODE_METRICS_MISSING : CODE_JSON_MALFORMED);
}

/** The code of a payload that is no JSON: that of one byte, if it would be JSON without this byte at its start or its end. */
export function codeOfMalformed(at: usize, end: usize, scratch: usize): u32 {
  if (at == end) return CODE_JSON_MALFORMED;
  let last = end;
  while (last > at && load<u8>(last - 1) == 0) last--;
  const hasMark = last >= at + BYTE_ORDER_MARK_BYTES && (load<u32>(at) & 0xffffff) == BYTE_ORDER_MARK;
  if (!hasMark && last == end) return CODE_JSON_MALFORMED;
  if (!isWhole(hasMark ? at + BYTE_ORDER_MARK_BYTES : at, last, scratch)) return CODE_JSON_MALFORMED;
  return hasMark ? CODE_JSON_BYTE_ORDER_MARK : CODE_JSON_NUL_AT_END;
}

/** Whether these bytes are one object or one array, with white space around it. */
function isWhole(at: usize, end: usize, scratch: usize): bool {
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  at = skipSpace(at, end);
  if (at >= end) return false;
  const first: u32 = load<u8>(at);
  return (first == OPEN_OBJECT || first == OPEN_ARRAY) && skipValue(at, end, 0, scratch) == end;
}
