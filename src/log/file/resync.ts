import { BLOCK_HEADER_BYTES, BLOCK_MAGIC } from '../../../assembly/abi/block.js';
import { BLOCK_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { BLOCK_NEWER, type BlockPlace, blockMessages, isStamped, verifyBlock, verifyHeader } from '../block.js';
import type { Disk } from './disk.js';

/** The bytes of one segment's file up to `size`; `base` is the place of the first. */
export interface SegmentBytes {
  readonly disk: Disk;
  readonly file: number;
  readonly size: number;
  readonly base: BlockPlace;
}

const WINDOW_BYTES = 4 * BLOCK_BYTES_MAX;
const MAGIC = Buffer.alloc(4);
MAGIC.writeUInt32LE(BLOCK_MAGIC);

/**
 * Where in a segment the next block begins that can be trusted, after the damage at `at`; undefined: nowhere.
 * A sound header in its place is believed about where its block ends. Anywhere else blocks are looked for by their magic, and
 * such bytes may be what a device sent as payload. So both hashes must be right and the block must carry the very offset
 * at which it lies: the log stamps that, and no device can know where its message will come to lie.
 */
export function nextBlock(segment: SegmentBytes, at: number): number | undefined {
  const header = soundHeader(segment, at);
  return search(segment, at + (header ? header.bytes : 1));
}

/** Where the segment's first block begins that can be trusted. */
export function firstBlock(segment: SegmentBytes): number | undefined {
  return search(segment, 0);
}

/** How many messages the blocks from `from` to `to` held at least: what sound headers in their place tell, and one for the rest. */
export function leastMessages(segment: SegmentBytes, from: number, to: number): number {
  let messages = 0;
  for (let at = from; at < to; ) {
    const header = soundHeader(segment, at);
    if (!header) return messages + 1;
    messages += header.messages;
    at += header.bytes;
  }
  return messages;
}

export function behind({ partition, offset }: BlockPlace, bytes: number): BlockPlace {
  return { partition, offset: offset + BigInt(bytes) };
}

/** What the header at `at` says, if it is sound and where it belongs. */
function soundHeader({ disk, file, size, base }: SegmentBytes, at: number): { bytes: number; messages: number } | undefined {
  const header = new Uint8Array(BLOCK_HEADER_BYTES);
  if (at + header.length > size || disk.read(file, header, at) < header.length) return undefined;
  const bytes = verifyHeader(header, 0);
  if (bytes < 0 || !isStamped(header, 0, behind(base, at))) return undefined;
  return { bytes, messages: blockMessages(header, 0) };
}

function search({ disk, file, size, base }: SegmentBytes, from: number): number | undefined {
  if (from >= size) return undefined;
  const buffer = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, size - from));
  for (let at = from; at < size; ) {
    const window = buffer.subarray(0, disk.read(file, buffer.subarray(0, size - at), at));
    const isLast = window.length < buffer.length || at + window.length >= size;
    // Behind this a block might reach over the window's end: the next window begins there.
    const decided = isLast ? window.length : window.length - BLOCK_BYTES_MAX;
    for (let index = window.indexOf(MAGIC); index >= 0 && index <= decided; index = window.indexOf(MAGIC, index + 1)) {
      if (isTrusted(window, index, behind(base, at + index))) return at + index;
    }
    if (isLast) return undefined;
    at += decided + 1;
  }
  return undefined;
}

/** A block of a newer version is found too: whoever comes to it must stop there rather than pass over it. */
function isTrusted(bytes: Uint8Array, at: number, place: BlockPlace): boolean {
  if (bytes.length - at < BLOCK_HEADER_BYTES || !isStamped(bytes, at, place)) return false;
  const found = verifyBlock(bytes, at, place);
  return found > 0 || found === BLOCK_NEWER;
}
