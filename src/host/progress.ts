/**
 * How far each partition is, in bytes of its log, shared by all threads. Each word has one writer;
 * readers see a value that was true a moment ago.
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
    return this.get(partition, ProgressWord.durable) - this.get(partition, ProgressWord.committed);
  }

  /** For the word's one writer. */
  add(partition: number, word: ProgressWord, count: number): void {
    Atomics.add(this.#words, partition * WORDS + word, BigInt(count));
  }

  /**
   * Writer: log. Says what is durable: the offset, and how many messages were made so since the start. Both numbers
   * stand between two words of the same value, which tell a reader that it saw a pair.
   */
  setDurable(partition: number, offset: bigint, messages: bigint): void {
    this.set(partition, ProgressWord.messages, messages);
    this.set(partition, ProgressWord.durable, offset);
    this.set(partition, ProgressWord.messagesAgain, messages);
  }

  /** An offset and the messages up to it, as the log counted them. */
  durableMark(partition: number): { readonly offset: bigint; readonly messages: bigint } {
    for (;;) {
      const messages = this.get(partition, ProgressWord.messagesAgain);
      const offset = this.get(partition, ProgressWord.durable);
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
  /** Messages made durable since the start; written with `durable`, before and after it. Writer: log. */
  messages: 12,
  messagesAgain: 13,
} as const;
export type ProgressWord = (typeof ProgressWord)[keyof typeof ProgressWord];

const WORDS = 16;
