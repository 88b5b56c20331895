import { CODE_METRIC_VALUE_INVALID, CODE_MSGPACK_MALFORMED, CODE_RECORDS_UNSUPPORTED, CODE_TEXT_UTF8_MALFORMED } from '../../abi/codes';
import { isPlainAscii, isUtf8 } from '../../utf8';
import { giveBoolean, giveDouble, giveItems, giveNull, giveOpaque, giveText, giveTime, giveWhole, ITEM_ARRAY, ITEM_MAP } from '../item';
import { refuse } from '../verdict';

// First bytes. MessagePack specification, "Formats".
const FIXMAP: u32 = 0x80;
const FIXARRAY: u32 = 0x90;
const FIXSTR: u32 = 0xa0;
const NIL: u32 = 0xc0;
const NEVER_USED: u32 = 0xc1;
const FALSE: u32 = 0xc2;
const TRUE: u32 = 0xc3;
const BIN8: u32 = 0xc4;
const EXT8: u32 = 0xc7;
const FLOAT32: u32 = 0xca;
const FLOAT64: u32 = 0xcb;
const UINT8: u32 = 0xcc;
const INT8: u32 = 0xd0;
const FIXEXT1: u32 = 0xd4;
const STR8: u32 = 0xd9;
const ARRAY16: u32 = 0xdc;
const MAP16: u32 = 0xde;
const NEGATIVE_FIXINT: u32 = 0xe0;

// Types of extensions.
const TIMESTAMP: i32 = -1;
/** What msgpackr writes for undefined: one byte 0. */
const UNDEFINED: i32 = 0;
/** The record definitions of msgpackr. */
const RECORDS: i32 = 0x72;
const NANOSECONDS_END: u32 = 1000000000;

/** Reads an item into item.ts. Answers the position after it, which for an array or a map is that of its first item. */
export function readMsgpack(at: usize, end: usize): usize {
  if (at >= end) return refuse(CODE_MSGPACK_MALFORMED);
  const first: u32 = load<u8>(at);
  at++;
  if (first < FIXMAP) giveWhole(first, false);
  else if (first >= NEGATIVE_FIXINT) giveWhole(256 - first, true);
  else if (first < FIXARRAY) return giveItems(ITEM_MAP, first & 0x0f, at, end, CODE_MSGPACK_MALFORMED);
  else if (first < FIXSTR) return giveItems(ITEM_ARRAY, first & 0x0f, at, end, CODE_MSGPACK_MALFORMED);
  else if (first < NIL) return readText(at, first & 0x1f, end);
  else return readSized(first, at, end);
  return at;
}

/** The unsigned number of 1, 2, 4 or 8 bytes that readArgument read. */
let argument: u64 = 0;

/** Reads a big-endian number of 2^power bytes. */
@inline
function readArgument(power: u32, at: usize, end: usize): usize {
  const bytes: usize = 1 << power;
  if (at > end || bytes > end - at) return refuse(CODE_MSGPACK_MALFORMED);
  argument = bswap<u64>(load<u64>(at)) >> (64 - (<u64>bytes << 3));
  return at + bytes;
}

/** Reads an item of which the first byte tells how many bytes its number or length takes. */
function readSized(first: u32, at: usize, end: usize): usize {
  if (first == FLOAT64 || first == FLOAT32) {
    at = readArgument(first - FLOAT32 + 2, at, end);
    if (at != 0) giveDouble(first == FLOAT64 ? reinterpret<f64>(argument) : <f64>reinterpret<f32>(<u32>argument));
    return at;
  }
  if (first < BIN8) return giveNamed(first) ? at : refuse(CODE_MSGPACK_MALFORMED);
  if (first < EXT8) return readBin(readArgument(first - BIN8, at, end), end);
  if (first < FLOAT32) {
    at = readArgument(first - EXT8, at, end);
    return at == 0 ? 0 : readExtension(at, argument, end);
  }
  if (first < INT8) {
    at = readArgument(first - UINT8, at, end);
    if (at != 0) giveWhole(argument, false);
    return at;
  }
  if (first < FIXEXT1) {
    const power = first - INT8;
    at = readArgument(power, at, end);
    if (at != 0) giveSigned(power);
    return at;
  }
  if (first < STR8) return readExtension(at, 1 << (first - FIXEXT1), end);
  if (first < ARRAY16) {
    at = readArgument(first - STR8, at, end);
    return at == 0 ? 0 : readText(at, argument, end);
  }
  const isMap = first >= MAP16;
  at = readArgument(first - (isMap ? MAP16 : ARRAY16) + 1, at, end);
  return at == 0 ? 0 : giveItems(isMap ? ITEM_MAP : ITEM_ARRAY, argument, at, end, CODE_MSGPACK_MALFORMED);
}

/** Gives nil, false or true; no other first byte stands for a value by itself. */
@inline
function giveNamed(first: u32): bool {
  if (first == NEVER_USED) return false;
  if (first == NIL) giveNull();
  else giveBoolean(first == TRUE);
  return true;
}

/** Gives the two's complement number of 2^power bytes that is in `argument`. */
@inline
function giveSigned(power: u32): void {
  const unused: u64 = 64 - (<u64>8 << <u64>power);
  const value = <i64>(argument << unused) >> <i64>unused;
  const negative = value < 0;
  giveWhole(negative ? -<u64>value : <u64>value, negative);
}

@inline
function readText(at: usize, length: u64, end: usize): usize {
  if (length > <u64>(end - at)) return refuse(CODE_MSGPACK_MALFORMED);
  const bytes = <u32>length;
  const isPlain = isPlainAscii(at, bytes);
  if (!isPlain && !isUtf8(at, at + bytes)) return refuse(CODE_TEXT_UTF8_MALFORMED);
  giveText(at, bytes, isPlain);
  return at + bytes;
}

/** Passes over bytes, `argument` of them. */
function readBin(at: usize, end: usize): usize {
  if (at == 0) return 0;
  if (argument > <u64>(end - at)) return refuse(CODE_MSGPACK_MALFORMED);
  giveOpaque(CODE_METRIC_VALUE_INVALID);
  return at + <u32>argument;
}

/** Reads the type of an extension and its `length` bytes. */
function readExtension(at: usize, length: u64, end: usize): usize {
  if (at >= end || length > <u64>(end - at - 1)) return refuse(CODE_MSGPACK_MALFORMED);
  const type: i32 = load<i8>(at);
  at++;
  const bytes = <u32>length;
  if (type == RECORDS) return refuse(CODE_RECORDS_UNSUPPORTED);
  if (type == TIMESTAMP) {
    if (!giveTimestamp(at, bytes)) return refuse(CODE_MSGPACK_MALFORMED);
  } else {
    const isUndefined = type == UNDEFINED && bytes == 1 && load<u8>(at) == 0;
    if (isUndefined) giveNull();
    else giveOpaque(CODE_METRIC_VALUE_INVALID);
  }
  return at + bytes;
}

/** Seconds in 32 bits, 30 bits of nanoseconds before 34 of seconds, or 32 and 64. MessagePack specification, "Timestamp extension type". */
function giveTimestamp(at: usize, bytes: u32): bool {
  const word = bswap<u64>(load<u64>(at));
  let seconds: i64;
  let nanoseconds: u32 = 0;
  if (bytes == 4) {
    seconds = <i64>(word >> 32);
  } else if (bytes == 8) {
    nanoseconds = <u32>(word >> 34);
    seconds = <i64>(word & 0x3ffffffff);
  } else if (bytes == 12) {
    nanoseconds = <u32>(word >> 32);
    seconds = <i64>bswap<u64>(load<u64>(at, 4));
  } else {
    return false;
  }
  if (nanoseconds >= NANOSECONDS_END) return false;
  giveTime(seconds, nanoseconds);
  return true;
}
