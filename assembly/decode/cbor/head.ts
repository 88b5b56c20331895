import { CODE_CBOR_MALFORMED } from '../../abi/codes';
import { refuse } from '../verdict';

// Major types. RFC 8949 §3.1.
export const UNSIGNED: u32 = 0;
export const NEGATIVE: u32 = 1;
export const BYTES: u32 = 2;
export const TEXT: u32 = 3;
export const ARRAY: u32 = 4;
export const MAP: u32 = 5;
export const TAG: u32 = 6;
export const SIMPLE: u32 = 7;

/** In place of a length: it is indefinite, or, of type SIMPLE, this is the break that ends one that is. RFC 8949 §3.2. */
export const INFO_INDEFINITE: u32 = 31;
export const BREAK: u32 = 0xff;

/** Below this the low bits of the first byte are the argument itself, from there to the next they tell its size. RFC 8949 §3. */
const INFO_BYTES_FIRST: u32 = 24;
const INFO_BYTES_LAST: u32 = 27;

/** The head that readHead read. */
export let headType: u32 = 0;
export let headInfo: u32 = 0;
export let headArgument: u64 = 0;

/** Reads the first byte of an item and its argument, and answers the position after them. */
@inline
export function readHead(at: usize, end: usize): usize {
  if (at >= end) return refuse(CODE_CBOR_MALFORMED);
  const first: u32 = load<u8>(at);
  headType = first >> 5;
  headInfo = first & 0x1f;
  headArgument = headInfo;
  return headInfo < INFO_BYTES_FIRST ? at + 1 : readArgument(at + 1, end);
}

function readArgument(at: usize, end: usize): usize {
  if (headInfo == INFO_INDEFINITE) {
    const hasNone = headType == UNSIGNED || headType == NEGATIVE || headType == TAG;
    return hasNone ? refuse(CODE_CBOR_MALFORMED) : at;
  }
  if (headInfo > INFO_BYTES_LAST) return refuse(CODE_CBOR_MALFORMED);
  const bytes: usize = 1 << (headInfo - INFO_BYTES_FIRST);
  if (bytes > end - at) return refuse(CODE_CBOR_MALFORMED);
  headArgument = bswap<u64>(load<u64>(at)) >> (64 - (<u64>bytes << 3));
  return at + bytes;
}
