import { CODE_JSON_MALFORMED, CODE_JSON_UTF8_MALFORMED } from '../abi/codes';
import { refuse } from './verdict';

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
/** `\u`, little-endian. */
const BACKSLASH_U: u32 = 0x755c;

/** The string that readString read: in the payload itself if it was plain, else unescaped in scratch. */
export let textAt: usize = 0;
export let textBytes: u32 = 0;

let writeAt: usize = 0;

/**
 * First byte at or after `at` that is not plain: quote, backslash, control character or the start of a
 * multi-byte character. Past the payload's end it answers some position at or after `end`.
 */
@inline
export function plainEnd(at: usize, end: usize): usize {
  while (true) {
    const special = specialBytes(v128.load(at));
    if (special != 0) return at + ctz<i32>(special);
    at += 16;
    if (at >= end) return at;
  }
}

/** A bit for each byte that is not plain. Compared as signed, bytes from 0x80 on are below 0x20 too. */
@inline
function specialBytes(chunk: v128): i32 {
  const ends = v128.or(i8x16.eq(chunk, i8x16.splat(0x22)), i8x16.eq(chunk, i8x16.splat(0x5c)));
  return i8x16.bitmask(v128.or(ends, i8x16.lt_s(chunk, i8x16.splat(0x20))));
}

/**
 * Reads the string whose first content byte is at `at` and answers the position after its closing quote.
 * `scratch` takes the unescaped bytes of a string that is not plain, never more than it has in the
 * payload, and up to 16 bytes of noise after them. RFC 8259 §7.
 */
export function readString(at: usize, end: usize, scratch: usize): usize {
  const stop = plainEnd(at, end);
  if (stop >= end) return refuse(CODE_JSON_MALFORMED);
  if (load<u8>(stop) != QUOTE) return readUnplain(at, end, scratch);
  textAt = at;
  textBytes = <u32>(stop - at);
  return stop + 1;
}

function readUnplain(at: usize, end: usize, scratch: usize): usize {
  writeAt = scratch;
  while (at < end) {
    const chunk = v128.load(at);
    v128.store(writeAt, chunk);
    const special = specialBytes(chunk);
    const plain = special == 0 ? 16 : ctz<i32>(special);
    at += plain;
    writeAt += plain;
    if (special == 0) continue;
    if (at >= end) break;
    const byte: u32 = load<u8>(at);
    if (byte == QUOTE) {
      textAt = scratch;
      textBytes = <u32>(writeAt - scratch);
      return at + 1;
    }
    if (byte < 0x20) break;
    at = byte == BACKSLASH ? readEscape(at, end) : readMultiByte(at, end);
    if (at == 0) return 0;
  }
  return refuse(CODE_JSON_MALFORMED);
}

/** `at` is on the backslash. */
function readEscape(at: usize, end: usize): usize {
  if (at + 2 > end) return refuse(CODE_JSON_MALFORMED);
  let byte: u32 = load<u8>(at, 1);
  if (byte == 0x75) return readUnicodeEscape(at, end);
  if (byte == 0x62) byte = 0x08;
  else if (byte == 0x66) byte = 0x0c;
  else if (byte == 0x6e) byte = 0x0a;
  else if (byte == 0x72) byte = 0x0d;
  else if (byte == 0x74) byte = 0x09;
  else if (byte != QUOTE && byte != BACKSLASH && byte != 0x2f) return refuse(CODE_JSON_MALFORMED);
  store<u8>(writeAt++, byte);
  return at + 2;
}

/** A character outside the basic plane is two escapes, high surrogate first. RFC 8259 §7. */
function readUnicodeEscape(at: usize, end: usize): usize {
  if (at + 6 > end) return refuse(CODE_JSON_MALFORMED);
  let point = hexQuad(at + 2);
  if (point < 0) return refuse(CODE_JSON_MALFORMED);
  at += 6;
  if ((point & 0xf800) == 0xd800) {
    if (point >= 0xdc00 || at + 6 > end || load<u16>(at) != BACKSLASH_U) return refuse(CODE_JSON_UTF8_MALFORMED);
    const low = hexQuad(at + 2);
    if (low < 0) return refuse(CODE_JSON_MALFORMED);
    if ((low & 0xfc00) != 0xdc00) return refuse(CODE_JSON_UTF8_MALFORMED);
    point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
    at += 6;
  }
  writePoint(point);
  return at;
}

/** Four hexadecimal digits, or -1. */
function hexQuad(at: usize): i32 {
  let value = 0;
  for (let i: usize = 0; i < 4; i++) {
    const byte: u32 = load<u8>(at + i);
    const letter = (byte | 0x20) - 0x61;
    const digit = letter < 6 ? letter + 10 : byte - 0x30;
    if (digit > 15 || (digit > 9 && letter >= 6)) return -1;
    value = (value << 4) | digit;
  }
  return value;
}

function writePoint(point: i32): void {
  if (point < 0x80) {
    store<u8>(writeAt++, point);
    return;
  }
  if (point < 0x800) {
    store<u8>(writeAt++, 0xc0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      store<u8>(writeAt++, 0xe0 | (point >> 12));
    } else {
      store<u8>(writeAt++, 0xf0 | (point >> 18));
      store<u8>(writeAt++, 0x80 | ((point >> 12) & 0x3f));
    }
    store<u8>(writeAt++, 0x80 | ((point >> 6) & 0x3f));
  }
  store<u8>(writeAt++, 0x80 | (point & 0x3f));
}

/** Copies one character of two to four bytes. Unicode 15 §3.9, table 3-7: well-formed UTF-8. */
function readMultiByte(at: usize, end: usize): usize {
  const lead: u32 = load<u8>(at);
  if (lead < 0xc2 || lead > 0xf4) return refuse(CODE_JSON_UTF8_MALFORMED);
  const bytes: u32 = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + bytes > end) return refuse(CODE_JSON_MALFORMED);
  const second: u32 = load<u8>(at, 1);
  // The first continuation byte excludes overlong forms, surrogates and what lies above U+10FFFF.
  const least: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const most: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return refuse(CODE_JSON_UTF8_MALFORMED);
  for (let i: u32 = 2; i < bytes; i++) {
    if ((load<u8>(at + i) & 0xc0) != 0x80) return refuse(CODE_JSON_UTF8_MALFORMED);
  }
  for (let i: u32 = 0; i < bytes; i++) store<u8>(writeAt + i, load<u8>(at + i));
  writeAt += bytes;
  return at + bytes;
}
