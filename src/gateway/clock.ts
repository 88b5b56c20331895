import { performance } from 'node:perf_hooks';

/** The wall clock has milliseconds only: fractions come from the monotonic clock, which may drift this far from it. */
const DRIFT_MS_MAX = 2;

/** Wall clock in microseconds, and a monotonic clock in milliseconds. */
export class Clock {
  #offsetMs = Date.now() - performance.now();

  monotonicMs(): number {
    return performance.now();
  }

  wallUs(monotonicMs: number): number {
    const nowMs = Date.now();
    if (Math.abs(monotonicMs + this.#offsetMs - nowMs) > DRIFT_MS_MAX) this.#offsetMs = nowMs - monotonicMs;
    return Math.floor((monotonicMs + this.#offsetMs) * 1000);
  }
}
