import type { RecordRing, RingRecord } from '../../host/record-ring.js';

/**
 * Bytes that wait for room before a partition is no longer fetched. To stop fetching throws away what the client has fetched
 * ahead, so it is for pipelines that stand still, not for those between two rounds.
 */
const HELD_BYTES_MAX = 8 * 1024 * 1024;
/** The longest time between two tries to make a lane move that does not. */
const STANDSTILL_MS_MAX = 60_000;

export interface Entry {
  readonly offset: bigint;
  readonly record: RingRecord;
}

export interface LaneLimits {
  /** A lane that has waited for its next record for so long without a move stands still. */
  readonly standstillMs: number;
  /** Nobody else writes to the partition when nobody has for so long. */
  readonly aloneMs: number;
}

/** One partition on its way to its pipeline: in order, and each record once. */
export class Lane {
  /** Where the log ended when it was opened; messages after it are counted. */
  readonly opened: bigint;
  messages = 0n;
  /** Offset of the record that comes next. */
  next: bigint;
  /** Whether the consumer is told not to fetch the partition. */
  isPaused = false;
  /** Whether its records come from this process's own deliveries, and from nowhere else. */
  isNear = false;
  /** Where it stood when the brokers were last asked for records of others. */
  probedAt: bigint | undefined;
  readonly #ring: RecordRing;
  /** Came and not in the ring, because it is full. */
  readonly #held: Entry[] = [];
  #heldBytes = 0;
  #othersMs: number;
  /** Where it stood when it was last seen to move, or not to wait. */
  #movedTo: bigint;
  #movedMs: number;
  readonly #limits: LaneLimits;
  #patienceMs: number;

  constructor(ring: RecordRing, next: bigint, opened: bigint, nowMs: number, limits: LaneLimits) {
    this.#ring = ring;
    this.next = next;
    this.opened = opened;
    this.#othersMs = nowMs;
    this.#movedTo = next;
    this.#movedMs = nowMs;
    this.#limits = limits;
    this.#patienceMs = limits.standstillMs;
  }

  get isBlocked(): boolean {
    return this.#held.length > 0;
  }

  get isFull(): boolean {
    return this.#heldBytes >= HELD_BYTES_MAX;
  }

  /** Somebody else writes to the partition. */
  noteOthers(nowMs: number): void {
    this.#othersMs = nowMs;
  }

  isAlone(nowMs: number): boolean {
    return nowMs - this.#othersMs >= this.#limits.aloneMs;
  }

  /** True when it has waited for its next record for `standstillMs` without a move, then again after twice that time, and so on. */
  standsStill(isWaiting: boolean, nowMs: number): boolean {
    if (!isWaiting || this.next !== this.#movedTo) {
      this.#movedTo = this.next;
      this.#movedMs = nowMs;
      this.#patienceMs = this.#limits.standstillMs;
      return false;
    }
    if (nowMs - this.#movedMs < this.#patienceMs) return false;
    this.#movedMs = nowMs;
    this.#patienceMs = Math.min(this.#patienceMs * 2, STANDSTILL_MS_MAX);
    return true;
  }

  /** The offset after the last record that the pipeline was given. */
  get end(): bigint {
    return this.#held[0]?.offset ?? this.next;
  }

  /** `keep` copies a record whose memory will not stay as it is. */
  give(entry: Entry, keep: (record: RingRecord) => RingRecord = (record) => record): void {
    if (!this.isBlocked && this.#ring.push(entry.offset, entry.record)) return;
    this.#held.push({ offset: entry.offset, record: keep(entry.record) });
    this.#heldBytes += bytesOf(entry);
  }

  /** Gives the pipeline what it has room for. */
  drain(): void {
    const refused = this.#held.findIndex(({ offset, record }) => !this.#ring.push(offset, record));
    for (const entry of this.#held.splice(0, refused < 0 ? this.#held.length : refused)) this.#heldBytes -= bytesOf(entry);
  }
}

function bytesOf({ record }: Entry): number {
  return record.kind === 'block' ? record.block.length : 0;
}
