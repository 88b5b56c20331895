import type { PartitionLag } from '../../contract/data-plane.js';

/** How the store follows the log, over the last seconds. */
export interface CatchUp {
  /** What became durable. */
  readonly inputBytesPerSecond: number;
  readonly committedBytesPerSecond: number;
  readonly committedMessagesPerSecond: number;
  /** Until the lag is gone if both rates stay; 0: it is no more than what is on its way; null: it does not shrink. */
  readonly secondsLeft: number | null;
}

interface Look {
  readonly atMs: number;
  readonly durable: bigint;
  readonly committed: bigint;
  readonly records: number;
}

/** A batch may take seconds on a database that lags: with a shorter time, and the rate would jump from nothing to much. */
const WINDOW_MS = 10_000;

/** What became durable since then is in batches that fill and commit; a database that is down has been so for longer before it counts. */
const UNDER_WAY_MS = 3000;

export class CatchUpMeter {
  readonly #looks: Look[] = [];
  #catchUp: CatchUp = { inputBytesPerSecond: 0, committedBytesPerSecond: 0, committedMessagesPerSecond: 0, secondsLeft: 0 };

  get catchUp(): CatchUp {
    return this.#catchUp;
  }

  sample(partitions: readonly PartitionLag[], nowMs: number): CatchUp {
    const look: Look = {
      atMs: nowMs,
      durable: partitions.reduce((sum, { durableOffset }) => sum + durableOffset, 0n),
      committed: partitions.reduce((sum, { committedOffset }) => sum + committedOffset, 0n),
      records: partitions.reduce((sum, { committedRecords }) => sum + committedRecords, 0),
    };
    // A clock that stood still gives no rate.
    if (this.#looks.some(({ atMs }) => atMs >= nowMs)) return this.#catchUp;
    this.#looks.push(look);
    while ((this.#looks[0] as Look).atMs < nowMs - WINDOW_MS) this.#looks.shift();
    const first = this.#looks[0] as Look;
    const seconds = (look.atMs - first.atMs) / 1000;
    const rate = (count: number) => (seconds > 0 ? Math.max(0, Math.round(count / seconds)) : 0);
    const input = rate(Number(look.durable - first.durable));
    const committed = rate(Number(look.committed - first.committed));
    const lag = partitions.reduce((sum, { lagBytes }) => sum + Math.max(0, lagBytes), 0);
    this.#catchUp = {
      inputBytesPerSecond: input,
      committedBytesPerSecond: committed,
      committedMessagesPerSecond: rate(look.records - first.records),
      secondsLeft: nowMs - this.#committedMs(look) <= UNDER_WAY_MS ? 0 : secondsLeft(lag, input, committed),
    };
    return this.#catchUp;
  }

  /** Everything that was durable then is committed now. */
  #committedMs({ committed }: Look): number {
    return (this.#looks.findLast(({ durable }) => durable <= committed) ?? (this.#looks[0] as Look)).atMs;
  }
}

function secondsLeft(lag: number, input: number, committed: number): number | null {
  // A second's worth is in batches that fill and commit while the store keeps up.
  if (lag === 0 || lag <= committed) return 0;
  return committed > input ? Math.ceil(lag / (committed - input)) : null;
}
