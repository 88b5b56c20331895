import type { PlaneCounters } from '../../contract/data-plane.js';

export interface Rates {
  readonly messagesPerSecond: number;
  readonly readingsPerSecond: number;
  readonly connections: number;
}

export const NO_RATES: Rates = Object.freeze({ messagesPerSecond: 0, readingsPerSecond: 0, connections: 0 });

export function sumRates(all: Iterable<Rates>): Rates {
  let sum = NO_RATES;
  for (const { messagesPerSecond, readingsPerSecond, connections } of all) {
    sum = {
      messagesPerSecond: round(sum.messagesPerSecond + messagesPerSecond),
      readingsPerSecond: round(sum.readingsPerSecond + readingsPerSecond),
      connections: sum.connections + connections,
    };
  }
  return sum;
}

/** Rates between two looks at the counters. */
export class RateMeter {
  #last: { messages: number; readings: number; atMs: number } | undefined;
  #rates = NO_RATES;

  get rates(): Rates {
    return this.#rates;
  }

  sample(counters: PlaneCounters, nowMs: number): Rates {
    const now = { messages: counters.accepted, readings: counters.readings + counters.textReadings, atMs: nowMs };
    const last = this.#last;
    // A clock that stood still gives no rate: the look is skipped and the last rate holds.
    if (last && now.atMs <= last.atMs) return this.#rates;
    this.#last = now;
    const seconds = last ? (now.atMs - last.atMs) / 1000 : 0;
    this.#rates = {
      messagesPerSecond: last ? round((now.messages - last.messages) / seconds) : 0,
      readingsPerSecond: last ? round((now.readings - last.readings) / seconds) : 0,
      connections: counters.connections,
    };
    return this.#rates;
  }
}

/** Tenths are all that a second's count can tell. */
function round(rate: number): number {
  return Math.max(0, Math.round(rate * 10) / 10);
}
