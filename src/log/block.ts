import xxhash from 'xxhash-wasm';
import * as abi from '../../assembly/abi.js';

const { h64Raw } = await xxhash();

/** The bytes at hand end inside the block. */
export const BLOCK_CUT = -1;
/** The bytes are no header of this version, or its hash is wrong: the block's length is unknown. */
export const BLOCK_HEADER_DAMAGED = -2;
/** The header is whole, the body is not what it was. */
export const BLOCK_BODY_DAMAGED = -3;

/** Bytes of the block whose header is at `at`, or BLOCK_CUT or BLOCK_HEADER_DAMAGED. The header's hash is not looked at. */
export function blockBytes(bytes: DataView, at: number): number {
  if (bytes.byteLength - at < abi.BLOCK_HEADER_BYTES) return BLOCK_CUT;
  if (bytes.getUint32(at + abi.BLOCK_AT_MAGIC, true) !== abi.BLOCK_MAGIC) return BLOCK_HEADER_DAMAGED;
  if (bytes.getUint16(at + abi.BLOCK_AT_VERSION, true) !== abi.BLOCK_VERSION) return BLOCK_HEADER_DAMAGED;
  if (bytes.getUint16(at + abi.BLOCK_AT_HEADER_BYTES, true) !== abi.BLOCK_HEADER_BYTES) return BLOCK_HEADER_DAMAGED;
  const total = abi.BLOCK_HEADER_BYTES + bytes.getUint32(at + abi.BLOCK_AT_BODY_BYTES, true);
  return total > abi.BLOCK_BYTES_MAX ? BLOCK_HEADER_DAMAGED : total;
}

/** Bytes of the block at `at` once both of its hashes proved right, else the reason why not. */
export function verifyBlock(bytes: Uint8Array, at: number): number {
  const total = verifyHeader(bytes, at);
  if (total < 0) return total;
  if (bytes.length - at < total) return BLOCK_CUT;
  const body = bytes.subarray(at + abi.BLOCK_HEADER_BYTES, at + total);
  return h64Raw(body, 0n) === readU64(bytes, at + abi.BLOCK_AT_BODY_HASH) ? total : BLOCK_BODY_DAMAGED;
}

/** Bytes of the block whose header at `at` proved right, whatever its body is. */
export function verifyHeader(bytes: Uint8Array, at: number): number {
  const total = blockBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at);
  if (total < 0) return total;
  const hashed = bytes.subarray(at, at + abi.BLOCK_AT_HEADER_HASH);
  return h64Raw(hashed, 0n) === readU64(bytes, at + abi.BLOCK_AT_HEADER_HASH) ? total : BLOCK_HEADER_DAMAGED;
}

/** Messages of a block whose header is sound. */
export function blockMessages(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, abi.BLOCK_HEADER_BYTES).getUint32(abi.BLOCK_AT_RECORDS, true);
}

/** Receive time of a block's first or last message, µs of the Unix epoch. */
export function blockTimeUs(bytes: Uint8Array, at: number, which: 'first' | 'last'): bigint {
  return readU64(bytes, at + (which === 'first' ? abi.BLOCK_AT_FIRST_US : abi.BLOCK_AT_LAST_US));
}

function readU64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true);
}
