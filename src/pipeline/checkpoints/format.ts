import assert from 'node:assert/strict';
import xxhash from 'xxhash-wasm';
import { MIB } from '../../../assembly/abi/limits.js';
import { SHAPE_BYTES, SHAPES_BYTES, SHAPES_MAX, SHAPES_OFFSET } from '../../../assembly/abi/pipeline.js';
import { BIRTH_BYTES, DEFINITION_BYTES } from '../../../assembly/abi/sparkplug.js';
import {
  ACCOUNT_BYTES,
  ACCOUNTS_BYTES,
  ACCOUNTS_OFFSET,
  BIRTHS_BYTES,
  BIRTHS_OFFSET,
  DEAD_PAGE_BYTES,
  DEAD_PAGES_BYTES,
  DEAD_PAGES_OFFSET,
  DEFINITIONS_BYTES,
  DEFINITIONS_OFFSET,
  FINGERPRINT_SLOTS,
  FINGERPRINTS_BYTES,
  FINGERPRINTS_OFFSET,
  REPLAYS_BYTES,
  REPLAYS_OFFSET,
  RUN_PAGE_BYTES,
  RUN_PAGES_BYTES,
  RUN_PAGES_OFFSET,
  SERIES_BYTES,
  SERIES_ENTRY_BYTES,
  SERIES_OFFSET,
  SOURCES_BYTES,
  SOURCES_OFFSET,
  STATE_DEVICE_BYTES,
  STATE_DEVICES_BYTES,
  STATE_DEVICES_OFFSET,
  STATE_HEAD_BYTES,
  STATE_HEAD_OFFSET,
  STATE_SECTION_BYTES,
  STATE_SECTIONS_OFFSET,
  STATE_VERSION,
  TEXT_PAGES_BYTES,
  TEXT_PAGES_OFFSET,
} from '../../../assembly/abi/state.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { RefusalName } from './refusals.js';

const { create64 } = await xxhash();

// The state of a partition after one block of its log:
//
//   0  u32 magic "SPWC"         16  u64 layout             40  u64 file bytes
//   4  u16 version              24  u64 log offset         48  u64 taken at, ms of the Unix epoch
//   6  u16 partitions           32  u64 last receive, µs   56  u32 sections, u32 reserved, 0
//   8  u32 partition            64  u64 database, the first half of its id
//  12  u32 header bytes         72  sections: u32 region, u32 bytes; as many as there is room for
//                              200  their bytes, back to back; then u64 xxh64 of all before it, seed 0

const MAGIC = 0x43575053;
export const CHECKPOINT_VERSION = 2;
const AT_VERSION = 4;
const AT_PARTITIONS = 6;
const AT_PARTITION = 8;
const AT_HEADER_BYTES = 12;
const AT_LAYOUT = 16;
const AT_OFFSET = 24;
const AT_LAST_US = 32;
const AT_FILE_BYTES = 40;
const AT_TAKEN_MS = 48;
const AT_SECTIONS = 56;
const AT_DATABASE = 64;
const SECTIONS_AT = 72;
const SECTION_BYTES = 8;
const SECTIONS_MAX = 16;
const HEADER_BYTES = 200;
const HASH_BYTES = 8;
/** What is hashed at a time: the hash lives in a memory of its own, into which bytes are copied. */
const HASHED_BYTES = MIB;

/** What a checkpoint says of itself. */
export interface CheckpointMeta {
  readonly partition: number;
  readonly partitions: number;
  /** Place in the log after the last block that the state knows. */
  readonly offset: bigint;
  /** Receive time of that block's last message, µs. */
  readonly lastUs: number;
  readonly takenMs: number;
  /** Whose numbers of devices and metrics the state has. */
  readonly database: bigint;
}

interface Section {
  /** Of the region that it lies in from its start on. */
  readonly region: number;
  readonly bytes: number;
}

/**
 * The parts of the state, by the numbers that they have in a checkpoint, which are given once and for all. What they
 * hold names no address, so that a region may move or grow without an older checkpoint becoming useless.
 */
const regions = [
  { offset: STATE_HEAD_OFFSET, bytesMax: STATE_HEAD_BYTES },
  { offset: STATE_DEVICES_OFFSET, bytesMax: STATE_DEVICES_BYTES },
  { offset: SERIES_OFFSET, bytesMax: SERIES_BYTES },
  { offset: RUN_PAGES_OFFSET, bytesMax: RUN_PAGES_BYTES },
  { offset: FINGERPRINTS_OFFSET, bytesMax: FINGERPRINTS_BYTES / 2 },
  { offset: FINGERPRINTS_OFFSET + FINGERPRINTS_BYTES / 2, bytesMax: FINGERPRINTS_BYTES / 2 },
  { offset: SHAPES_OFFSET, bytesMax: SHAPES_BYTES },
  { offset: ACCOUNTS_OFFSET, bytesMax: ACCOUNTS_BYTES },
  { offset: SOURCES_OFFSET, bytesMax: SOURCES_BYTES },
  { offset: DEAD_PAGES_OFFSET, bytesMax: DEAD_PAGES_BYTES },
  { offset: TEXT_PAGES_OFFSET, bytesMax: TEXT_PAGES_BYTES },
  { offset: REPLAYS_OFFSET, bytesMax: REPLAYS_BYTES },
  { offset: BIRTHS_OFFSET, bytesMax: BIRTHS_BYTES },
  { offset: DEFINITIONS_OFFSET, bytesMax: DEFINITIONS_BYTES },
] as const;

/** Differs when the same bytes would mean something else. */
const layout = BigInt.asUintN(
  64,
  create64()
    .update(
      [
        ...[STATE_VERSION, STATE_HEAD_BYTES, STATE_DEVICE_BYTES, SERIES_ENTRY_BYTES, RUN_PAGE_BYTES],
        ...[FINGERPRINT_SLOTS, SHAPE_BYTES, SHAPES_MAX, ACCOUNT_BYTES, DEAD_PAGE_BYTES],
        ...[BIRTH_BYTES, DEFINITION_BYTES],
      ].join(),
    )
    .digest(),
);

/** Bytes of a checkpoint of the kernel's state, as describeState lists it. */
export function checkpointBytes(memory: KernelMemory): number {
  return HEADER_BYTES + stateSections(memory).reduce((sum, { bytes }) => sum + bytes, 0) + HASH_BYTES;
}

/** Lays a checkpoint without its hash into `into`, which has checkpointBytes of room; answers these bytes. */
export function layCheckpoint(into: Uint8Array, memory: KernelMemory, meta: CheckpointMeta): number {
  const sections = stateSections(memory);
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  into.fill(0, 0, HEADER_BYTES);
  let at = HEADER_BYTES;
  sections.forEach(({ region, bytes }, index) => {
    const offset = offsetOf(region);
    view.setUint32(SECTIONS_AT + index * SECTION_BYTES, region, true);
    view.setUint32(SECTIONS_AT + index * SECTION_BYTES + 4, bytes, true);
    into.set(memory.bytes.subarray(offset, offset + bytes), at);
    at += bytes;
  });
  view.setUint32(0, MAGIC, true);
  view.setUint16(AT_VERSION, CHECKPOINT_VERSION, true);
  view.setUint16(AT_PARTITIONS, meta.partitions, true);
  view.setUint32(AT_PARTITION, meta.partition, true);
  view.setUint32(AT_HEADER_BYTES, HEADER_BYTES, true);
  view.setBigUint64(AT_LAYOUT, layout, true);
  view.setBigUint64(AT_OFFSET, meta.offset, true);
  view.setBigUint64(AT_LAST_US, BigInt(Math.round(meta.lastUs)), true);
  view.setBigUint64(AT_FILE_BYTES, BigInt(at + HASH_BYTES), true);
  view.setBigUint64(AT_TAKEN_MS, BigInt(Math.round(meta.takenMs)), true);
  view.setUint32(AT_SECTIONS, sections.length, true);
  view.setBigInt64(AT_DATABASE, meta.database, true);
  return at + HASH_BYTES;
}

/** Writes the hash after everything else; whoever writes the file does it, as it takes longer than the copy. */
export function sealCheckpoint(bytes: Uint8Array): void {
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).setBigUint64(bytes.length - HASH_BYTES, hashOf(bytes), true);
}

/** What a partition that opens a checkpoint is, and what its log and its database hold. */
export interface CheckpointReader {
  readonly partition: number;
  readonly partitions: number;
  /** Rows up to here are in the database. */
  readonly committed: bigint;
  /** The oldest offset in the log. */
  readonly logStart: bigint;
  readonly database: bigint;
}

/** The checkpoint's own words, once every check went through, or the reason to refuse it. */
export function checkCheckpoint(bytes: Uint8Array, reader: CheckpointReader): CheckpointMeta | RefusalName {
  if (bytes.length < HEADER_BYTES + HASH_BYTES) return 'checkpoint_truncated';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return 'checkpoint_malformed';
  // Of another version nothing else can be relied on.
  const version = view.getUint16(AT_VERSION, true);
  if (version > CHECKPOINT_VERSION) return 'checkpoint_newer';
  if (version < CHECKPOINT_VERSION) return 'checkpoint_older';
  if (view.getUint32(AT_HEADER_BYTES, true) !== HEADER_BYTES) return 'checkpoint_malformed';
  const fileBytes = view.getBigUint64(AT_FILE_BYTES, true);
  if (BigInt(bytes.length) < fileBytes) return 'checkpoint_truncated';
  if (BigInt(bytes.length) > fileBytes) return 'checkpoint_malformed';
  if (view.getBigUint64(bytes.length - HASH_BYTES, true) !== hashOf(bytes)) return 'checkpoint_damaged';
  if (view.getBigUint64(AT_LAYOUT, true) !== layout) return 'checkpoint_of_other_layout';
  const meta: CheckpointMeta = {
    partition: view.getUint32(AT_PARTITION, true),
    partitions: view.getUint16(AT_PARTITIONS, true),
    offset: view.getBigUint64(AT_OFFSET, true),
    lastUs: Number(view.getBigUint64(AT_LAST_US, true)),
    takenMs: Number(view.getBigUint64(AT_TAKEN_MS, true)),
    database: view.getBigInt64(AT_DATABASE, true),
  };
  if (meta.database !== reader.database) return 'checkpoint_of_other_database';
  if (meta.partitions !== reader.partitions) return 'checkpoint_of_other_partitions';
  if (meta.partition !== reader.partition) return 'checkpoint_of_other_partition';
  if (meta.offset > reader.committed) return 'checkpoint_not_committed';
  if (meta.offset < reader.logStart) return 'checkpoint_below_log';
  return areInside(fileSections(view), bytes.length - HEADER_BYTES - HASH_BYTES) ? meta : 'checkpoint_malformed';
}

/** When a checkpoint was taken, ms of the Unix epoch, as it says itself. */
export function takenMsOf(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(AT_TAKEN_MS, true));
}

/** Lays the sections of a checkpoint that was checked where they belong in an empty memory. */
export function placeCheckpoint(bytes: Uint8Array, memory: KernelMemory): void {
  let at = HEADER_BYTES;
  for (const section of fileSections(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))) {
    memory.bytes.set(bytes.subarray(at, at + section.bytes), offsetOf(section.region));
    at += section.bytes;
  }
}

/** As describeState listed them: offset and bytes. */
function stateSections({ view }: KernelMemory): Section[] {
  return Array.from({ length: view.getUint32(STATE_SECTIONS_OFFSET, true) }, (_, index) => {
    const at = STATE_SECTIONS_OFFSET + 8 + index * STATE_SECTION_BYTES;
    const offset = view.getUint32(at, true);
    const region = regions.findIndex((one) => one.offset === offset);
    assert(region >= 0, 'a part of the state has no number');
    return { region, bytes: view.getUint32(at + 4, true) };
  });
}

function fileSections(view: DataView): Section[] {
  return Array.from({ length: Math.min(view.getUint32(AT_SECTIONS, true), SECTIONS_MAX) }, (_, index) => {
    const at = SECTIONS_AT + index * SECTION_BYTES;
    return { region: view.getUint32(at, true), bytes: view.getUint32(at + 4, true) };
  });
}

function areInside(sections: readonly Section[], dataBytes: number): boolean {
  const once = new Set(sections.map(({ region }) => region)).size === sections.length;
  const fit = sections.every(({ region, bytes }) => bytes <= (regions[region]?.bytesMax ?? -1));
  return once && fit && sections.reduce((sum, { bytes }) => sum + bytes, 0) === dataBytes;
}

function offsetOf(region: number): number {
  const found = regions[region];
  assert(found, 'no such part of the state');
  return found.offset;
}

function hashOf(file: Uint8Array): bigint {
  const hash = create64();
  const end = file.length - HASH_BYTES;
  for (let at = 0; at < end; at += HASHED_BYTES) hash.update(file.subarray(at, Math.min(end, at + HASHED_BYTES)));
  return BigInt.asUintN(64, hash.digest());
}
