import type { Rates } from '../live/rate-meter.js';

/** How long a process that says nothing counts as there. */
export const LAPSE_MS = 10_000;
/** More are not listened to: each may have thousands of devices watched. */
const NEIGHBOURS_MAX = 256;

export interface Neighbour {
  readonly name: string;
  readonly watches: ReadonlySet<number>;
  readonly rates: Rates;
  readonly untilMs: number;
}

/** What a process says of itself. */
export interface Here {
  readonly name: string;
  readonly watches: readonly number[];
  readonly rates: Rates;
}

/**
 * The deployment's other processes, as they say that they are there. What one watches is watched until it watches it no more, says
 * goodbye, or has said nothing for a while, however it ended.
 */
export class Neighbours {
  readonly #watch: (device: number, on: boolean) => void;
  readonly #known = new Map<string, Neighbour>();
  #met = false;

  constructor(watch: (device: number, on: boolean) => void) {
    this.#watch = watch;
  }

  /** Whether there was ever one. */
  get met(): boolean {
    return this.#met;
  }

  get known(): ReadonlyMap<string, Neighbour> {
    return this.#known;
  }

  /** True: it is new here, and may not know of this process. */
  here(from: string, { name, watches, rates }: Here, nowMs: number): boolean {
    const former = this.#known.get(from);
    if (!former && this.#known.size >= NEIGHBOURS_MAX) return false;
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

  /** Lets go of those that have said nothing for too long. */
  lapse(nowMs: number): void {
    for (const [from, { untilMs }] of this.#known) if (untilMs <= nowMs) this.gone(from);
  }
}
