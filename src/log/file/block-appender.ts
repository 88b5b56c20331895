import type { BlockDescriptor, BlockRing } from '../../host/block-ring.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import { blockMessages, blockTimeUs } from '../block.js';
import type { FileLog } from './file-log.js';

/** A gateway as the log sees it: the memory of its blocks, and the ring that lists them. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly ring: BlockRing;
}

/**
 * Moves blocks from the gateways' rings into the log: all blocks that wait become one write and one sync a partition.
 * A block stays the gateway's memory and the ring's property until the sync has succeeded; releasing the block is
 * the acknowledgement.
 */
export class BlockAppender {
  readonly #log: FileLog;
  readonly #sources: readonly Source[];
  readonly #progress: Progress;
  readonly #views: Uint8Array[][];
  readonly #lastUs: bigint[];
  readonly #taken: number[];
  /** Messages made durable since the start, by partition and by source; pending: with those of the append under way. */
  readonly #messages: { readonly durable: number[]; readonly pending: number[] };
  readonly #tallies: { readonly durable: number[]; readonly pending: number[] };
  #bytes = 0;
  readonly #descriptor: BlockDescriptor = { offset: 0, bytes: 0, partition: 0 };

  constructor(log: FileLog, sources: readonly Source[], progress: Progress) {
    this.#log = log;
    this.#sources = sources;
    this.#progress = progress;
    this.#views = log.partitions.map(() => []);
    this.#lastUs = [...log.lastUs];
    this.#taken = sources.map(() => 0);
    this.#messages = { durable: log.partitions.map(() => 0), pending: log.partitions.map(() => 0) };
    this.#tallies = { durable: sources.map(() => 0), pending: sources.map(() => 0) };
    for (let partition = 0; partition < log.partitions.length; partition++) this.#publish(partition);
  }

  /**
   * Answers how many blocks became durable. When it throws, none did and none is released: after the
   * log's `rewind` the next append finds the same blocks again.
   */
  append(): number {
    const blocks = this.#collect();
    if (blocks === 0) return 0;
    this.#views.forEach((views, partition) => {
      if (views.length > 0) this.#log.append(partition, views);
    });
    this.#log.commit();
    this.#messages.pending.forEach((messages, partition) => {
      this.#messages.durable[partition] = messages;
    });
    this.#tallies.pending.forEach((messages, source) => {
      this.#tallies.durable[source] = messages;
    });
    // Progress before release: whoever sees an acknowledged message also sees that the log holds it.
    this.#views.forEach((views, partition) => {
      if (views.length > 0) this.#publish(partition);
    });
    this.#sources.forEach(({ ring }, index) => {
      if (this.#taken[index]) ring.release(this.#taken[index] as number);
    });
    return blocks;
  }

  /** Bytes that the last append brought into the log. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many blocks the last append took from a source. */
  taken(source: number): number {
    return this.#taken[source] ?? 0;
  }

  /** Lists the waiting blocks by partition. A ring is released from its oldest block on, so all of it is taken, in order. */
  #collect(): number {
    for (const views of this.#views) views.length = 0;
    // An append that failed has counted too, so each append begins with the durable counts.
    this.#messages.durable.forEach((messages, partition) => {
      this.#messages.pending[partition] = messages;
    });
    this.#bytes = 0;
    let blocks = 0;
    this.#sources.forEach(({ bytes, ring }, index) => {
      const waiting = ring.length;
      this.#taken[index] = waiting;
      let tally = this.#tallies.durable[index] as number;
      blocks += waiting;
      for (let at = 0; at < waiting; at++) {
        const { offset, bytes: length, partition } = ring.peek(at, this.#descriptor);
        const views = this.#views[partition];
        if (!views) throw new Error(`a gateway sealed a block for partition ${partition}, there are ${this.#views.length}`);
        const lastUs = blockTimeUs(bytes, offset, 'last');
        if (lastUs > (this.#lastUs[partition] as bigint)) this.#lastUs[partition] = lastUs;
        views.push(bytes.subarray(offset, offset + length));
        this.#bytes += length;
        const messages = blockMessages(bytes, offset);
        this.#messages.pending[partition] = (this.#messages.pending[partition] as number) + messages;
        tally += messages;
        ring.tally(at, tally);
      }
      this.#tallies.pending[index] = tally;
    });
    return blocks;
  }

  #publish(partition: number): void {
    const log = this.#log.partitions[partition];
    if (!log) return;
    this.#progress.set(partition, ProgressWord.start, log.start);
    this.#progress.set(partition, ProgressWord.durableUs, this.#lastUs[partition] as bigint);
    this.#progress.setDurable(partition, log.durable, BigInt(this.#messages.durable[partition] as number));
  }
}
