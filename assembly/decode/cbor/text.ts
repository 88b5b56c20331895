import { CODE_CBOR_MALFORMED, CODE_TEXT_UTF8_MALFORMED } from '../../abi/codes';
import { isPlainAscii, isUtf8 } from '../../utf8';
import { giveOpaque, giveText } from '../item';
import { textRoom } from '../sink';
import { refuse } from '../verdict';
import { BREAK, headArgument, headInfo, headType, INFO_INDEFINITE, readHead } from './head';

/** Reads the text whose head was read. One of indefinite length is put together at textRoom. RFC 8949 §3.1. */
@inline
export function readText(at: usize, end: usize): usize {
  if (headInfo == INFO_INDEFINITE) return readTextChunks(at, end);
  if (headArgument > <u64>(end - at)) return refuse(CODE_CBOR_MALFORMED);
  const bytes = <u32>headArgument;
  const isPlain = isPlainAscii(at, bytes);
  if (!isPlain && !isUtf8(at, at + bytes)) return refuse(CODE_TEXT_UTF8_MALFORMED);
  giveText(at, bytes, isPlain);
  return at + bytes;
}

/** Each chunk is a text of its own, of definite length. RFC 8949 §3.2.3. */
function readTextChunks(at: usize, end: usize): usize {
  const type = headType;
  let to = textRoom;
  while (true) {
    if (at >= end) return refuse(CODE_CBOR_MALFORMED);
    if (<u32>load<u8>(at) == BREAK) break;
    at = readChunkHead(at, end, type);
    if (at == 0) return 0;
    const bytes = <u32>headArgument;
    if (!isUtf8(at, at + bytes)) return refuse(CODE_TEXT_UTF8_MALFORMED);
    memory.copy(to, at, bytes);
    to += bytes;
    at += bytes;
  }
  giveText(textRoom, <u32>(to - textRoom), false);
  return at + 1;
}

/** Passes over the bytes whose head was read; `code` says why they are no reading. */
export function readBytes(at: usize, end: usize, code: u32): usize {
  giveOpaque(code);
  if (headInfo != INFO_INDEFINITE) return headArgument > <u64>(end - at) ? refuse(CODE_CBOR_MALFORMED) : at + <u32>headArgument;
  const type = headType;
  while (true) {
    if (at >= end) return refuse(CODE_CBOR_MALFORMED);
    if (<u32>load<u8>(at) == BREAK) return at + 1;
    at = readChunkHead(at, end, type);
    if (at == 0) return 0;
    at += <u32>headArgument;
  }
}

/** The head of a chunk that is all there. */
function readChunkHead(at: usize, end: usize, type: u32): usize {
  at = readHead(at, end);
  if (at == 0) return 0;
  const fits = headType == type && headInfo != INFO_INDEFINITE && headArgument <= <u64>(end - at);
  return fits ? at : refuse(CODE_CBOR_MALFORMED);
}
