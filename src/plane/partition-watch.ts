import type { PartitionLag } from '../contract/data-plane.js';

/** A partition that has lag and has not moved for so long stands still. The longest COPY of a batch takes a fraction of it. */
const STANDSTILL_MS = 20_000;
/** Between two assignments of its group a process may be without partitions for so long before that is worth saying. */
const UNASSIGNED_MS = 10_000;

interface Seen {
  readonly committed: bigint;
  readonly processed: bigint;
  readonly sinceMs: number;
}

export interface PartitionWatchOptions {
  /** Whether a consumer group says which partitions are run here. */
  readonly isAssigned: boolean;
  readonly nowMs?: () => number;
}

/**
 * Whether the partitions of this process are there and move. Nothing else notices a consumer that fetches nothing: devices are
 * acknowledged on, and no part of the process fails.
 */
export class PartitionWatch {
  readonly #nowMs: () => number;
  readonly #seen = new Map<number, Seen>();
  /** Since when the group has said nothing that holds; undefined: it has. */
  #unassignedMs: number | undefined;
  #wasAssigned = false;

  constructor({ isAssigned, nowMs = () => performance.now() }: PartitionWatchOptions) {
    this.#nowMs = nowMs;
    this.#unassignedMs = isAssigned ? nowMs() : undefined;
  }

  /** The group has said which partitions are run here, none of them maybe. */
  assigned(): void {
    this.#unassignedMs = undefined;
    this.#wasAssigned = true;
  }

  /** What the group said no longer holds. */
  revoked(): void {
    this.#unassignedMs ??= this.#nowMs();
  }

  /** Why this process may be without partitions; undefined: the group gave it some, or said that there are none for it. */
  get unassigned(): string | undefined {
    if (this.#unassignedMs === undefined) return undefined;
    if (!this.#wasAssigned) return 'partitions are not shared out yet';
    const waitedMs = this.#nowMs() - this.#unassignedMs;
    if (waitedMs < UNASSIGNED_MS) return undefined;
    return `this process has no partitions: its consumer group has assigned none for ${seconds(waitedMs)} s`;
  }

  /**
   * Which partitions of this process have lag and do not move; undefined: none. Exact however seldom it is asked. `isExcused`: a
   * cause is known, which is reported in its place, and time counts from its end on.
   */
  stalled(lags: readonly PartitionLag[], isExcused: boolean): string | undefined {
    if (isExcused) this.#seen.clear();
    const nowMs = this.#nowMs();
    const stalled = lags.flatMap((lag) => this.#look(lag, nowMs));
    return stalled.length === 0 ? undefined : stalled.join('; ');
  }

  #look({ partition, isHere, startOffset, durableOffset, processedOffset, committedOffset }: PartitionLag, nowMs: number): string[] {
    const seen = this.#seen.get(partition);
    // A log whose retention took all that it had has no lag that could be read.
    const isWaiting = isHere && durableOffset > committedOffset && durableOffset > startOffset;
    if (!isWaiting || seen?.committed !== committedOffset || seen.processed !== processedOffset) {
      if (isWaiting) this.#seen.set(partition, { committed: committedOffset, processed: processedOffset, sinceMs: nowMs });
      else this.#seen.delete(partition);
      return [];
    }
    const stoodMs = nowMs - seen.sinceMs;
    if (stoodMs < STANDSTILL_MS) return [];
    return [`partition ${partition} has not moved for ${seconds(stoodMs)} s: it is stored up to ${committedOffset} of ${durableOffset}`];
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
