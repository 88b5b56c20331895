import { type Progress, ProgressWord } from '../../host/progress.js';
import type { Report } from '../../telemetry/report.js';
import type { fileLogEvents } from './events.js';
import type { FileLog } from './file-log.js';
import type { Segment } from './segment.js';

export interface RetentionLimits {
  /** How long committed messages are kept; also the deduplication window. */
  readonly hours: number;
  /** Bytes of all partitions together; above it the oldest committed segments go before their time. */
  readonly bytesMax: number;
}

const HOUR_US = 3_600_000_000;
/** Kept whatever the size: how long after a message its repetition is always known. */
const KEPT_US = 60_000_000n;

/**
 * How many of the oldest segments may go: those that lie wholly below `needed` and whose last
 * message is older than `beforeUs`. A segment's last message is older than the next one's first, so
 * that one's time is asked; this keeps a segment a little too long, never too short.
 *
 * Needed are what is not committed, and what state is rebuilt from. What a checkpoint knows is not needed any more
 * and still kept for a while, so that without any checkpoint state comes back over the whole deduplication window.
 */
export function removableSegments(segments: readonly Readonly<Segment>[], needed: bigint, beforeUs: bigint): number {
  let count = 0;
  for (let next = 1; next < segments.length; next++) {
    const { base, firstUs } = segments[next] as Segment;
    if (base > needed) return count;
    // One without a block that can be trusted says nothing: the next one does.
    if (firstUs === undefined) continue;
    if (firstUs >= beforeUs) return count;
    count = next;
  }
  return count;
}

/** Removes what neither replay nor deduplication needs any more, by time and then by size. */
export class Retention {
  readonly #log: FileLog;
  readonly #progress: Progress;
  readonly #limits: RetentionLimits;
  readonly #report: Report<keyof typeof fileLogEvents>;

  constructor(log: FileLog, progress: Progress, limits: RetentionLimits, report: Report<keyof typeof fileLogEvents>) {
    this.#log = log;
    this.#progress = progress;
    this.#limits = limits;
    this.#report = report;
  }

  /** Bytes that the log takes on its disk, damage kept aside not counted. */
  get bytes(): number {
    return this.#log.partitions.reduce((sum, { start, durable }) => sum + Number(durable - start), 0);
  }

  run(nowUs: bigint): void {
    const windowUs = BigInt(Math.round(this.#limits.hours * HOUR_US));
    this.#log.partitions.forEach(({ segments }, number) => {
      const count = removableSegments(segments, this.#needed(number), this.#judgedUs(number, nowUs) - windowUs);
      if (count > 0) this.#remove(number, count, 'time');
    });
    for (let oldest = this.#oldestOverBudget(nowUs); oldest !== undefined; oldest = this.#oldestOverBudget(nowUs)) {
      if (!this.#remove(oldest, 1, 'size')) return;
    }
  }

  /** The partition whose oldest segment is the first to go while the log is larger than it should be. */
  #oldestOverBudget(nowUs: bigint): number | undefined {
    if (this.bytes <= this.#limits.bytesMax) return undefined;
    let oldest: { readonly number: number; readonly untilUs: bigint } | undefined;
    this.#log.partitions.forEach(({ segments }, number) => {
      if (removableSegments(segments, this.#needed(number), this.#judgedUs(number, nowUs) - KEPT_US) === 0) return;
      const untilUs = segments.slice(1).find(({ firstUs }) => firstUs !== undefined)?.firstUs as bigint;
      if (!oldest || untilUs < oldest.untilUs) oldest = { number, untilUs };
    });
    return oldest?.number;
  }

  /**
   * The window counts back from the oldest message that is still to be judged, not from now: after a restart a
   * duplicate that waited for the database must still meet what it repeats.
   */
  #judgedUs(number: number, nowUs: bigint): bigint {
    if (this.#progress.uncommitted(number) <= 0n) return nowUs;
    const committedUs = this.#progress.get(number, ProgressWord.committedUs);
    return committedUs < nowUs ? committedUs : nowUs;
  }

  /** What is not committed, and what state is rebuilt from. */
  #needed(number: number): bigint {
    const committed = this.#progress.get(number, ProgressWord.committed);
    const stateFloor = this.#progress.get(number, ProgressWord.stateFloor);
    return committed < stateFloor ? committed : stateFloor;
  }

  /** False when the disk would not: it is tried again later. */
  #remove(number: number, count: number, because: 'time' | 'size'): boolean {
    const partition = this.#log.partitions[number] as FileLog['partitions'][number];
    const start = partition.segments[count]?.base ?? partition.start;
    // Readers learn of the new start before the bytes below it go.
    this.#progress.set(number, ProgressWord.start, start);
    try {
      partition.removeOldest(count);
    } catch (error) {
      this.#report('warn', 'log-segments-kept', { partition: number, message: (error as Error).message });
      return false;
    }
    this.#report('info', 'log-segments-removed', { partition: number, segments: count, start: String(start), because });
    return true;
  }
}
