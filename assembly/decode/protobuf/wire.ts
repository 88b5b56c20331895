import { CODE_DEPTH_EXCEEDED, CODE_PROTOBUF_MALFORMED } from '../../abi/codes';
import { JSON_DEPTH_MAX } from '../../abi/limits';
import { reach, refuse } from '../verdict';

// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding): fields one after another, each a tag and a value.
// Readers answer the position after what they read, or 0 with their code in `failure`; none reads at or past `end`.

export const WIRE_VARINT: u32 = 0;
export const WIRE_FIXED64: u32 = 1;
export const WIRE_BYTES: u32 = 2;
/** A group of fields; one that was read is passed over already. */
export const WIRE_GROUP: u32 = 3;
const WIRE_GROUP_END: u32 = 4;
export const WIRE_FIXED32: u32 = 5;

const VARINT_BYTES_MAX: u32 = 10;
const TAG_BYTES_MAX: u32 = 5;

/** The field that was read last, and its value: a word, or bytes. */
export let fieldNumber: u32 = 0;
export let wireType: u32 = 0;
export let word: u64 = 0;
export let bytesAt: usize = 0;
export let bytesEnd: usize = 0;

/** For a field that is read again, or whose value is read apart from it. */
export function setField(type: u32, value: u64, at: usize, end: usize): void {
  wireType = type;
  word = value;
  bytesAt = at;
  bytesEnd = end;
}

/** Reads a whole number of up to ten bytes into `word`; what its tenth byte has over 64 bits is dropped, as all parsers do. */
@inline
export function readVarint(at: usize, end: usize): usize {
  if (at < end) {
    const byte = <u64>load<u8>(at);
    if (byte < 0x80) {
      word = byte;
      return at + 1;
    }
  }
  return readLongVarint(at, end, VARINT_BYTES_MAX);
}

function readLongVarint(at: usize, end: usize, bytesMax: u32): usize {
  let value: u64 = 0;
  for (let i: u32 = 0; i < bytesMax; i++) {
    if (at >= end) break;
    const byte = <u64>load<u8>(at++);
    value |= (byte & 0x7f) << <u64>(i * 7);
    if (byte < 0x80) {
      word = value;
      return at;
    }
  }
  return refuse(CODE_PROTOBUF_MALFORMED);
}

/** Reads a tag into fieldNumber and wireType. No field has the number 0, and a tag fits 32 bits. */
@inline
function readTag(at: usize, end: usize): usize {
  if (at < end && <u32>load<u8>(at) < 0x80) word = <u64>load<u8>(at++);
  else at = readLongVarint(at, end, TAG_BYTES_MAX);
  if (at == 0) return 0;
  fieldNumber = <u32>word >> 3;
  wireType = <u32>word & 7;
  return fieldNumber != 0 && word <= u32.MAX_VALUE ? at : refuse(CODE_PROTOBUF_MALFORMED);
}

/** Reads a field with its value. */
@inline
export function readField(at: usize, end: usize): usize {
  reach(at);
  at = readTag(at, end);
  return at == 0 ? 0 : readValue(at, end, 1);
}

function readValue(at: usize, end: usize, depth: u32): usize {
  if (wireType == WIRE_VARINT) return readVarint(at, end);
  if (wireType == WIRE_BYTES) {
    at = readVarint(at, end);
    if (at == 0) return 0;
    if (word > <u64>(end - at)) return refuse(CODE_PROTOBUF_MALFORMED);
    bytesAt = at;
    bytesEnd = at + <usize>word;
    return bytesEnd;
  }
  return readOtherValue(at, end, depth);
}

function readOtherValue(at: usize, end: usize, depth: u32): usize {
  if (wireType == WIRE_GROUP) return skipGroup(at, end, depth);
  if (wireType == WIRE_FIXED32) return readFixed32(at, end);
  return wireType == WIRE_FIXED64 ? readFixed64(at, end) : refuse(CODE_PROTOBUF_MALFORMED);
}

@inline
export function readFixed32(at: usize, end: usize): usize {
  if (end - at < 4) return refuse(CODE_PROTOBUF_MALFORMED);
  word = load<u32>(at);
  return at + 4;
}

@inline
export function readFixed64(at: usize, end: usize): usize {
  if (end - at < 8) return refuse(CODE_PROTOBUF_MALFORMED);
  word = load<u64>(at);
  return at + 8;
}

/** Passes over a group, which ends at the tag of the same number. What the group holds is well formed, or the group is not. */
function skipGroup(at: usize, end: usize, depth: u32): usize {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED);
  const number = fieldNumber;
  while (true) {
    at = readTag(at, end);
    if (at == 0) return 0;
    if (wireType == WIRE_GROUP_END) {
      if (fieldNumber != number) return refuse(CODE_PROTOBUF_MALFORMED);
      wireType = WIRE_GROUP;
      return at;
    }
    at = readValue(at, end, depth + 1);
    if (at == 0) return 0;
  }
}

/** The number that zigzag wrote as `value`. */
@inline
export function unzigzag(value: u64): i64 {
  return <i64>(value >> 1) ^ -<i64>(value & 1);
}
