import { setTimeout as delay } from 'node:timers/promises';
import type { Names } from '../queries/dead-letter.js';
import { letterRecord } from './letter-record.js';
import type { LetterRows, Position } from './letter-rows.js';
import type { RecordFormat, TopicLag, TopicPort } from './topic-record.js';

const LOOK_MS = 1000;
const RETRY_MS_MAX = 30_000;
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
  readonly event: (level: 'info' | 'warn', name: string, fields: Record<string, string | number>) => void;
}

/**
 * Publishes dead letters from the database, where they are committed along with the offset of their block: so none is
 * published that is not committed, and none is left out by a crash. One that was sent when the position could not be
 * written is sent again.
 */
export class DeadLetterTopic {
  readonly #options: DeadLetterTopicOptions;
  readonly #stop = new AbortController();
  readonly #lags = new Map<number, TopicLag>();
  #trouble = '';
  #running: Promise<void> | undefined;

  constructor(options: DeadLetterTopicOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends between two batches. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Of the partitions that this process commits, as it last looked. */
  get lag(): TopicLag[] {
    return [...this.#lags.values()].sort((a, b) => a.partition - b.partition);
  }

  async #run(): Promise<void> {
    for (let restMs = LOOK_MS; !this.#stop.signal.aborted; await this.#rest(restMs)) {
      try {
        await this.#turn();
        if (this.#trouble !== '') this.#options.event('info', 'topic-published-again', { topic: this.#options.topic });
        [this.#trouble, restMs] = ['', LOOK_MS];
      } catch (error) {
        this.#failed((error as Error).message);
        restMs = Math.min(restMs * 2, RETRY_MS_MAX);
      }
    }
  }

  async #turn(): Promise<void> {
    const { rows, partitions } = this.#options;
    const mine = partitions();
    for (const partition of this.#lags.keys()) if (!mine.includes(partition)) this.#lags.delete(partition);
    const positions = await rows.positions(mine);
    // Before anything is sent, so that what waits is seen also while the brokers are away.
    for (const position of positions) await this.#note(position);
    for (const position of positions) if ((this.#lags.get(position.partition)?.waiting ?? 0) > 0) await this.#publish(position);
  }

  async #publish(position: Position): Promise<void> {
    const { rows, port, names, format } = this.#options;
    for (let at = position; !this.#stop.signal.aborted; ) {
      const letters = await rows.behind(at, LETTERS_AT_A_TIME);
      const last = letters.at(-1);
      if (!last) return;
      await port.send(letters.map((letter) => letterRecord(letter, names, format)));
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

  /** An outage is told once. */
  #failed(cause: string): void {
    if (cause !== this.#trouble && !this.#stop.signal.aborted) {
      this.#options.event('warn', 'topic-not-published', { topic: this.#options.topic, cause });
    }
    this.#trouble = cause;
  }

  async #rest(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }
}
