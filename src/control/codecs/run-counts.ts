import type { CodecRuns } from '../../contract/codecs/codec-plan.js';
import type { Report } from '../../telemetry/report.js';
import type { codecsEvents } from './events.js';

/** A codec that fails again within this time is not reported again. */
const QUIET_MS = 60_000;

interface Counted {
  runs: number;
  fuel: number;
  failures: number;
}

/** What codecs did in the partitions of this process. */
export class RunCounts {
  readonly #byName = new Map<string, Counted>();
  readonly #reportedMs = new Map<number, number>();
  readonly #event: Report<keyof typeof codecsEvents>;

  constructor(event: Report<keyof typeof codecsEvents>) {
    this.#event = event;
  }

  add(all: readonly CodecRuns[], nowMs: number): void {
    for (const { number, name, runs, fuel, failures } of all) {
      const counted = this.#byName.get(name) ?? { runs: 0, fuel: 0, failures: 0 };
      this.#byName.set(name, counted);
      counted.runs += runs;
      counted.fuel += fuel;
      const failed = Object.entries(failures);
      for (const [, times] of failed) counted.failures += times;
      if (failed.length === 0 || nowMs - (this.#reportedMs.get(number) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) continue;
      this.#reportedMs.set(number, nowMs);
      this.#event('warn', 'codec-failed', { codec: name, number, ...Object.fromEntries(failed) });
    }
  }

  *of(kind: keyof Counted): Iterable<readonly [name: string, value: number]> {
    for (const [name, counted] of this.#byName) yield [name, counted[kind]];
  }
}
