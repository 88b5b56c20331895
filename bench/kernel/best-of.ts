import assert from 'node:assert/strict';
import { cpuMs } from './cpu-clock.js';

const RUNS = 3;

/** Nanoseconds of processor time a message, best of three runs: `decode` answers the readings of the message with this index. */
export function bestNs(decode: (index: number) => number, messages: number, expected: number, runMs: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const start = cpuMs();
    let decoded = 0;
    let sum = 0;
    do {
      for (let index = 0; index < messages; index++) sum += decode(index);
      decoded += messages;
    } while (cpuMs() - start < runMs);
    assert.equal(sum, expected * decoded, 'every message has all its readings');
    best = Math.min(best, ((cpuMs() - start) * 1e6) / decoded);
  }
  return best;
}
