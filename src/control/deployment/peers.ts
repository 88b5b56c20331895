import type { Rates } from '../live/rate-meter.js';

/** How long a process that announces nothing counts as running. */
export const LAPSE_MS = 10_000;
/** Further processes are ignored: each may watch thousands of devices. */
const PEERS_MAX = 256;

export interface Peer {
  readonly name: string;
  readonly watches: ReadonlySet<number>;
  readonly rates: Rates;
  readonly untilMs: number;
}

/** What a process announces of itself. */
export interface Here {
  readonly name: string;
  readonly watches: readonly number[];
  readonly rates: Rates;
}

/**
 * The deployment's other processes, as they announce themselves. What a peer watches is watched here until the peer no longer lists
 * it, says goodbye, or has announced nothing for a while, however it ended.
 */
export class Peers {
  readonly #watch: (device: number, on: boolean) => void;
  readonly #known = new Map<string, Peer>();
  #met = false;

  constructor(watch: (device: number, on: boolean) => void) {
    this.#watch = watch;
  }

  /** Whether there was ever one. */
  get met(): boolean {
    return this.#met;
  }

  get known(): ReadonlyMap<string, Peer> {
    return this.#known;
  }

  /** True: it is new here, and may not know of this process. */
  here(from: string, { name, watches, rates }: Here, nowMs: number): boolean {
    const former = this.#known.get(from);
    if (!former && this.#known.size >= PEERS_MAX) return false;
    this.#met = true;
    const next = { name, rates, watches: new Set(watches), untilMs: nowMs + LAPSE_MS };
    this.#known.set(from, next);
    // First on, then off: what both hold is never unwatched in between.
    for (const device of next.watches) if (!former?.watches.has(device)) this.#watch(device, true);
    for (const device of former?.watches ?? []) if (!next.watches.has(device)) this.#watch(device, false);
    return former === undefined;
  }

  gone(from: string): void {
    const former = this.#known.get(from);
    this.#known.delete(from);
    for (const device of former?.watches ?? []) this.#watch(device, false);
  }

  /** Removes those that have announced nothing for too long. */
  lapse(nowMs: number): void {
    for (const [from, { untilMs }] of this.#known) if (untilMs <= nowMs) this.gone(from);
  }
}
