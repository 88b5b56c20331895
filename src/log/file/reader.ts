import { type ByteSource, type Kept, READ_BELOW_START, READ_DAMAGED, READ_GAP } from '../../contract/block-source.js';
import { BLOCK_CUT, blockBytes, blockFaults, verifyHeader } from '../block.js';
import { type Disk, nodeDisk, WRITE_BYTES_MAX, withFile } from './disk.js';
import { keepAside, quarantineFolder } from './quarantine.js';
import { firstBlock, leastMessages, nextBlock, type SegmentBytes } from './resync.js';
import { listSegments, partitionFolder, segmentPath } from './segment.js';

interface OpenSegment {
  readonly base: bigint;
  /** First byte that is not this segment's; undefined for the newest one, which may still grow. */
  readonly end: bigint | undefined;
  readonly file: number;
  /** Bytes at its beginning that were taken out of the page cache. */
  released: number;
}

/**
 * What was passed leaves the page cache this much at a time, in whole units as long as the log's longest writes: Linux
 * caches up to that much as one piece, and releases no part of it.
 */
const RELEASE_BYTES = 4 * WRITE_BYTES_MAX;

/**
 * Reads a log while another thread writes it. Each reader has its own files open, one a partition,
 * so a segment that retention removes stays readable until the reader moves on.
 */
export class LogReader implements ByteSource {
  readonly unit = 'byte';
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #open = new Map<number, OpenSegment>();
  #fault = BLOCK_CUT;

  constructor(folder: string, disk: Disk = nodeDisk) {
    this.#folder = folder;
    this.#disk = disk;
  }

  /**
   * Reads whole blocks from `offset` on, up to `limit` (the durable offset) and to what `into` holds;
   * `into` has room for the largest block. Answers the bytes read, 0 when offset = limit, or one of
   * the codes of the contract. A call may stop at a segment's end: read on until it answers 0.
   */
  read(partition: number, offset: bigint, limit: bigint, into: Uint8Array): number {
    if (offset >= limit) return 0;
    const segment = this.#segmentAt(partition, offset);
    if (!segment) return READ_BELOW_START;
    const end = segment.end !== undefined && segment.end < limit ? segment.end : limit;
    const wanted = Math.min(into.length, Number(end - offset));
    const bytes = this.#disk.read(segment.file, into.subarray(0, wanted), Number(offset - segment.base));
    if (bytes === 0) return this.#moved(partition, offset, segment) ? this.read(partition, offset, limit, into) : READ_GAP;
    const part = into.subarray(0, bytes);
    const whole = wholeBlocks(part);
    if (whole > 0) return whole;
    this.#fault = verifyHeader(part, 0);
    return READ_DAMAGED;
  }

  /**
   * Passed bytes are wanted again only to rebuild state after a crash, and the disk that took them in gives them out as fast. Cached, a log
   * that is never read again would fill the memory, and each block be laid into memory that nobody has touched for long.
   */
  pass(partition: number, offset: bigint): void {
    const segment = this.#open.get(partition);
    if (!segment) return;
    const bytes = Number(offset - segment.base) - segment.released;
    if (bytes < RELEASE_BYTES) return;
    const whole = bytes - (bytes % WRITE_BYTES_MAX);
    this.#disk.releaseCache(segment.file, segment.released, whole);
    segment.released += whole;
  }

  /** Why the last read answered READ_DAMAGED, a name of block.ts. A header that is sound says more than the file holds: it is cut. */
  get fault(): string {
    return blockFaults.get(this.#fault) ?? 'block_cut';
  }

  /** The first offset after `offset` at which a block can be trusted, or `limit` if there is none. */
  resume(partition: number, offset: bigint, limit: bigint): bigint {
    for (const { base, end } of this.#segmentsFrom(partition, offset, limit)) {
      const found = this.#within(partition, base, end, (segment) =>
        base > offset ? firstBlock(segment) : nextBlock(segment, Number(offset - base)),
      );
      if (found !== undefined) return base + BigInt(found);
    }
    return limit;
  }

  keepAside(partition: number, from: bigint, to: bigint): Kept {
    let [bytes, messages] = [0, 0];
    for (const { base, end } of this.#segmentsFrom(partition, from, to)) {
      const [first, last] = [Number(base > from ? 0n : from - base), Number(end - base)];
      this.#within(partition, base, end, (segment) => {
        bytes += keepAside(this.#folder, segment, first, last);
        messages += leastMessages(segment, first, last);
      });
    }
    return { folder: quarantineFolder(this.#folder), bytes, messages };
  }

  beginsFile(partition: number, offset: bigint): boolean {
    return listSegments(this.#disk, partitionFolder(this.#folder, partition)).includes(offset);
  }

  close(): void {
    for (const { file } of this.#open.values()) this.#disk.close(file);
    this.#open.clear();
  }

  /** The segments that reach into `offset` to `limit`, each up to where the next one begins or to `limit`. */
  #segmentsFrom(partition: number, offset: bigint, limit: bigint): { base: bigint; end: bigint }[] {
    const bases = listSegments(this.#disk, partitionFolder(this.#folder, partition));
    const ranges = bases.map((base, index) => ({ base, end: least(bases[index + 1] ?? limit, limit) }));
    return ranges.filter(({ base, end }) => base < limit && end > offset);
  }

  #within<T>(partition: number, base: bigint, end: bigint, use: (segment: SegmentBytes) => T): T | undefined {
    const disk = this.#disk;
    try {
      return withFile(disk, segmentPath(partitionFolder(this.#folder, partition), base), 'read', (file) =>
        use({ disk, file, size: Number(end - base), base: { partition, offset: base } }),
      );
    } catch (error) {
      // Retention came between the look at the folder and this.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #segmentAt(partition: number, offset: bigint): OpenSegment | undefined {
    const open = this.#open.get(partition);
    if (open && offset >= open.base && (open.end === undefined || offset < open.end)) return open;
    return this.#openAt(partition, offset);
  }

  #openAt(partition: number, offset: bigint): OpenSegment | undefined {
    const folder = partitionFolder(this.#folder, partition);
    const bases = listSegments(this.#disk, folder);
    const index = bases.findLastIndex((base) => base <= offset);
    const base = bases[index];
    if (base === undefined) return undefined;
    const former = this.#open.get(partition);
    if (former) {
      if (former.released > 0) this.#disk.releaseCache(former.file, former.released, 0);
      this.#disk.close(former.file);
    }
    this.#open.delete(partition);
    try {
      const segment = { base, end: bases[index + 1], file: this.#disk.open(segmentPath(folder, base), 'read'), released: 0 };
      this.#open.set(partition, segment);
      return segment;
    } catch (error) {
      // Retention came between the look at the folder and this.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Nothing more in the newest known segment: whether the log has begun a newer one that holds `offset`. */
  #moved(partition: number, offset: bigint, from: OpenSegment): boolean {
    const to = this.#openAt(partition, offset);
    return to !== undefined && to.base > from.base;
  }
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

/** Bytes of the blocks that lie wholly in `bytes`. Their hashes are the kernel's to check. */
function wholeBlocks(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (;;) {
    const block = blockBytes(view, at);
    if (block < 0 || at + block > bytes.length) return at;
    at += block;
  }
}
