import type { RecordRing, RingRecord } from '../../host/record-ring.js';

/**
 * Bytes that wait for room before a partition is no longer fetched. A pause throws away the records that the client has fetched
 * ahead, so it is for pipelines that stand still, not for those between two reads.
 */
const HELD_BYTES_MAX = 8 * 1024 * 1024;
/** The longest time between two attempts to mend a queue that stands still. */
const STANDSTILL_MS_MAX = 60_000;

export interface Entry {
  readonly offset: bigint;
  readonly record: RingRecord;
}

export interface QueueLimits {
  /** A queue that has waited for its next record for so long without a move stands still. */
  readonly standstillMs: number;
  /** No other process writes to the partition when none has for so long. */
  readonly aloneMs: number;
}

/** The records of one partition on their way to its pipeline: in order, and each record once. */
export class PartitionQueue {
  /** End of the partition's log when the queue was opened; messages after it are counted. */
  readonly opened: bigint;
  messages = 0n;
  /** Offset of the next record. */
  next: bigint;
  /** Whether fetching of the partition is paused. */
  isPaused = false;
  /** Whether its next record may not be run, so that none after it is either. */
  isHalted = false;
  /** Whether its records come from this process's own deliveries, and from nowhere else. */
  isLocal = false;
  /** `next` when the brokers were last asked for records of other processes. */
  probedAt: bigint | undefined;
  readonly #ring: RecordRing;
  /** Records that wait because the ring is full. */
  readonly #held: Entry[] = [];
  #heldBytes = 0;
  #othersMs: number;
  /** `next` when the queue was last seen to move, or not to wait. */
  #movedTo: bigint;
  #movedMs: number;
  readonly #limits: QueueLimits;
  #patienceMs: number;

  constructor(ring: RecordRing, next: bigint, opened: bigint, nowMs: number, limits: QueueLimits) {
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

  /** Another process writes to the partition. */
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

  /** `keep` copies a record whose memory will be used again. */
  give(entry: Entry, keep: (record: RingRecord) => RingRecord = (record) => record): void {
    if (!this.isBlocked && this.#ring.push(entry.offset, entry.record)) return;
    this.#held.push({ offset: entry.offset, record: keep(entry.record) });
    this.#heldBytes += bytesOf(entry);
  }

  /** Gives the pipeline as many records as its ring has room for. */
  drain(): void {
    const refused = this.#held.findIndex(({ offset, record }) => !this.#ring.push(offset, record));
    for (const entry of this.#held.splice(0, refused < 0 ? this.#held.length : refused)) this.#heldBytes -= bytesOf(entry);
  }
}

function bytesOf({ record }: Entry): number {
  return record.kind === 'block' ? record.block.length : 0;
}
