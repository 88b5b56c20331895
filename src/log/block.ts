import xxhash from 'xxhash-wasm';
import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_AT_BODY_HASH,
  BLOCK_AT_FIRST_US,
  BLOCK_AT_HEADER_BYTES,
  BLOCK_AT_HEADER_HASH,
  BLOCK_AT_LAST_US,
  BLOCK_AT_MAGIC,
  BLOCK_AT_PARTITION,
  BLOCK_AT_PLACE,
  BLOCK_AT_RECORDS,
  BLOCK_AT_VERSION,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  BLOCK_VERSION,
} from '../../assembly/abi/block.js';
import { BLOCK_BYTES_MAX } from '../../assembly/abi/limits.js';

const { h64Raw } = await xxhash();

/** The bytes at hand end inside the block. */
export const BLOCK_CUT = -1;
/** The bytes are no header, or its hash is wrong: the block's length is unknown. */
export const BLOCK_HEADER_DAMAGED = -2;
/** The header is whole, the body is not what it was. */
export const BLOCK_BODY_DAMAGED = -3;
/** A newer Spillway wrote it: nothing after its magic can be read. */
export const BLOCK_NEWER = -4;
/** It is whole, and belongs to another partition. */
export const BLOCK_FOREIGN = -5;
/** It is whole, and was written to another offset: it is here twice, or out of order. */
export const BLOCK_MISPLACED = -6;

/** Names for the operator and for callers, by what a check answered. */
export const blockFaults: ReadonlyMap<number, string> = new Map([
  [BLOCK_CUT, 'block_cut'],
  [BLOCK_HEADER_DAMAGED, 'block_header_damaged'],
  [BLOCK_BODY_DAMAGED, 'block_body_damaged'],
  [BLOCK_NEWER, 'block_newer'],
  [BLOCK_FOREIGN, 'block_foreign'],
  [BLOCK_MISPLACED, 'block_misplaced'],
]);

/** Where a block was found. */
export interface BlockPlace {
  readonly partition: number;
  readonly offset: bigint;
}

/** Bytes of the block whose header is at `at`, or why it is none. The header's hash is not looked at. */
export function blockBytes(bytes: DataView, at: number): number {
  if (bytes.byteLength - at < BLOCK_HEADER_BYTES) return BLOCK_CUT;
  if (bytes.getUint32(at + BLOCK_AT_MAGIC, true) !== BLOCK_MAGIC) return BLOCK_HEADER_DAMAGED;
  const version = bytes.getUint16(at + BLOCK_AT_VERSION, true);
  if (version !== BLOCK_VERSION) return version > BLOCK_VERSION ? BLOCK_NEWER : BLOCK_HEADER_DAMAGED;
  if (bytes.getUint16(at + BLOCK_AT_HEADER_BYTES, true) !== BLOCK_HEADER_BYTES) return BLOCK_HEADER_DAMAGED;
  const total = BLOCK_HEADER_BYTES + bytes.getUint32(at + BLOCK_AT_BODY_BYTES, true);
  return total > BLOCK_BYTES_MAX ? BLOCK_HEADER_DAMAGED : total;
}

/** Bytes of the block at `at` once both of its hashes proved right and it is where it belongs, else the reason why not. */
export function verifyBlock(bytes: Uint8Array, at: number, place: BlockPlace): number {
  const total = verifyHeader(bytes, at);
  if (total < 0) return total;
  if (bytes.length - at < total) return BLOCK_CUT;
  const body = bytes.subarray(at + BLOCK_HEADER_BYTES, at + total);
  if (h64Raw(body, 0n) !== readU64(bytes, at + BLOCK_AT_BODY_HASH)) return BLOCK_BODY_DAMAGED;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(at + BLOCK_AT_PARTITION, true) !== place.partition) return BLOCK_FOREIGN;
  return readU64(bytes, at + BLOCK_AT_PLACE) === 0n || isStamped(bytes, at, place) ? total : BLOCK_MISPLACED;
}

/** Whether the log has written this very place into the header at `at`. */
export function isStamped(bytes: Uint8Array, at: number, { offset }: BlockPlace): boolean {
  return readU64(bytes, at + BLOCK_AT_PLACE) === offset + 1n;
}

/** Bytes of the block at `at` whose header proved right, whatever its body is and wherever it belongs. */
export function verifyHeader(bytes: Uint8Array, at: number): number {
  const total = blockBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at);
  if (total < 0 && total !== BLOCK_NEWER) return total;
  const hashed = bytes.subarray(at, at + BLOCK_AT_HEADER_HASH);
  return h64Raw(hashed, 0n) === readU64(bytes, at + BLOCK_AT_HEADER_HASH) ? total : BLOCK_HEADER_DAMAGED;
}

/** Messages of a block whose header is sound. */
export function blockMessages(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, BLOCK_HEADER_BYTES).getUint32(BLOCK_AT_RECORDS, true);
}

/** Writes into a sealed block where the log puts it. */
export function stampPlace(block: Uint8Array, offset: bigint): void {
  new DataView(block.buffer, block.byteOffset, block.length).setBigUint64(BLOCK_AT_PLACE, offset + 1n, true);
}

/** Receive time of a block's first or last message, µs of the Unix epoch. */
export function blockTimeUs(bytes: Uint8Array, at: number, which: 'first' | 'last'): bigint {
  return readU64(bytes, at + (which === 'first' ? BLOCK_AT_FIRST_US : BLOCK_AT_LAST_US));
}

function readU64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true);
}
