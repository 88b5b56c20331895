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
 * Compares the partition's counts with those of the log. Both go on all the time, so they are compared where they speak of
 * the same blocks: the log's mark is an offset with its count, no read goes past it, and so the pipeline comes to stand
 * exactly there. The first mark is where the log stood at the start: what lies below it, an earlier process took in.
 */
export class Audit {
  readonly #partition: number;
  readonly #counters: BigUint64Array;
  readonly #progress: Progress;
  #mark: { readonly offset: bigint; readonly messages: bigint };
  #isDue = true;
  #lastMs = Number.NEGATIVE_INFINITY;
  #runAtOpening: number | undefined;
  #repeated = 0;
  /** Up to where the last gap reaches, and up to where the audit before compared. */
  #gapTo = 0n;
  #comparedTo = 0n;
  /** Messages in gaps: of an earlier process's, at least so many; of this one's, which the log has counted, all. */
  #lostBefore = 0;
  #lost = 0;

  constructor(partition: number, memory: KernelMemory, progress: Progress) {
    this.#partition = partition;
    this.#counters = memory.counters;
    this.#progress = progress;
    this.#mark = progress.mark(partition);
  }

  /** How far the next read may go. */
  limit(durable: bigint): bigint {
    return this.#isDue && this.#mark.offset < durable ? this.#mark.offset : durable;
  }

  /** Whether everything run from here on was taken in by this process. */
  get isOpen(): boolean {
    return this.#runAtOpening !== undefined;
  }

  /** The log holds so many messages once more, which are not run. */
  repeat(messages: number): void {
    if (this.isOpen) this.#repeated += messages;
  }

  /** Nothing can be run up to `to`: at least so many messages are lost. */
  gap(to: bigint, messages: number): void {
    if (!this.isOpen) this.#lostBefore += messages;
    this.#gapTo = to;
  }

  /**
   * Sets the next mark when it is time for one. A log gives blocks out a moment before it marks them, so a mark that `position` is
   * past is not taken, other than one in a gap that was passed over: what is run by then is not counted in it.
   */
  plan(nowMs: number, position: bigint): void {
    if (this.#isDue || nowMs - this.#lastMs < EVERY_MS) return;
    const mark = this.#progress.mark(this.#partition);
    if (mark.offset < position && this.#gapTo !== position) return;
    this.#lastMs = nowMs;
    this.#isDue = mark.offset !== this.#mark.offset;
    this.#mark = mark;
  }

  /** The audit that was waited for, once all blocks up to the mark and no others are run: behind it, `position` lies only at the end of a gap. */
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
