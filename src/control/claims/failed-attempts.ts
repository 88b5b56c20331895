import { originOf } from '../../contract/host-address.js';

/** Attempts of one address that may fail within a minute. */
const FAILED_MAX = 10;
const WINDOW_MS = 60_000;
/** Addresses that are remembered; of more, the oldest is forgotten. */
const ORIGINS_MAX = 10_000;

interface Failed {
  readonly sinceMs: number;
  count: number;
}

/** Bounds how often codes can be tried out from one address. Claims that succeed are not counted: a factory has many devices behind one. */
export class FailedAttempts {
  readonly #origins = new Map<string, Failed>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  areTooMany(address: string): boolean {
    return (this.#current(originOf(address))?.count ?? 0) >= FAILED_MAX;
  }

  /** Answers whether this was the last one that the address has for now. */
  add(address: string): boolean {
    const origin = originOf(address);
    const known = this.#current(origin);
    if (known) return ++known.count === FAILED_MAX;
    const [oldest] = this.#origins.keys();
    if (this.#origins.size >= ORIGINS_MAX && oldest !== undefined) this.#origins.delete(oldest);
    this.#origins.set(origin, { sinceMs: this.#nowMs(), count: 1 });
    return false;
  }

  #current(origin: string): Failed | undefined {
    const known = this.#origins.get(origin);
    if (!known || this.#nowMs() - known.sinceMs < WINDOW_MS) return known;
    this.#origins.delete(origin);
    return undefined;
  }
}
