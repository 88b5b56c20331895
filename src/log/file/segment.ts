import { join } from 'node:path';
import { BLOCK_HEADER_BYTES, BLOCK_MAGIC } from '../../../assembly/abi/block.js';
import { BLOCK_BYTES_MAX, MIB } from '../../../assembly/abi/limits.js';
import {
  BLOCK_BODY_DAMAGED,
  BLOCK_CUT,
  BLOCK_FOREIGN,
  BLOCK_MISPLACED,
  BLOCK_NEWER,
  type BlockPlace,
  blockTimeUs,
  verifyBlock,
  verifyHeader,
} from '../block.js';
import type { Disk } from './disk.js';
import { behind, firstBlock, nextBlock, type SegmentBytes } from './resync.js';

/**
 * A segment is a file of whole blocks, named by the offset of its first byte in the partition's
 * stream. It ends where the next one begins, or at its file's end if that comes first: what lies
 * between is a gap, which readers report.
 */
export interface Segment {
  readonly base: bigint;
  /** Receive time of its first block, µs; undefined while it has none. */
  firstUs: bigint | undefined;
}

export const SEGMENT_BYTES_MAX = 64 * MIB;

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

/** Receive time of its first block that can be trusted, µs; undefined while there is none. */
export function readFirstUs(segment: SegmentBytes): bigint | undefined {
  const { disk, file } = segment;
  const header = new Uint8Array(BLOCK_HEADER_BYTES);
  disk.read(file, header, 0);
  if (verifyHeader(header, 0) < 0) {
    const first = firstBlock(segment);
    if (first === undefined) return undefined;
    disk.read(file, header, first);
  }
  return blockTimeUs(header, 0, 'first');
}

/** Bytes from `from` to before `to`, counted from the segment's start, that hold no block that can be trusted; `fault` is a code of block.ts. */
export interface DamagedRange {
  readonly from: number;
  readonly to: number;
  readonly fault: number;
}

export interface Scan {
  /** Bytes up to the end of the last block that can be trusted. */
  readonly bytes: number;
  readonly lastUs: bigint;
  /** Damage before that end. */
  readonly damaged: readonly DamagedRange[];
  /** What follows. `torn`: an append that a crash cut short. `damaged`: more than that was there once; `fault` says what is wrong with it. */
  readonly rest: { readonly kind: 'none' | 'torn' } | { readonly kind: 'damaged'; readonly fault: number };
}

const WINDOW_BYTES = 16 * BLOCK_BYTES_MAX;

/**
 * Verifies a segment block by block, and after damage continues with the next block that can be trusted. Throws where
 * the bytes are sound and nothing may be passed over: a newer Spillway wrote them, or the file is of another partition.
 */
export function scanSegment(segment: SegmentBytes): Scan {
  const { disk, file, size, base } = segment;
  const buffer = new Uint8Array(Math.min(WINDOW_BYTES, size));
  const damaged: DamagedRange[] = [];
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
    if (at === size || (found === BLOCK_CUT && used > 0)) continue;
    refuseSound(found, at, behind(base, at));
    const next = nextBlock(segment, at);
    if (next === undefined) return { bytes: at, lastUs, damaged, rest: judge(segment, at, found) };
    damaged.push({ from: at, to: next, fault: found });
    at = next;
  }
  return { bytes: at, lastUs, damaged, rest: { kind: 'none' } };
}

function refuseSound(found: number, at: number, { partition, offset }: BlockPlace): void {
  const block = `cannot open partition ${partition} of the log: the block at offset ${offset}`;
  if (found === BLOCK_NEWER) throw new Error(`${block} is of a newer version; start the newer Spillway again`);
  if (found === BLOCK_FOREIGN && at === 0) {
    throw new Error(`${block}, the first of its file, belongs to another partition; put the files of the log back where they were`);
  }
}

/**
 * Tells a torn tail from damage: after a torn append nothing whole follows. What follows here is nothing that can be read on
 * from, but a block of another place, or bytes that look like a block, prove that the tail was whole once.
 */
function judge({ disk, file, size, base }: SegmentBytes, at: number, found: number): Scan['rest'] {
  const rest = new Uint8Array(size - at);
  disk.read(file, rest, at);
  const isWhole = found === BLOCK_FOREIGN || found === BLOCK_MISPLACED;
  const searched = found === BLOCK_BODY_DAMAGED ? verifyHeader(rest, 0) : 1;
  const isDamage = isWhole || (found !== BLOCK_CUT && wholeBlockIn(rest, searched, behind(base, at)));
  return isDamage ? { kind: 'damaged', fault: found } : { kind: 'torn' };
}

const MAGIC = Buffer.alloc(4);
MAGIC.writeUInt32LE(BLOCK_MAGIC);

/** Whether any block lies wholly in the bytes, which begin at `place`, whether it belongs there or not. */
function wholeBlockIn(bytes: Uint8Array, from: number, place: BlockPlace): boolean {
  const searched = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = searched.indexOf(MAGIC, from); at >= 0; at = searched.indexOf(MAGIC, at + 1)) {
    const found = verifyBlock(bytes, at, behind(place, at));
    if (found > 0 || found === BLOCK_FOREIGN || found === BLOCK_MISPLACED) return true;
  }
  return false;
}
