import * as abi from '../../assembly/abi.js';
import { blockFaults, blockTimeUs, verifyBlock } from './block.js';
import { type Disk, nodeDisk, withFile } from './disk.js';
import { LogReader, READ_BELOW_START, READ_GAP } from './reader.js';
import { listSegments, partitionFolder, readFirstUs, segmentPath } from './segment.js';

/** What a reader passes over, and why; it goes on at `to`. */
export type Skipped =
  /** Retention removed it. */
  | { readonly kind: 'below-start'; readonly from: bigint; readonly to: bigint }
  /** Nothing is there: a file is missing or too short. */
  | { readonly kind: 'gap'; readonly from: bigint; readonly to: bigint }
  /** No block that belongs there; `code` is a name of block.ts. */
  | { readonly kind: 'damaged'; readonly from: bigint; readonly to: bigint; readonly code: string };

/** Everything durable was read; more may come behind `offset`. */
export interface End {
  readonly kind: 'end';
  readonly offset: bigint;
}

/** `bytes` are the reader's, and change when it goes on. */
export interface HistoryBlock {
  readonly kind: 'block';
  readonly offset: bigint;
  readonly bytes: Uint8Array;
}

/** `offset` is the record's own place, as dead letters name it, `block` that of its block; `payload` changes when the reader goes on. */
export interface HistoryRecord {
  readonly kind: 'record';
  readonly block: bigint;
  readonly offset: bigint;
  readonly device: number;
  readonly receiveUs: bigint;
  readonly channel: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Whether the log still has all that was received at and after a time. */
export interface TimePlace {
  /** Where its block begins: `records(partition, block, offset)` goes on from here. */
  readonly block: bigint;
  /** Of the first record that was received at the time or later; the end of what is durable if there is none. */
  readonly offset: bigint;
  /** False: retention removed messages that may have been later than the time. */
  readonly isComplete: boolean;
}

const READ_BYTES = 4 * abi.BLOCK_BYTES_MAX;
/** How far receive times may step back in a log: gateways seal at their own pace, and clocks are set. */
const DISORDER_US = 60_000_000n;

/** Reads one log from any offset or time on, beside its writer and its retention. Everything it passes over is told. */
export class LogHistory {
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #durable: (partition: number) => bigint;

  /** `durable` is asked at every read: what lies behind it is not looked at. */
  constructor(folder: string, durable: (partition: number) => bigint, disk: Disk = nodeDisk) {
    this.#folder = folder;
    this.#durable = durable;
    this.#disk = disk;
  }

  /** Blocks from the one that begins at `offset` on, each verified to its last byte. The last item is the end. */
  *blocks(partition: number, offset: bigint): Generator<HistoryBlock | Skipped | End> {
    const reader = new LogReader(this.#folder, this.#disk);
    const into = new Uint8Array(READ_BYTES);
    try {
      for (let at = offset; ; ) {
        const limit = this.#durable(partition);
        const read = reader.read(partition, at, limit, into);
        if (read === 0) {
          yield { kind: 'end', offset: at };
          return;
        }
        if (read < 0) {
          const to = reader.resume(partition, at, limit);
          yield skipped(read, at, to, reader.fault);
          at = to;
          continue;
        }
        at = yield* this.#verified(reader, partition, at, into.subarray(0, read), limit);
      }
    } finally {
      reader.close();
    }
  }

  /** Records from the block at `block` on; `from`: the first of them that is wanted. */
  *records(partition: number, block: bigint, from = block): Generator<HistoryRecord | Skipped | End> {
    for (const item of this.blocks(partition, block)) {
      if (item.kind !== 'block') yield item;
      else for (const record of recordsOf(item)) if (record.offset >= from) yield record;
    }
  }

  /** Records received at `timeUs` or later, in the order of the log. */
  *recordsSince(partition: number, timeUs: bigint): Generator<HistoryRecord | Skipped | End> {
    for (const item of this.blocks(partition, this.#segmentSince(partition, timeUs).base)) {
      if (item.kind !== 'block') yield item;
      else if (blockTimeUs(item.bytes, 0, 'last') >= timeUs) {
        for (const record of recordsOf(item)) if (record.receiveUs >= timeUs) yield record;
      }
    }
  }

  /**
   * The first offset whose receive time is at or after a time: by the times at which segments begin, then inside the segment.
   * A log whose clock stepped back by more than a minute may be read from a later offset than that.
   */
  offsetAt(partition: number, timeUs: bigint): TimePlace {
    const { isComplete } = this.#segmentSince(partition, timeUs);
    for (const item of this.recordsSince(partition, timeUs)) {
      if (item.kind === 'record') return { block: item.block, offset: item.offset, isComplete };
      if (item.kind === 'end') return { block: item.offset, offset: item.offset, isComplete };
    }
    throw new Error('a history ends with its end');
  }

  /** The segment from which on to look for a time. */
  #segmentSince(partition: number, timeUs: bigint): { base: bigint; isComplete: boolean } {
    const bases = listSegments(this.#disk, partitionFolder(this.#folder, partition));
    let index = bases.length - 1;
    // Backwards, as most of those who ask want the latest. A segment may reach into the time if the next one begins about then.
    while (index > 0 && !this.#isBefore(partition, bases[index] as bigint, timeUs)) index--;
    const base = bases[Math.max(index, 0)] ?? this.#durable(partition);
    return { base, isComplete: index > 0 || base === 0n || this.#isBefore(partition, base, timeUs) };
  }

  /** Whether a segment begins so long before a time that nothing in front of it reaches into the time. */
  #isBefore(partition: number, base: bigint, timeUs: bigint): boolean {
    const firstUs = this.#firstUs(partition, base);
    return firstUs !== undefined && firstUs + DISORDER_US < timeUs;
  }

  #firstUs(partition: number, offset: bigint): bigint | undefined {
    const disk = this.#disk;
    const path = segmentPath(partitionFolder(this.#folder, partition), offset);
    try {
      return withFile(disk, path, 'read', (file) => readFirstUs({ disk, file, size: disk.size(file), base: { partition, offset } }));
    } catch (error) {
      // Retention came between the look at the folder and this.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Blocks of one read; answers where to go on. */
  *#verified(
    reader: LogReader,
    partition: number,
    from: bigint,
    bytes: Uint8Array,
    limit: bigint,
  ): Generator<HistoryBlock | Skipped, bigint> {
    let at = 0;
    while (at < bytes.length) {
      const offset = from + BigInt(at);
      const found = verifyBlock(bytes, at, { partition, offset });
      if (found > 0) {
        yield { kind: 'block', offset, bytes: bytes.subarray(at, at + found) };
        at += found;
        continue;
      }
      const to = reader.resume(partition, offset, limit);
      yield { kind: 'damaged', from: offset, to, code: blockFaults.get(found) ?? 'unknown' };
      return to;
    }
    return from + BigInt(at);
  }
}

function skipped(answer: number, from: bigint, to: bigint, code: string): Skipped {
  if (answer === READ_BELOW_START) return { kind: 'below-start', from, to };
  if (answer === READ_GAP) return { kind: 'gap', from, to };
  return { kind: 'damaged', from, to, code };
}

/** The block's hashes proved right, so its records are as the gateway laid them. */
function* recordsOf({ offset, bytes }: HistoryBlock): Generator<HistoryRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at: number = abi.BLOCK_HEADER_BYTES; at < bytes.length; ) {
    const payloadAt = at + abi.RECORD_HEADER_BYTES;
    const end = payloadAt + view.getUint32(at + abi.RECORD_AT_PAYLOAD_BYTES, true);
    yield {
      kind: 'record',
      block: offset,
      offset: offset + BigInt(at),
      device: view.getUint32(at + abi.RECORD_AT_DEVICE, true),
      receiveUs: view.getBigUint64(at + abi.RECORD_AT_RECEIVE_US, true),
      channel: view.getUint8(at + abi.RECORD_AT_CHANNEL),
      flags: view.getUint8(at + abi.RECORD_AT_FLAGS),
      payload: bytes.subarray(payloadAt, end),
    };
    at = end;
  }
}
