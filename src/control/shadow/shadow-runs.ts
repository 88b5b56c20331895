import { setTimeout as pause } from 'node:timers/promises';
import { ApiFailure } from '../../contract/api-errors.js';
import type { RecentLog } from '../../contract/recent-log.js';
import type { Report } from '../../telemetry/report.js';
import type { shadowEvents } from './events.js';
import { ShadowRun, type ShadowSources, type ShadowWish } from './shadow-run.js';

/** Runs that are kept, those that have ended included. */
const KEPT_MAX = 16;
/** Of each partition's log; what lies before it is not looked at. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;
/** How often it looks for live messages, ms. */
const LIVE_MS = 250;

export interface ShadowRunsOptions extends ShadowSources {
  /** Undefined: the log is not one of files. */
  readonly log: RecentLog | undefined;
  readonly event: Report<keyof typeof shadowEvents>;
}

/** The shadow runs of this process, one at a time; gone with the process. */
export class ShadowRuns {
  readonly #options: ShadowRunsOptions;
  readonly #runs = new Map<number, ShadowRun>();
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;
  #last = 0;

  constructor(options: ShadowRunsOptions) {
    this.#options = options;
  }

  get all(): readonly ShadowRun[] {
    return [...this.#runs.values()].reverse();
  }

  get(id: number): ShadowRun | undefined {
    return this.#runs.get(id);
  }

  begin(attempt: string, wish: ShadowWish): ShadowRun | ApiFailure {
    const { log } = this.#options;
    if (!log) return new ApiFailure('log_not_readable', attempt);
    if (this.#running) return new ApiFailure('shadow_run_running', attempt);
    const run = new ShadowRun(++this.#last, wish, this.#options);
    this.#runs.set(run.id, run);
    for (const [oldest] of this.#runs) if (this.#runs.size > KEPT_MAX) this.#runs.delete(oldest);
    this.#running = this.#follow(run, log).finally(() => {
      this.#running = undefined;
    });
    return run;
  }

  /** Resolves when no run is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async activate(attempt: string, run: ShadowRun) {
    if (run.state !== 'done') return new ApiFailure('shadow_run_not_done', attempt, `the run is ${run.state}`);
    const made = await run.wish.candidate.activate(attempt);
    if (!(made instanceof ApiFailure)) run.state = 'activated';
    return made;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #follow(run: ShadowRun, log: RecentLog): Promise<void> {
    const { signal } = this.#ending;
    try {
      const tail = log.open(LOG_BYTES_MAX);
      try {
        while (!run.isFull && !signal.aborted) {
          if (await run.take(tail)) continue;
          if (Date.now() >= run.wish.endsMs) break;
          await pause(LIVE_MS, undefined, { signal }).catch(() => {});
        }
      } finally {
        tail.close();
      }
      run.state = 'done';
    } catch (error) {
      [run.state, run.cause] = ['failed', (error as Error).message];
    }
    const { candidate } = run.wish;
    const { messages, same } = run.comparison.report();
    const told = { run: run.id, tenant: candidate.tenant, candidate: candidate.kind, subject: candidate.subject, state: run.state };
    this.#options.event('info', 'shadow-run-ended', { ...told, messages, same, ...(run.cause !== undefined && { cause: run.cause }) });
  }
}
