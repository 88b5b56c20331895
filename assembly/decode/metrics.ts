import { CODE_METRIC_DUPLICATE, CODE_METRIC_NAME_INVALID, CODE_METRIC_UNKNOWN } from '../abi/codes';
import { METRICS_MAX, METRIC_NAME_BYTES_MAX } from '../abi/limits';
import {
  METRICS_OFFSET,
  METRIC_BYTES,
  METRIC_INDEX_OFFSET,
  METRIC_INDEX_SLOTS,
  METRIC_NAMES_BYTES,
  METRIC_NAMES_OFFSET,
  UNKNOWN_METRICS_BYTES,
  UNKNOWN_METRICS_OFFSET,
} from '../abi/pipeline';
import { STAGE_OFFSET } from '../abi/regions';
import { xxh64 } from '../memory';
import { isDenied, noteDenied } from './denied-names';
import { device } from './device';
import { hasClosedFields } from './laid-schema';
import { refuse } from './verdict';

// A known metric. The host numbers them from 1; number n is entry n - 1.
//   0  u32 where its name lies     8  u32 the message that named it last
//   4  u32 bytes of its name      12  u32 the metric that came after it last time, or 0
const AT_NAME: usize = 0;
const AT_NAME_BYTES: usize = 4;
const AT_MESSAGE: usize = 8;
const AT_NEXT: usize = 12;

// An index slot: 17 bits of metric number, 0 if free, below 15 bits of the name's hash.
const NUMBER_BITS: u32 = 17;
const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;

// The unknown list leaves the end of its region to an index over it: u32 offsets of list entries, 0 if free.
const UNKNOWN_INDEX_SLOTS: u32 = 16384;
const UNKNOWN_INDEX: usize = UNKNOWN_METRICS_OFFSET + UNKNOWN_METRICS_BYTES - UNKNOWN_INDEX_SLOTS * 4;
const UNKNOWN_NAMES_MAX: u32 = UNKNOWN_INDEX_SLOTS / 2;

let namesEnd: usize = METRIC_NAMES_OFFSET;
/** Counts messages, to tell in one comparison whether a metric was named in this one. */
let message: u32 = 0;
/** The metric that came last in this message, and the one that came first in the last one. */
let previous: u32 = 0;
let firstNext: u32 = 0;

/** Metrics of this message whose names are not known: if any, it must be decoded again once they are. */
export let unknownNames: u32 = 0;
/** Metrics of this message that have no number and need none. */
export let unnamedMetrics: u32 = 0;
let unknownEnd: usize = UNKNOWN_METRICS_OFFSET + 4;
let unknownOfMessage: usize = UNKNOWN_METRICS_OFFSET + 4;
let unknownOfSample: usize = UNKNOWN_METRICS_OFFSET + 4;
let unknownListed: u32 = 0;
let denyUnknown: bool = false;

@inline
function entryOf(number: u32): usize {
  return METRICS_OFFSET + (number - 1) * METRIC_BYTES;
}

/** Compares by 16 bytes; what lies beyond the names may be read but does not count. */
@inline
export function sameName(a: usize, b: usize, bytes: u32): bool {
  while (bytes >= 16) {
    if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
    a += 16;
    b += 16;
    bytes -= 16;
  }
  const same = i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b)));
  return (~same & ((1 << bytes) - 1)) == 0;
}

@inline
function hasName(number: u32, at: usize, bytes: u32): bool {
  const entry = entryOf(number);
  return load<u32>(entry, AT_NAME_BYTES) == bytes && sameName(load<u32>(entry, AT_NAME), at, bytes);
}

/** Slot that holds the name, or the free one where it belongs. At most a quarter of the slots is taken. */
function findSlot(at: usize, bytes: u32, hash: u64): usize {
  const tag = <u32>(hash >> 49);
  let slot = <u32>hash & (METRIC_INDEX_SLOTS - 1);
  while (true) {
    const slotAt = METRIC_INDEX_OFFSET + (slot << 2);
    const held = load<u32>(slotAt);
    if (held == 0 || (held >> NUMBER_BITS == tag && hasName(held & NUMBER_MASK, at, bytes))) return slotAt;
    slot = (slot + 1) & (METRIC_INDEX_SLOTS - 1);
  }
}

/** Makes the name that the host staged known under its number. To add it again under the same one changes nothing. */
export function addMetric(nameBytes: u32, number: u32): void {
  assert(nameBytes > 0 && nameBytes <= METRIC_NAME_BYTES_MAX && number > 0 && number <= METRICS_MAX);
  const hash = xxh64(STAGE_OFFSET, nameBytes);
  const slotAt = findSlot(STAGE_OFFSET, nameBytes, hash);
  const entry = entryOf(number);
  if (load<u32>(slotAt) != 0) {
    assert((load<u32>(slotAt) & NUMBER_MASK) == number);
    return;
  }
  assert(load<u32>(entry, AT_NAME_BYTES) == 0);
  assert(namesEnd + nameBytes <= METRIC_NAMES_OFFSET + METRIC_NAMES_BYTES);
  memory.copy(namesEnd, STAGE_OFFSET, nameBytes);
  store<u32>(entry, <u32>namesEnd, AT_NAME);
  store<u32>(entry, nameBytes, AT_NAME_BYTES);
  store<u32>(slotAt, number | (<u32>(hash >> 49) << NUMBER_BITS));
  namesEnd += nameBytes;
}

/** Metrics named from here on belong to a new message. */
@inline
export function beginMessageMetrics(): void {
  beginSampleMetrics();
  unknownNames = 0;
  unnamedMetrics = 0;
  unknownOfMessage = unknownEnd;
}

/** Metrics named from here on belong to another sample of the message, which may name the same ones. */
@inline
export function beginSampleMetrics(): void {
  if (++message == 0) forgetMessages();
  previous = 0;
  unknownOfSample = unknownEnd;
}

/** The message count starts over, so no entry may hold an old one: it would look like a duplicate. */
function forgetMessages(): void {
  for (let number: u32 = 1; number <= METRICS_MAX; number++) store<u32>(entryOf(number), 0, AT_MESSAGE);
  message = 1;
}

/** For tests of what happens when the message count starts over. */
export function setMessageCount(count: u32): void {
  message = count;
}

/** What resolveMetric answers for a name that is not known; it is no metric's number. */
export const UNKNOWN: u32 = 0xffffffff;
/** In place of the number of a metric that the schema of the message does not name and that is not stored: it needs none. */
export const UNNAMED: u32 = 0xfffffffc;

/** Number of the metric with this name; UNKNOWN, which unknownNames counts; or 0 if refused, as for a name met twice. */
@inline
export function resolveMetric(at: usize, bytes: u32): u32 {
  // Devices name the same metrics in the same order again and again: try the one that came next last time.
  let number = previous == 0 ? firstNext : load<u32>(entryOf(previous), AT_NEXT);
  if (number == 0 || !hasName(number, at, bytes)) {
    number = resolveByHash(at, bytes);
    if (number == 0 || number >= UNNAMED) return number;
  }
  const entry = entryOf(number);
  if (load<u32>(entry, AT_MESSAGE) == message) return <u32>refuse(CODE_METRIC_DUPLICATE);
  store<u32>(entry, message, AT_MESSAGE);
  previous = number;
  return number;
}

function resolveByHash(at: usize, bytes: u32): u32 {
  const hash = xxh64(at, bytes);
  const held = bytes <= METRIC_NAME_BYTES_MAX ? load<u32>(findSlot(at, bytes, hash)) : 0;
  if (held == 0) return listUnknown(at, bytes, hash);
  const number = held & NUMBER_MASK;
  if (previous == 0) firstNext = number;
  else store<u32>(entryOf(previous), number, AT_NEXT);
  return number;
}

/** Whether a name is neither empty nor too long and holds no control character, C1 ones included. */
function isName(at: usize, bytes: u32): bool {
  if (bytes == 0 || bytes > METRIC_NAME_BYTES_MAX) return false;
  for (let i: u32 = 0; i < bytes; i++) {
    const byte: u32 = load<u8>(at + i);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (byte == 0xc2 && <u32>load<u8>(at + i, 1) < 0xa0) return false;
  }
  return true;
}

/** Lists a name unless it is there. What does not fit is listed when the message is decoded again. */
function listUnknown(at: usize, bytes: u32, hash: u64): u32 {
  if (hasClosedFields()) {
    unnamedMetrics++;
    return UNNAMED;
  }
  if (!isName(at, bytes)) return <u32>refuse(CODE_METRIC_NAME_INVALID);
  if (denyUnknown) noteDenied(device, hash);
  if (denyUnknown || isDenied(device, hash)) return <u32>refuse(CODE_METRIC_UNKNOWN);
  unknownNames++;
  let slot = <u32>hash & (UNKNOWN_INDEX_SLOTS - 1);
  while (true) {
    const held: usize = load<u32>(UNKNOWN_INDEX + (slot << 2));
    if (held == 0) break;
    if (<u32>load<u16>(held) == bytes && sameName(held + 2, at, bytes)) {
      return held >= unknownOfSample ? <u32>refuse(CODE_METRIC_DUPLICATE) : UNKNOWN;
    }
    slot = (slot + 1) & (UNKNOWN_INDEX_SLOTS - 1);
  }
  if (unknownListed == UNKNOWN_NAMES_MAX || unknownEnd + 2 + bytes > UNKNOWN_INDEX) return UNKNOWN;
  store<u32>(UNKNOWN_INDEX + (slot << 2), <u32>unknownEnd);
  store<u16>(unknownEnd, bytes);
  memory.copy(unknownEnd + 2, at, bytes);
  unknownEnd += 2 + bytes;
  store<u32>(UNKNOWN_METRICS_OFFSET, ++unknownListed);
  return UNKNOWN;
}

/** Takes back what this message listed: a refused message must not name metrics. */
export function unlistUnknown(): void {
  unknownNames = 0;
  let at = unknownOfMessage;
  while (at < unknownEnd) {
    const bytes: u32 = load<u16>(at);
    // The entry is there, but earlier ones of this message may already be gone: free slots do not end the search.
    let slot = <u32>xxh64(at + 2, bytes) & (UNKNOWN_INDEX_SLOTS - 1);
    while (load<u32>(UNKNOWN_INDEX + (slot << 2)) != <u32>at) slot = (slot + 1) & (UNKNOWN_INDEX_SLOTS - 1);
    store<u32>(UNKNOWN_INDEX + (slot << 2), 0);
    at += 2 + bytes;
    unknownListed--;
  }
  unknownEnd = unknownOfMessage;
  store<u32>(UNKNOWN_METRICS_OFFSET, unknownListed);
}

/** Empties the list, once the host has read it. */
export function clearUnknown(): void {
  memory.fill(UNKNOWN_INDEX, 0, UNKNOWN_INDEX_SLOTS * 4);
  store<u32>(UNKNOWN_METRICS_OFFSET, 0);
  unknownEnd = UNKNOWN_METRICS_OFFSET + 4;
  unknownOfMessage = unknownEnd;
  unknownOfSample = unknownEnd;
  unknownListed = 0;
}

/** Whether unknown names are refused rather than listed. */
export function setDenyUnknown(deny: bool): void {
  denyUnknown = deny;
}
