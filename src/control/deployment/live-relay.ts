import type { Point } from '../../contract/data-plane.js';
import { POINTS_MAX, type PointTuple, TEXTS_UNITS_MAX, tupleOf } from './messages.js';
import type { Peer } from './peers.js';

/** Readings are relayed this often, ms: each time is a transaction of the database. */
export const RELAY_EVERY_MS = 100;

export interface LiveRelayOptions {
  readonly peers: () => ReadonlyMap<string, Pick<Peer, 'watches'>>;
  /** False: it was not sent. */
  readonly send: (to: string, points: readonly PointTuple[]) => boolean;
}

interface Pending {
  readonly points: PointTuple[];
  /** UTF-16 units that its texts may still have. */
  room: number;
}

/** Hands readings of this process's partitions to the processes that watch their devices; bounded, as every view is. */
export class LiveRelay {
  readonly #options: LiveRelayOptions;
  readonly #pending = new Map<string, Pending>();
  #timer: NodeJS.Timeout | undefined;
  /** Readings left out because there were too many. */
  skipped = 0;
  sent = 0;

  constructor(options: LiveRelayOptions) {
    this.#options = options;
  }

  take(points: readonly Point[]): void {
    for (const [origin, { watches }] of this.#options.peers()) {
      if (watches.size === 0) continue;
      for (const point of points) if (watches.has(point.device)) this.#queue(origin, point);
    }
    if (this.#pending.size > 0) this.#timer ??= setTimeout(() => this.flush(), RELAY_EVERY_MS);
  }

  flush(): void {
    this.close();
    for (const [origin, { points }] of this.#pending) {
      if (this.#options.send(origin, points)) this.sent += points.length;
      else this.skipped += points.length;
    }
    this.#pending.clear();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #queue(origin: string, point: Point): void {
    const pending = this.#pending.get(origin) ?? { points: [], room: TEXTS_UNITS_MAX };
    const units = typeof point.value === 'string' ? point.value.length : 0;
    if (pending.points.length === POINTS_MAX || pending.room < units) {
      this.skipped++;
      return;
    }
    pending.room -= units;
    if (pending.points.push(tupleOf(point)) === 1) this.#pending.set(origin, pending);
  }
}
