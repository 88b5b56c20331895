import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_AT_BODY_HASH,
  BLOCK_AT_FIRST_US,
  BLOCK_AT_HEADER_BYTES,
  BLOCK_AT_HEADER_HASH,
  BLOCK_AT_LAST_US,
  BLOCK_AT_MAGIC,
  BLOCK_AT_PARTITION,
  BLOCK_AT_RECORDS,
  BLOCK_AT_VERSION,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  BLOCK_VERSION,
  CONTEXT_AT_FLAGS,
  CONTEXT_AT_SCHEMA,
  CONTEXT_AT_TOPIC_BYTES,
  CONTEXT_HEADER_BYTES,
  RECORD_AT_CHANNEL,
  RECORD_AT_DEVICE,
  RECORD_AT_PAYLOAD_BYTES,
  RECORD_AT_RECEIVE_US,
  RECORD_HAS_CONTEXT,
  RECORD_HEADER_BYTES,
} from '../abi/block';
import { COUNTER_GATEWAY_BLOCKS, COUNTER_GATEWAY_BLOCK_BYTES, COUNTER_GATEWAY_DURABLE } from '../abi/counters';
import { BLOCKS_OFFSET, BLOCK_SLOTS } from '../abi/gateway';
import { BLOCK_AGE_US_MAX, BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX, PARTITIONS_MAX } from '../abi/limits';
import { STATICS_BYTES } from '../abi/regions';
import { addXxh64, beginXxh64, count, endXxh64, XXH64_LANES_BYTES, xxh64 } from '../memory';
import { monotonicMs, receiveUs } from '../clock';

// A block slot is free, open (one a partition at most), sealed and waiting for the host to push it,
// or pushed: then the log reads it. Sealed and pushed slots stand in one queue, oldest first.
//
//   released            pushed             sealed
//      |  pushed, in log  |  sealed, not yet |
//
// Slot, 72 bytes:
//   0  u32 bytes, header included    8  u32 partition       24  u64 receive time of the last record, µs
//   4  u32 records                  12  u32 bytes hashed    32  u64 place of the first answer that waits for it
//                                   16  f64 opened, ms      40  lanes of the body's hash
const SLOT_BYTES: u32 = 40 + XXH64_LANES_BYTES;
const AT_BYTES: usize = 0;
const AT_RECORDS: usize = 4;
const AT_PARTITION: usize = 8;
const AT_HASHED: usize = 12;
const AT_OPENED_MS: usize = 16;
const AT_LAST_US: usize = 24;
const AT_FIRST_ANSWER: usize = 32;
const AT_LANES: usize = 40;
/** In place of the first answer: no acknowledgement waits for the block. */
const NOBODY: u64 = u64.MAX_VALUE;

const slots = memory.data(BLOCK_SLOTS * SLOT_BYTES, 8);
/** By partition: slot + 1, or 0. */
const open = memory.data(PARTITIONS_MAX * 4, 4);
const free = memory.data(BLOCK_SLOTS * 4, 4);
const queue = memory.data(BLOCK_SLOTS * 4, 4);

const NO_SLOT: i32 = -1;
/** A block is hashed this much at a time as it fills, while that is still in the nearest cache. */
const HASH_BYTES: u32 = 4096;
/** A copy in whole vectors writes up to this many bytes after its end. */
const COPY_OVERSHOOT: u32 = 16;
/** Slots that the parts of one packet may fill besides the one that each partition may need: their contexts can be larger than the packet. */
const PARTS_SLOTS: u32 = 8;

export let freeCount: u32 = 0;
let openCount: u32 = 0;
let partitions: u32 = 0;
let sealed: u32 = 0;
let pushed: u32 = 0;
let released: u32 = 0;
/** A block that acknowledgements wait for was sealed since the last sealDue. */
let hasSealedAwaited: bool = false;

/** Makes every block slot free; once, before the first turn. */
export function initSlots(partitionCount: u32): void {
  assert(<u32>__heap_base <= STATICS_BYTES, 'the statics reach into the counters');
  assert(partitionCount > 0 && partitionCount <= PARTITIONS_MAX && partitionCount < BLOCK_SLOTS, 'the number of partitions is wrong');
  partitions = partitionCount;
  freeCount = 0;
  for (let slot = BLOCK_SLOTS; slot > 0; slot--) freeSlot(slot - 1);
}

function freeSlot(slot: u32): void {
  assert(freeCount < BLOCK_SLOTS, 'more block slots are free than there are');
  store<u32>(free + (freeCount << 2), slot);
  freeCount++;
}

@inline
function slotAt(slot: u32): usize {
  return slots + slot * SLOT_BYTES;
}

@inline
function blockAt(slot: u32): usize {
  return <usize>(BLOCKS_OFFSET + slot * BLOCK_BYTES_MAX);
}

function openSlot(partition: u32): i32 {
  assert(partition < partitions, 'there is no such partition');
  if (freeCount == 0) return NO_SLOT;
  freeCount--;
  const slot = load<u32>(free + (freeCount << 2));
  const at = slotAt(slot);
  store<u32>(at, BLOCK_HEADER_BYTES, AT_BYTES);
  store<u32>(at, 0, AT_RECORDS);
  store<u64>(at, NOBODY, AT_FIRST_ANSWER);
  store<u32>(at, partition, AT_PARTITION);
  store<u32>(at, BLOCK_HEADER_BYTES, AT_HASHED);
  beginXxh64(at + AT_LANES);
  store<f64>(at, monotonicMs, AT_OPENED_MS);
  store<u64>(blockAt(slot), receiveUs, BLOCK_AT_FIRST_US);
  store<u32>(open + (partition << 2), slot + 1);
  openCount++;
  return <i32>slot;
}

/** Copies sixteen bytes at a time, so it reads and writes up to fifteen bytes after the end. */
@inline
function copyVectors(to: usize, from: usize, bytes: u32): void {
  const end = to + bytes;
  while (to < end) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
}

/** The partition's open block that has room for a record of so many bytes; -1: it has none, and no slot is free. */
@inline
function slotFor(partition: u32, bytes: u32): i32 {
  assert(bytes <= BLOCK_BYTES_MAX - BLOCK_HEADER_BYTES, 'no block holds a record of this size');
  const slot = <i32>load<u32>(open + (partition << 2)) - 1;
  if (slot >= 0) {
    const full = slotAt(slot);
    if (load<u32>(full, AT_BYTES) + bytes <= BLOCK_BYTES_MAX && load<u32>(full, AT_RECORDS) != BLOCK_RECORDS_MAX) return slot;
    seal(slot);
  }
  return openSlot(partition);
}

/** Writes the header of a record of which `bytes` bytes follow. */
@inline
function beginRecord(record: usize, deviceNumber: u32, head: u32, bytes: u32): void {
  store<u32>(record, bytes, RECORD_AT_PAYLOAD_BYTES);
  store<u32>(record, deviceNumber, RECORD_AT_DEVICE);
  store<u64>(record, receiveUs, RECORD_AT_RECEIVE_US);
  store<u32>(record, head, RECORD_AT_CHANNEL);
}

@inline
function endRecord(slot: u32, used: u32): void {
  const at = slotAt(slot);
  store<u64>(at, receiveUs, AT_LAST_US);
  store<u32>(at, used, AT_BYTES);
  store<u32>(at, load<u32>(at, AT_RECORDS) + 1, AT_RECORDS);
  if (used - load<u32>(at, AT_HASHED) >= HASH_BYTES) hashFilled(slot);
}

/** Copies a payload to `to`, which is `room` bytes before its block's end. */
@inline
function copyPayload(to: usize, room: u32, payload: usize, bytes: u32): void {
  if (bytes <= 512 && bytes + COPY_OVERSHOOT <= room) copyVectors(to, payload, bytes);
  else memory.copy(to, payload, bytes);
}

/**
 * Lays a record into the partition's open block. `head`: channel, flags, content format, and whether a context is the payload's begin, a
 * byte each. Answers the slot, or -1: no slot is free, try later.
 */
export function append(partition: u32, deviceNumber: u32, head: u32, payload: usize, payloadBytes: u32): i32 {
  const bytes = RECORD_HEADER_BYTES + payloadBytes;
  const slot = slotFor(partition, bytes);
  if (slot < 0) return NO_SLOT;
  const used = load<u32>(slotAt(slot), AT_BYTES);
  const record = blockAt(slot) + used;
  beginRecord(record, deviceNumber, head, payloadBytes);
  copyPayload(record + RECORD_HEADER_BYTES, BLOCK_BYTES_MAX - used - RECORD_HEADER_BYTES, payload, payloadBytes);
  endRecord(slot, used + bytes);
  return slot;
}

/** As append, of a payload without a context whose device has the schema version `schema`: a context that says no more than that. */
export function appendOfSchema(partition: u32, deviceNumber: u32, head: u32, schema: u32, payload: usize, payloadBytes: u32): i32 {
  const before = RECORD_HEADER_BYTES + CONTEXT_HEADER_BYTES;
  const slot = slotFor(partition, before + payloadBytes);
  if (slot < 0) return NO_SLOT;
  const used = load<u32>(slotAt(slot), AT_BYTES);
  const record = blockAt(slot) + used;
  beginRecord(record, deviceNumber, head | RECORD_HAS_CONTEXT, CONTEXT_HEADER_BYTES + payloadBytes);
  // Profile and flags are 0, as are the lengths of the texts.
  store<u64>(record + RECORD_HEADER_BYTES, <u64>CONTEXT_HEADER_BYTES | (<u64>schema << 32));
  store<u32>(record + RECORD_HEADER_BYTES, 0, CONTEXT_AT_TOPIC_BYTES);
  copyPayload(record + before, BLOCK_BYTES_MAX - used - before, payload, payloadBytes);
  endRecord(slot, used + before + payloadBytes);
  return slot;
}

/**
 * As append, of a payload and a context that lie apart. In the copy `contextFlags` are set, and `schema` where the context names no
 * schema version.
 */
export function appendInContext(
  partition: u32,
  deviceNumber: u32,
  head: u32,
  schema: u32,
  context: usize,
  contextBytes: u32,
  contextFlags: u32,
  payload: usize,
  payloadBytes: u32,
): i32 {
  const bytes = RECORD_HEADER_BYTES + contextBytes + payloadBytes;
  const slot = slotFor(partition, bytes);
  if (slot < 0) return NO_SLOT;
  const used = load<u32>(slotAt(slot), AT_BYTES);
  const record = blockAt(slot) + used;
  beginRecord(record, deviceNumber, head | RECORD_HAS_CONTEXT, contextBytes + payloadBytes);
  const to = record + RECORD_HEADER_BYTES;
  memory.copy(to, context, contextBytes);
  store<u8>(to, load<u8>(to, CONTEXT_AT_FLAGS) | <u8>contextFlags, CONTEXT_AT_FLAGS);
  if (load<u32>(to, CONTEXT_AT_SCHEMA) == 0) store<u32>(to, schema, CONTEXT_AT_SCHEMA);
  memory.copy(to + contextBytes, payload, payloadBytes);
  endRecord(slot, used + bytes);
  return slot;
}

/** Whether the messages of one packet that speaks of many devices find room, whatever partitions they fall to. */
export function hasRoomForParts(): bool {
  return freeCount > partitions + PARTS_SLOTS;
}

function hashFilled(slot: u32): void {
  const at = slotAt(slot);
  const block = blockAt(slot);
  const hashed = addXxh64(at + AT_LANES, block + load<u32>(at, AT_HASHED), block + load<u32>(at, AT_BYTES));
  store<u32>(at, <u32>(hashed - block), AT_HASHED);
}

/** The acknowledgement at `place` waits for the block; each place is higher than the ones before it. */
@inline
export function awaitBlock(slot: u32, place: u64): void {
  const at = slotAt(slot);
  if (load<u64>(at, AT_FIRST_ANSWER) == NOBODY) store<u64>(at, place, AT_FIRST_ANSWER);
}

@inline
function isAwaited(slot: u32): bool {
  return load<u64>(slotAt(slot), AT_FIRST_ANSWER) != NOBODY;
}

/** The hash of blocks and of their headers. */
export function blockHash(at: usize, bytes: u32): u64 {
  return xxh64(at, bytes);
}

function seal(slot: u32): void {
  const at = slotAt(slot);
  const block = blockAt(slot);
  const bytes = load<u32>(at, AT_BYTES);
  const partition = load<u32>(at, AT_PARTITION);
  assert(bytes > BLOCK_HEADER_BYTES && bytes <= BLOCK_BYTES_MAX, 'a block that is sealed has no record, or more than fit');
  assert(sealed - released < BLOCK_SLOTS, 'more blocks are sealed than there are slots');
  store<u32>(block, BLOCK_MAGIC, BLOCK_AT_MAGIC);
  store<u16>(block, <u16>BLOCK_VERSION, BLOCK_AT_VERSION);
  store<u16>(block, <u16>BLOCK_HEADER_BYTES, BLOCK_AT_HEADER_BYTES);
  store<u32>(block, partition, BLOCK_AT_PARTITION);
  store<u32>(block, load<u32>(at, AT_RECORDS), BLOCK_AT_RECORDS);
  store<u64>(block, <u64>(bytes - BLOCK_HEADER_BYTES), BLOCK_AT_BODY_BYTES); // and the reserved word after it
  store<u64>(block, load<u64>(at, AT_LAST_US), BLOCK_AT_LAST_US);
  const hash = endXxh64(at + AT_LANES, block + load<u32>(at, AT_HASHED), block + bytes, bytes - BLOCK_HEADER_BYTES);
  store<u64>(block, hash, BLOCK_AT_BODY_HASH);
  store<u64>(block, blockHash(block, BLOCK_AT_HEADER_HASH), BLOCK_AT_HEADER_HASH);
  store<u64>(block, 0, BLOCK_AT_HEADER_HASH + 8);
  store<u32>(queue + ((sealed & (BLOCK_SLOTS - 1)) << 2), slot);
  sealed++;
  store<u32>(open + (partition << 2), 0);
  openCount--;
  if (isAwaited(slot)) hasSealedAwaited = true;
  count(COUNTER_GATEWAY_BLOCKS);
  count(COUNTER_GATEWAY_BLOCK_BYTES, bytes);
}

/**
 * Seals the blocks that need not stay open: those of full age, and with `logIdle` those that devices wait for. While the log is
 * busy with earlier blocks, the open ones are filled further: the time of its sync sets their size. Blocks that devices wait for
 * are sealed together: one left open would hold back the answers of the others for longer than a commit.
 */
export function sealDue(logIdle: bool): void {
  const openedBefore = monotonicMs - <f64>BLOCK_AGE_US_MAX / 1000;
  for (let partition: u32 = 0; partition < partitions && openCount > 0; partition++) {
    const slot = <i32>load<u32>(open + (partition << 2)) - 1;
    if (slot < 0) continue;
    if (load<f64>(slotAt(slot), AT_OPENED_MS) <= openedBefore) seal(slot);
  }
  if (logIdle || hasSealedAwaited) sealOpen(true);
  hasSealedAwaited = false;
}

export function sealAll(): void {
  sealOpen(false);
  hasSealedAwaited = false;
}

function sealOpen(onlyAwaited: bool): void {
  for (let partition: u32 = 0; partition < partitions && openCount > 0; partition++) {
    const slot = <i32>load<u32>(open + (partition << 2)) - 1;
    if (slot >= 0 && (!onlyAwaited || isAwaited(slot))) seal(slot);
  }
}

/** When the oldest open block was opened, ms of the monotonic clock; -1: none is open. */
export function openedMs(): f64 {
  let oldest: f64 = -1;
  for (let partition: u32 = 0; partition < partitions && openCount > 0; partition++) {
    const slot = <i32>load<u32>(open + (partition << 2)) - 1;
    if (slot < 0) continue;
    const at = load<f64>(slotAt(slot), AT_OPENED_MS);
    if (oldest < 0 || at < oldest) oldest = at;
  }
  return oldest;
}

/** The oldest sealed slot that the host has not pushed, which it must push now; -1: there is none. */
export function nextSealed(): i32 {
  if (pushed == sealed) return NO_SLOT;
  return <i32>load<u32>(queue + ((pushed++ & (BLOCK_SLOTS - 1)) << 2));
}

/** Frees the oldest pushed slot: its block is durable. */
export function freeOldestPushed(): void {
  assert(released != pushed, 'no pushed block waits for the log');
  const slot = load<u32>(queue + ((released & (BLOCK_SLOTS - 1)) << 2));
  count(COUNTER_GATEWAY_DURABLE, load<u32>(slotAt(slot), AT_RECORDS));
  freeSlot(slot);
  released++;
}

/** Messages in blocks that are not durable, as far as the kernel knows. */
export function heldRecords(): u32 {
  let records: u32 = 0;
  for (let at = released; at != sealed; at++) {
    records += load<u32>(slotAt(load<u32>(queue + ((at & (BLOCK_SLOTS - 1)) << 2))), AT_RECORDS);
  }
  for (let partition: u32 = 0; partition < partitions; partition++) {
    const slot = load<u32>(open + (partition << 2));
    if (slot != 0) records += load<u32>(slotAt(slot - 1), AT_RECORDS);
  }
  return records;
}

/** The first place of an acknowledgement that waits for a block, or `end`: all before it can be sent. */
export function firstAwaiting(end: u64): u64 {
  let first = end;
  for (let at = released; at != sealed; at++) {
    const slot = load<u32>(queue + ((at & (BLOCK_SLOTS - 1)) << 2));
    first = min(first, load<u64>(slotAt(slot), AT_FIRST_ANSWER));
  }
  for (let partition: u32 = 0; partition < partitions && openCount > 0; partition++) {
    const slot = <i32>load<u32>(open + (partition << 2)) - 1;
    if (slot >= 0) first = min(first, load<u64>(slotAt(slot), AT_FIRST_ANSWER));
  }
  return first;
}
