import { join } from 'node:path';
import * as abi from '../../assembly/abi.js';
import {
  BLOCK_BODY_DAMAGED,
  BLOCK_CUT,
  BLOCK_FOREIGN,
  BLOCK_HEADER_DAMAGED,
  BLOCK_MISPLACED,
  BLOCK_NEWER,
  type BlockPlace,
  blockTimeUs,
  verifyBlock,
  verifyHeader,
} from './block.js';
import type { Disk } from './disk.js';

/**
 * A segment is a file of whole blocks, named by the offset of its first byte in the partition's
 * stream. It ends where the next one begins, or at its file's end if that comes first: what lies
 * between is a gap that the log has reported.
 */
export interface Segment {
  readonly base: bigint;
  /** Receive time of its first block, µs; undefined while it has none. */
  firstUs: bigint | undefined;
}

export const SEGMENT_BYTES_MAX = 64 * abi.MIB;

const NAME = /^(\d{20})\.log$/;

export function partitionFolder(folder: string, partition: number): string {
  return join(folder, String(partition).padStart(2, '0'));
}

export function segmentPath(folder: string, base: bigint): string {
  return join(folder, `${String(base).padStart(20, '0')}.log`);
}

/** Bases of a partition's segments, ascending. */
export function listSegments(disk: Disk, folder: string): bigint[] {
  const bases = disk.list(folder).flatMap((name) => NAME.exec(name)?.[1] ?? []);
  return bases.sort().map(BigInt);
}

export function readFirstUs(disk: Disk, file: number): bigint | undefined {
  const header = new Uint8Array(abi.BLOCK_HEADER_BYTES);
  disk.read(file, header, 0);
  return verifyHeader(header, 0) < 0 ? undefined : blockTimeUs(header, 0, 'first');
}

export interface Scan {
  /** Bytes of whole blocks from the segment's start on. */
  readonly bytes: number;
  readonly lastUs: bigint;
  /**
   * What follows them. `torn`: an append that a crash cut short. `damaged`: a block that was once
   * whole, or is no block of this place; `fault` says which, and the next one that can be trusted is at `next`, if any.
   */
  readonly rest:
    | { readonly kind: 'none' | 'torn' }
    | { readonly kind: 'damaged'; readonly fault: number; readonly next: number | undefined };
}

const WINDOW_BYTES = 16 * abi.BLOCK_BYTES_MAX;

/** Verifies a segment of `size` bytes, which begins at `base`, block by block. Throws when a newer Spillway wrote it. */
export function scanSegment(disk: Disk, file: number, size: number, base: BlockPlace): Scan {
  const buffer = new Uint8Array(Math.min(WINDOW_BYTES, size));
  let at = 0;
  let lastUs = 0n;
  while (at < size) {
    const window = buffer.subarray(0, disk.read(file, buffer.subarray(0, size - at), at));
    let used = 0;
    let found = verifyBlock(window, used, behind(base, at));
    while (found > 0) {
      lastUs = blockTimeUs(window, used, 'last');
      used += found;
      found = verifyBlock(window, used, behind(base, at + used));
    }
    at += used;
    // A block cut by the window's end is read again with what follows; cut by the file's end it is torn.
    const cut = found === BLOCK_CUT && at < size && used > 0;
    if (!cut && at < size) return { bytes: at, lastUs, rest: judge(disk, file, size, at, found, base) };
  }
  return { bytes: at, lastUs, rest: { kind: 'none' } };
}

/**
 * Tells a torn tail from damage: after a torn append nothing whole follows. Only a sound header is
 * believed about where the next block begins. Found by its magic alone, a "block" could be bytes that
 * a device sent as payload, so such a find proves damage but is not read on from.
 */
function judge(disk: Disk, file: number, size: number, at: number, found: number, base: BlockPlace): Scan['rest'] {
  const place = behind(base, at);
  if (found === BLOCK_NEWER) {
    throw new Error(
      `cannot open partition ${place.partition} of the log: the block at offset ${place.offset} is of a newer version; start the newer Spillway again`,
    );
  }
  const rest = new Uint8Array(size - at);
  disk.read(file, rest, at);
  const isWhole = found === BLOCK_FOREIGN || found === BLOCK_MISPLACED;
  if (found === BLOCK_BODY_DAMAGED || isWhole) {
    const next = verifyHeader(rest, 0);
    if (verifyBlock(rest, next, behind(place, next)) > 0) return { kind: 'damaged', fault: found, next: at + next };
    return isWhole || wholeBlockIn(rest, next, place) ? { kind: 'damaged', fault: found, next: undefined } : { kind: 'torn' };
  }
  const isDamage = found === BLOCK_HEADER_DAMAGED && wholeBlockIn(rest, 1, place);
  return isDamage ? { kind: 'damaged', fault: found, next: undefined } : { kind: 'torn' };
}

function behind({ partition, offset }: BlockPlace, bytes: number): BlockPlace {
  return { partition, offset: offset + BigInt(bytes) };
}

const MAGIC = Buffer.alloc(4);
MAGIC.writeUInt32LE(abi.BLOCK_MAGIC);

/** Whether any block lies wholly in the bytes, which begin at `place`, whether it belongs there or not. */
function wholeBlockIn(bytes: Uint8Array, from: number, place: BlockPlace): boolean {
  const searched = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = searched.indexOf(MAGIC, from); at >= 0; at = searched.indexOf(MAGIC, at + 1)) {
    const found = verifyBlock(bytes, at, behind(place, at));
    if (found > 0 || found === BLOCK_FOREIGN || found === BLOCK_MISPLACED) return true;
  }
  return false;
}
