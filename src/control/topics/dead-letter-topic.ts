import type { Names } from '../letters/dead-letter.js';
import { FaultFinder } from '../letters/fault-finder.js';
import { letterRecord } from './letter-record.js';
import type { LetterRows, Position } from './letter-rows.js';
import type { TopicSource } from './publish-loop.js';
import type { RecordFormat, TopicLag, TopicPort } from './topic-record.js';

/** A letter has up to 128 KiB of payload. */
const LETTERS_AT_A_TIME = 100;

export interface DeadLetterTopicOptions {
  readonly topic: string;
  readonly rows: LetterRows;
  readonly port: TopicPort;
  readonly format: RecordFormat;
  readonly names: Names;
  /** Partitions that this process commits at present. */
  readonly partitions: () => readonly number[];
}

/**
 * Publishes dead letters from the database, where they are committed along with the offset of their block: so none is
 * published that is not committed, and none is left out by a crash. One that was sent when the position could not be
 * written is sent again.
 */
export class DeadLetterTopic implements TopicSource {
  readonly lookMs = 1000;
  readonly #options: DeadLetterTopicOptions;
  readonly #faults = new FaultFinder();
  readonly #lags = new Map<number, TopicLag>();

  constructor(options: DeadLetterTopicOptions) {
    this.#options = options;
  }

  get topic(): string {
    return this.#options.topic;
  }

  /** Of the partitions that this process commits, as it last looked. */
  get lag(): TopicLag[] {
    return [...this.#lags].sort(([a], [b]) => a - b).map(([, lag]) => lag);
  }

  async publish(isStopped: () => boolean): Promise<void> {
    const { rows, partitions } = this.#options;
    const mine = partitions();
    for (const partition of this.#lags.keys()) if (!mine.includes(partition)) this.#lags.delete(partition);
    const positions = await rows.positions(mine);
    // Before anything is sent, so that what waits is seen also while the brokers are away.
    for (const position of positions) await this.#note(position);
    for (const position of positions) {
      if ((this.#lags.get(position.partition)?.waiting ?? 0) > 0) await this.#publish(position, isStopped);
    }
  }

  async #publish(position: Position, isStopped: () => boolean): Promise<void> {
    const { rows, port, names, format } = this.#options;
    for (let at = position; !isStopped(); ) {
      const letters = await rows.behind(at, LETTERS_AT_A_TIME);
      const last = letters.at(-1);
      if (!last) return;
      await port.send(letters.map((letter) => letterRecord(letter, names, this.#faults, format)));
      at = { partition: at.partition, id: last.id };
      await rows.move(at);
      await this.#note(at);
    }
  }

  async #note(position: Position): Promise<void> {
    const { letters, sinceMs } = await this.#options.rows.waiting(position);
    const { topic } = this.#options;
    const lagMs = sinceMs === undefined ? 0 : Math.max(0, Date.now() - sinceMs);
    const { partition, id: publishedId } = position;
    this.#lags.set(partition, { topic, partition, publishedId, publishedOffset: undefined, waiting: letters, lagMs });
  }
}
