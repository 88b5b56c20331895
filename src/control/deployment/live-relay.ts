import type { Point } from '../../contract/data-plane.js';
import type { Neighbour } from './neighbours.js';
import { POINTS_MAX, type PointWord, wordOf } from './words.js';

/** Readings go on this often, ms: each time is a transaction of the database. */
export const RELAY_EVERY_MS = 100;

export interface LiveRelayOptions {
  readonly neighbours: () => ReadonlyMap<string, Pick<Neighbour, 'watches'>>;
  /** False: it was not sent. */
  readonly send: (to: string, points: readonly PointWord[]) => boolean;
}

/** Hands readings of this process's partitions to the processes that watch their devices; bounded, as every view is. */
export class LiveRelay {
  readonly #options: LiveRelayOptions;
  readonly #pending = new Map<string, PointWord[]>();
  #timer: NodeJS.Timeout | undefined;
  /** Readings left out because there were too many. */
  skipped = 0;
  sent = 0;

  constructor(options: LiveRelayOptions) {
    this.#options = options;
  }

  take(points: readonly Point[]): void {
    for (const [origin, { watches }] of this.#options.neighbours()) {
      if (watches.size === 0) continue;
      for (const point of points) if (watches.has(point.device)) this.#queue(origin, point);
    }
    if (this.#pending.size > 0) this.#timer ??= setTimeout(() => this.flush(), RELAY_EVERY_MS);
  }

  flush(): void {
    this.close();
    for (const [origin, points] of this.#pending) {
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
    const pending = this.#pending.get(origin) ?? [];
    if (pending.length === POINTS_MAX) this.skipped++;
    else if (pending.push(wordOf(point)) === 1) this.#pending.set(origin, pending);
  }
}
