import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { SHAPES_MAX, SHAPES_OFFSET, SHAPE_BYTES } from '../../abi/pipeline';
import { HEAD_AT_NEWEST_SHAPE, HEAD_AT_OLDEST_SHAPE, HEAD_AT_SHAPES, HEAD_AT_SHAPE_MISSES, STATE_HEAD_OFFSET } from '../../abi/state';
import { xxh64 } from '../../memory';
import { beginKnownMessage, endMessage } from '../sink';
import { readReading, readSeq, readTs } from './decode';
import { AT_FROM, AT_MEMBER, AT_TO, MEMBER_BYTES, MEMBER_SEQ, MEMBER_TS, memberCount, members, MEMBERS_MAX } from './members';
import { sameName } from '../metrics';

// A device sends the same names in the same places again and again; only the values between them change. A
// shape holds the bytes around the values of one payload that was decoded in full. Another payload with the
// very same bytes there, and readable values between them, would be decoded in full to the same members: its
// names are spelled the same, none is met twice, and a value's own reader finds its end. Any other payload
// is left to decodeJson, which also finds the reason to refuse it. Shape:
//
//   0  u32 parts     8  u64 hash of the rest     16  parts
//
// Part: the bytes before a value, or before the payload's end:
//   0  u32 member, or NONE     4  u32 bytes     8  bytes, and room up to a multiple of eight

const AT_PARTS: usize = 0;
const AT_HASH: usize = 8;
const SHAPE_HEADER_BYTES: usize = 16;
const AT_PART_BYTES: usize = 4;
const PART_HEADER_BYTES: usize = 8;
const NONE: u32 = 0;

/** A payload that fits no shape becomes one only now and then, so that a device without a fixed one costs little. */
const LEARN_EVERY: u32 = 8;

let shapes: u32 = 0;
/** The one that goes next when there is no room. */
let oldest: u32 = 0;
let misses: u32 = LEARN_EVERY - 1;
/** The shape that was learned last: a device of which none is known may well be of the same make; 0: none. */
export let newestShape: u32 = 0;

@inline
function shapeAt(shape: u32): usize {
  return <usize>(SHAPES_OFFSET + (shape - 1) * SHAPE_BYTES);
}

@inline
function partBytes(bytes: u32): usize {
  return PART_HEADER_BYTES + <usize>((bytes + 7) & ~7);
}

/** Decodes a payload of the shape `shape`, of which there is one. False: it is not of that shape, or refused; nothing is decoded. */
export function decodeByShape(shape: u32, at: usize, bytes: u32, receiveUs: u64): bool {
  if (bytes > PAYLOAD_BYTES_MAX) return false;
  const end = at + bytes;
  let part = shapeAt(shape) + SHAPE_HEADER_BYTES;
  let parts = load<u32>(shapeAt(shape), AT_PARTS);
  if (parts == 0) return false;
  beginKnownMessage(receiveUs);
  for (; parts > 0; parts--) {
    const before = load<u32>(part, AT_PART_BYTES);
    if (before > <u32>(end - at) || !sameName(part + PART_HEADER_BYTES, at, before)) return false;
    at += before;
    const member = load<u32>(part);
    if (member == NONE) break;
    if (member == MEMBER_TS) at = readTs(at, end);
    else if (member == MEMBER_SEQ) at = readSeq(at, end);
    else at = readReading(member, at, end);
    if (at == 0) return false;
    part += partBytes(before);
  }
  endMessage();
  return at == end;
}

/** The shape of the payload that was decoded last, in full and without unknown names; 0: it has none, or not this time. */
export function learnShape(at: usize, bytes: u32): u32 {
  if (++misses < LEARN_EVERY) return 0;
  misses = 0;
  if (memberCount > MEMBERS_MAX) return 0;
  const next = shapes < SHAPES_MAX ? shapes + 1 : oldest + 1;
  assert(next > 0 && next <= SHAPES_MAX, 'there is no such shape');
  const shape = shapeAt(next);
  let part = shape + SHAPE_HEADER_BYTES;
  let from = at;
  const end = at + bytes;
  for (let i: u32 = 0; i <= memberCount; i++) {
    const isLast = i == memberCount;
    const member = members + i * MEMBER_BYTES;
    const to = isLast ? end : <usize>load<u32>(member, AT_FROM);
    const before = <u32>(to - from);
    // What is compared is loaded sixteen bytes at a time.
    if (before > SHAPE_BYTES || part + partBytes(before) + 16 > shape + SHAPE_BYTES) return forget(shape);
    store<u64>(part + partBytes(before) - 8, 0); // The room counts in the hash.
    store<u32>(part, isLast ? NONE : load<u32>(member, AT_MEMBER));
    store<u32>(part, before, AT_PART_BYTES);
    memory.copy(part + PART_HEADER_BYTES, from, before);
    part += partBytes(before);
    from = isLast ? end : <usize>load<u32>(member, AT_TO);
  }
  store<u32>(shape, memberCount + 1, AT_PARTS);
  store<u64>(shape, xxh64(shape + SHAPE_HEADER_BYTES, <u32>(part - shape - SHAPE_HEADER_BYTES)), AT_HASH);
  newestShape = known(next);
  return newestShape;
}

/** A shape that was begun in place of another fits no payload. */
function forget(shape: usize): u32 {
  store<u32>(shape, 0, AT_PARTS);
  return 0;
}

/** The shape that is the same as the one just laid down as `next`, which is kept if there is none. */
function known(next: u32): u32 {
  const hash = load<u64>(shapeAt(next), AT_HASH);
  for (let shape: u32 = 1; shape <= shapes; shape++) {
    if (shape != next && load<u64>(shapeAt(shape), AT_HASH) == hash && load<u32>(shapeAt(shape), AT_PARTS) != 0) return shape;
  }
  if (shapes < SHAPES_MAX) shapes = next;
  else oldest = (oldest + 1) & (SHAPES_MAX - 1);
  return next;
}

export function describeShapes(): void {
  store<u32>(STATE_HEAD_OFFSET, shapes, HEAD_AT_SHAPES);
  store<u32>(STATE_HEAD_OFFSET, oldest, HEAD_AT_OLDEST_SHAPE);
  store<u32>(STATE_HEAD_OFFSET, misses, HEAD_AT_SHAPE_MISSES);
  store<u32>(STATE_HEAD_OFFSET, newestShape, HEAD_AT_NEWEST_SHAPE);
}

export function adoptShapes(): bool {
  shapes = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_SHAPES);
  oldest = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_OLDEST_SHAPE);
  misses = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_SHAPE_MISSES);
  newestShape = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_NEWEST_SHAPE);
  return shapes <= SHAPES_MAX && oldest < SHAPES_MAX && newestShape <= SHAPES_MAX;
}
