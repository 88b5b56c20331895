import {
  COUNTER_PIPELINE_DEAD,
  COUNTER_PIPELINE_DUPLICATE,
  COUNTER_PIPELINE_EXTRA_SAMPLES,
  COUNTER_PIPELINE_RECORDS,
  COUNTER_PIPELINE_STORED,
} from '../../assembly/abi/counters.js';
import type { PartitionAudit } from '../contract/ledger.js';
import type { KernelMemory } from '../host/kernel.js';
import type { Progress } from '../host/progress.js';

const EVERY_MS = 1000;

/**
 * Compares the partition's counts with those of the log. Both change all the time, so they are compared where they count the
 * same blocks: the log's mark is an offset with its count, no read passes it, and so the pipeline stops exactly there. The first
 * mark is the end of the log at the start: an earlier process took in the messages before it.
 */
export class Auditor {
  readonly #partition: number;
  readonly #counters: BigUint64Array;
  readonly #progress: Progress;
  #mark: { readonly offset: bigint; readonly messages: bigint };
  #isDue = true;
  #lastMs = Number.NEGATIVE_INFINITY;
  #runAtOpening: number | undefined;
  #repeated = 0;
  /** End of the last gap, and end of the blocks that the last audit compared. */
  #gapTo = 0n;
  #comparedTo = 0n;
  /** Messages in gaps: at least so many that an earlier process took in; all that this one took in, which the log has counted. */
  #lostBefore = 0;
  #lost = 0;

  constructor(partition: number, memory: KernelMemory, progress: Progress) {
    this.#partition = partition;
    this.#counters = memory.counters;
    this.#progress = progress;
    this.#mark = progress.mark(partition);
  }

  /** Where the log stood at the start, for a partition that is begun anew since. */
  beginAt(offset: bigint): void {
    this.#mark = { offset, messages: 0n };
  }

  /** How far the next read may go. */
  limit(durable: bigint): bigint {
    return this.#isDue && this.#mark.offset < durable ? this.#mark.offset : durable;
  }

  /** Whether this process took in all messages that are run from now on. */
  get isOpen(): boolean {
    return this.#runAtOpening !== undefined;
  }

  /** The log holds so many messages a second time; they are not run again. */
  repeat(messages: number): void {
    if (this.isOpen) this.#repeated += messages;
  }

  /** The blocks up to `to` cannot be run: at least so many messages are lost. */
  gap(to: bigint, messages: number): void {
    if (!this.isOpen) this.#lostBefore += messages;
    this.#gapTo = to;
  }

  /**
   * Sets the next mark when it is time for one. A log hands blocks out a moment before it marks them, so `position` may have passed a
   * mark already: such a mark is not taken, as its count lacks blocks that were run. A mark inside a skipped gap is taken.
   */
  plan(nowMs: number, position: bigint): void {
    if (this.#isDue || nowMs - this.#lastMs < EVERY_MS) return;
    const mark = this.#progress.mark(this.#partition);
    if (mark.offset < position && this.#gapTo !== position) return;
    this.#lastMs = nowMs;
    this.#isDue = mark.offset !== this.#mark.offset;
    this.#mark = mark;
  }

  /** The audit that is due, once all blocks up to the mark and no others are run: `position` is after the mark only at the end of a gap. */
  at(position: bigint): PartitionAudit | undefined {
    if (!this.#isDue || position < this.#mark.offset) return undefined;
    this.#isDue = false;
    const read = (counter: number) => Number(this.#counters[counter]);
    const run = read(COUNTER_PIPELINE_RECORDS);
    this.#runAtOpening ??= run;
    const logged = Number(this.#mark.messages) - this.#repeated;
    if (this.#gapTo > this.#comparedTo) this.#lost = Math.max(this.#lost, logged - (run - this.#runAtOpening));
    this.#comparedTo = this.#mark.offset;
    return {
      partition: this.#partition,
      offset: this.#mark.offset,
      logged,
      run,
      extraSamples: read(COUNTER_PIPELINE_EXTRA_SAMPLES),
      recovered: this.#runAtOpening + this.#lostBefore,
      lost: this.#lost + this.#lostBefore,
      stored: read(COUNTER_PIPELINE_STORED),
      duplicate: read(COUNTER_PIPELINE_DUPLICATE),
      dead: read(COUNTER_PIPELINE_DEAD),
    };
  }
}
