/**
 * How far each partition is, shared by all threads. Offsets are bytes of the file log, and records of a Kafka
 * log. Each word has one writer; readers see a value that was true a moment ago.
 *
 * start <= committed <= processed <= durable
 */
export class Progress {
  static memory(partitions: number): SharedArrayBuffer {
    return new SharedArrayBuffer(partitions * WORDS * 8);
  }

  readonly #words: BigInt64Array;
  readonly partitions: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigInt64Array(memory);
    this.partitions = this.#words.length / WORDS;
  }

  get(partition: number, word: ProgressWord): bigint {
    return Atomics.load(this.#words, partition * WORDS + word);
  }

  /** Bytes that are durable and not committed; below 0 while the log of a partition is lost and the database ahead of it. */
  uncommitted(partition: number): bigint {
    const offsets = this.get(partition, ProgressWord.durable) - this.get(partition, ProgressWord.committed);
    const bytes = this.get(partition, ProgressWord.offsetBytes);
    return bytes > 1n ? offsets * bytes : offsets;
  }

  set(partition: number, word: ProgressWord, value: bigint): void {
    Atomics.store(this.#words, partition * WORDS + word, value);
  }
}

export const ProgressWord = {
  /** Offset of the oldest block that the log still holds. Writer: log. */
  start: 0,
  /** Offset behind the last durable block. Writer: log. */
  durable: 1,
  /** Receive time of the last durable message, µs. Writer: log. */
  durableUs: 2,
  /** Offset behind the last block that the kernel has seen. Writer: pipeline. */
  processed: 3,
  /** Offset behind the last block whose rows are committed. Writer: store. */
  committed: 4,
  /** Receive time of the last committed message, µs. Writer: store. */
  committedUs: 5,
  /** Bytes that one step of the offset stands for, on average; 0 where offsets are bytes. Writer: log. */
  offsetBytes: 6,
} as const;
export type ProgressWord = (typeof ProgressWord)[keyof typeof ProgressWord];

const WORDS = 8;
