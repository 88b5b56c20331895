/**
 * How far each partition is, shared by all threads. Offsets are bytes of the file log, and records of a Kafka
 * log. Each word has one writer; readers see a value that was true a moment ago.
 *
 * start <= committed <= processed <= durable, and checkpoint <= committed
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
    return this.bytesOf(partition, this.get(partition, ProgressWord.durable) - this.get(partition, ProgressWord.committed));
  }

  /** Bytes that a distance of offsets stands for, on average. */
  bytesOf(partition: number, offsets: bigint): bigint {
    const bytes = this.get(partition, ProgressWord.offsetBytes);
    return bytes > 1n ? offsets * bytes : offsets;
  }

  /** For the word's one writer. */
  add(partition: number, word: ProgressWord, count: number): void {
    Atomics.add(this.#words, partition * WORDS + word, BigInt(count));
  }

  /** Writer: log. Says what is durable: the offset, and how many messages were made so since the start. */
  setDurable(partition: number, offset: bigint, messages: bigint): void {
    this.set(partition, ProgressWord.durable, offset);
    this.setMark(partition, offset, messages);
  }

  /**
   * Writer: log. An offset, and how many messages lie between it and where the log stood at the start. Both numbers
   * stand between two words of the same value, which tell a reader that it saw a pair.
   */
  setMark(partition: number, offset: bigint, messages: bigint): void {
    this.set(partition, ProgressWord.messages, messages);
    this.set(partition, ProgressWord.markOffset, offset);
    this.set(partition, ProgressWord.messagesAgain, messages);
  }

  /** An offset and the messages up to it, as the log counted them. */
  mark(partition: number): { readonly offset: bigint; readonly messages: bigint } {
    for (;;) {
      const messages = this.get(partition, ProgressWord.messagesAgain);
      const offset = this.get(partition, ProgressWord.markOffset);
      if (this.get(partition, ProgressWord.messages) === messages) return { offset, messages };
    }
  }

  set(partition: number, word: ProgressWord, value: bigint): void {
    Atomics.store(this.#words, partition * WORDS + word, value);
  }
}

export const ProgressWord = {
  /** Offset of the oldest block that the log still holds. Writer: log. */
  start: 0,
  /** Offset after the last durable block. Writer: log. */
  durable: 1,
  /** Receive time of the last durable message, µs. Writer: log. */
  durableUs: 2,
  /** Offset after the last block that the kernel has seen. Writer: pipeline. */
  processed: 3,
  /** Offset after the last block whose rows are committed. Writer: store. */
  committed: 4,
  /** Receive time of the last committed message, µs. Writer: store. */
  committedUs: 5,
  /** Rows that the database refused and that are dead letters now. Writer: store. */
  rowsRefused: 6,
  /** Dead letters that the database refused: events have them. Writer: store. */
  lettersRefused: 7,
  /** Messages whose rows were committed. Writer: store. */
  committedRecords: 8,
  /** Offset of the newest checkpoint. Writer: pipeline. */
  checkpoint: 9,
  /** When it was taken, ms of the Unix epoch; 0: there is none. Writer: pipeline. */
  checkpointMs: 10,
  /** No state is rebuilt from the log below; 0 until a start has found out. Writer: pipeline. */
  stateFloor: 11,
  /** Messages made durable since the start; the two words stand around `markOffset`, so that a reader knows a pair. Writer: log. */
  messages: 12,
  messagesAgain: 13,
  /** Bytes that one step of the offset stands for, on average; 0 where offsets are bytes. Writer: log. */
  offsetBytes: 14,
  markOffset: 15,
  /** Offset of the newest checkpoint in the object store. Writer: checkpoint thread. */
  stored: 16,
  /** When it was taken, or for one of another process laid there, ms of the Unix epoch; 0: there is none. Writer: checkpoint thread. */
  storedMs: 17,
  /** Gaps of the log that were passed since the start, and bytes in them; what was committed before does not count. Writer: pipeline. */
  gaps: 18,
  gapBytes: 19,
  /** First half of the id of the database, whose numbers the state of the partition has. Writer: main thread, before others start. */
  database: 20,
} as const;
export type ProgressWord = (typeof ProgressWord)[keyof typeof ProgressWord];

const WORDS = 21;
