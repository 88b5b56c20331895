import type { Rates } from '../live/rate-meter.js';

/** How long a process that announces nothing counts as running. */
export const LAPSE_MS = 10_000;
/** Further processes are ignored: each may watch thousands of devices. */
const PEERS_MAX = 256;

export interface Peer {
  readonly name: string;
  readonly watches: ReadonlySet<number>;
  readonly rates: Rates;
  readonly captures: ReadonlySet<number>;
  readonly door: boolean;
  readonly untilMs: number;
}

/** What a process announces of itself. */
export interface Here {
  readonly name: string;
  readonly watches: readonly number[];
  readonly rates: Rates;
  readonly captures: readonly number[];
  readonly door: boolean;
}

/** What a peer wants of this process. Each is counted by whoever provides it. */
export interface PeerWishes {
  watch(device: number, on: boolean): void;
  capture(device: number, on: boolean): void;
  watchDoor(on: boolean): void;
}

/**
 * The deployment's other processes, as they announce themselves. What a peer watches is watched here until the peer no longer lists
 * it, says goodbye, or has announced nothing for a while, however it ended.
 */
export class Peers {
  readonly #wishes: PeerWishes;
  readonly #known = new Map<string, Peer>();
  #met = false;

  constructor(wishes: PeerWishes) {
    this.#wishes = wishes;
  }

  /** Whether there was ever one. */
  get met(): boolean {
    return this.#met;
  }

  get known(): ReadonlyMap<string, Peer> {
    return this.#known;
  }

  /** True: it is new here, and may not know of this process. */
  here(from: string, { name, watches, rates, captures, door }: Here, nowMs: number): boolean {
    const former = this.#known.get(from);
    if (!former && this.#known.size >= PEERS_MAX) return false;
    this.#met = true;
    const next = { name, rates, watches: new Set(watches), captures: new Set(captures), door, untilMs: nowMs + LAPSE_MS };
    this.#known.set(from, next);
    this.#change(former, next);
    return former === undefined;
  }

  gone(from: string): void {
    const former = this.#known.get(from);
    this.#known.delete(from);
    this.#change(former, undefined);
  }

  /** Removes those that have announced nothing for too long. */
  lapse(nowMs: number): void {
    for (const [from, { untilMs }] of this.#known) if (untilMs <= nowMs) this.gone(from);
  }

  #change(former: Peer | undefined, next: Peer | undefined): void {
    const wishes = this.#wishes;
    changed(former?.watches, next?.watches, (device, on) => wishes.watch(device, on));
    changed(former?.captures, next?.captures, (device, on) => wishes.capture(device, on));
    const [had, has] = [former?.door ?? false, next?.door ?? false];
    if (had !== has) wishes.watchDoor(has);
  }
}

/** First on, then off: what both hold is never off in between. */
function changed(
  former: ReadonlySet<number> | undefined,
  next: ReadonlySet<number> | undefined,
  set: (device: number, on: boolean) => void,
): void {
  for (const device of next ?? []) if (!former?.has(device)) set(device, true);
  for (const device of former ?? []) if (!next?.has(device)) set(device, false);
}
