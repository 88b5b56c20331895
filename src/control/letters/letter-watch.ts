import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../contract/database.js';
import type { Report } from '../../telemetry/report.js';
import type { letterEvents } from './events.js';
import { FailingClasses } from './failing-classes.js';
import { type LetterLimits, LetterRetention } from './retention.js';
import { LetterTallies, type Tally } from './tallies.js';

const LOOK_MS = 5000;
const RECOUNT_MS = 3_600_000;

export interface LetterWatchOptions {
  readonly database: Database;
  readonly limits: LetterLimits;
  readonly topic?: string | undefined;
  /** Partitions that this process commits at present. */
  readonly partitions: () => readonly number[];
  readonly event: Report<keyof typeof letterEvents>;
  readonly lookMs?: number;
}

/**
 * Counts dead letters and keeps them within their limits, apart from the way of messages. Of several processes each counts the letters
 * of its own partitions, and the one that has partition 0 removes, and says which classes of devices
 * fail.
 */
export class LetterWatch {
  readonly #options: LetterWatchOptions;
  /** Judged by the process that removes. */
  readonly failing = new FailingClasses();
  readonly #tallies: LetterTallies;
  readonly #retention: LetterRetention;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #read: readonly Tally[] | undefined;
  #readMs: number | undefined;
  #recountedMs: number | undefined;
  #trouble = '';

  constructor(options: LetterWatchOptions) {
    const { database, limits, topic } = options;
    this.#options = options;
    this.#tallies = new LetterTallies(database);
    const rest = (ms: number) => this.#rest(ms);
    this.#retention = new LetterRetention({ database, limits, topic, isStopped: () => this.#stop.signal.aborted, rest });
  }

  /** As they were read last; undefined: not yet. */
  get tallies(): readonly Tally[] | undefined {
    return this.#read;
  }

  /** When they were read, ms of the Unix epoch. */
  get readMs(): number | undefined {
    return this.#readMs;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the look under way has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Counts, removes and reads; answers whether there is more to do at once. */
  async look(nowMs = Date.now()): Promise<boolean> {
    let hasMore = false;
    const partitions = this.#options.partitions();
    for (const partition of partitions) if (await this.#tallies.count(partition)) hasMore = true;
    const isFirst = partitions.includes(0);
    if (isFirst && !hasMore && nowMs - (this.#recountedMs ?? Number.NEGATIVE_INFINITY) >= RECOUNT_MS) {
      this.#recountedMs = nowMs;
      // It may take longer than a statement may: the tallies serve as they are, and are counted anew an hour later.
      await this.#tallies.recount().catch((error: Error) => this.#report(error.message));
    }
    this.#read = await this.#tallies.read();
    this.#readMs = nowMs;
    if (!isFirst) {
      this.failing.forget();
      return hasMore;
    }
    await this.#tallies.keepUsual(this.failing.look(this.#read, nowMs));
    const removals = await this.#retention.sweep(this.#read, nowMs);
    for (const { limit, tenant, letters, bytes } of removals) {
      this.#options.event('warn', 'dead-letters-removed', { letters, bytes, limit, ...(tenant !== undefined && { tenant }) });
    }
    if (removals.length > 0) this.#read = await this.#tallies.read();
    return hasMore || removals.length > 0;
  }

  async #run(): Promise<void> {
    const { event, lookMs = LOOK_MS } = this.#options;
    while (!this.#stop.signal.aborted) {
      let hasMore = false;
      try {
        hasMore = await this.look();
        if (this.#trouble !== '') event('info', 'dead-letters-counted-again', {});
        this.#trouble = '';
      } catch (error) {
        const cause = (error as Error).message;
        if (cause !== this.#trouble) this.#report(cause);
        this.#trouble = cause;
      }
      if (!hasMore) await this.#rest(lookMs);
    }
  }

  #report(cause: string): void {
    if (!this.#stop.signal.aborted) this.#options.event('warn', 'dead-letters-not-counted', { cause });
  }

  async #rest(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
  }
}
