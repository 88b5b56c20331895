import type { Progress } from '../host/progress.js';
import type { Report } from '../telemetry/report.js';
import type { logEvents } from './events.js';

/** The log takes blocks again when this share of the bound is free, so that it does not stop at every block. */
const FREE_TO_RESUME = 1 / 16;

/**
 * How much the log may hold that the store has not committed. At the bound no block is taken in any more: the
 * gateways run out of slots and stop reading, and so a database that is too slow is felt by the devices.
 */
export class Backlog {
  readonly #progress: Progress;
  readonly #bytesMax: bigint;
  readonly #resumeBelow: bigint;
  readonly #report: Report<keyof typeof logEvents>;
  #isFull = false;

  constructor(progress: Progress, bytesMax: number, report: Report<keyof typeof logEvents>) {
    this.#progress = progress;
    this.#bytesMax = BigInt(bytesMax);
    this.#resumeBelow = BigInt(Math.floor(bytesMax * (1 - FREE_TO_RESUME)));
    this.#report = report;
  }

  /** Looks anew: whether intake must wait for the store. It is reported when that changes. */
  isFull(): boolean {
    const bytes = this.#bytes();
    const full = bytes >= (this.#isFull ? this.#resumeBelow : this.#bytesMax);
    if (full !== this.#isFull) {
      const fields = { backlogBytes: String(bytes), backlogBytesMax: String(this.#bytesMax) };
      if (full) this.#report('warn', 'log-backlog-full', fields);
      else this.#report('info', 'log-backlog-cleared', fields);
    }
    this.#isFull = full;
    return full;
  }

  #bytes(): bigint {
    let bytes = 0n;
    for (let partition = 0; partition < this.#progress.partitions; partition++) {
      const behind = this.#progress.uncommitted(partition);
      if (behind > 0n) bytes += behind;
    }
    return bytes;
  }
}
