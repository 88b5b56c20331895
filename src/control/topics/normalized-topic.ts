import type { BatchRow } from '../../contract/batch-row.js';
import type { RowBatch } from '../../contract/threads/store.js';
import type { Names } from '../letters/dead-letter.js';
import type { PublishEvent } from './publish-loop.js';
import { ReadingRecords } from './reading-records.js';
import type { RecordFormat, TopicLag, TopicPort, TopicRecord } from './topic-record.js';

/** Records of a batch under way at a time: to encode them holds up the thread that the API is on. */
const RECORDS_AT_A_TIME = 250;
const BYTES_AT_A_TIME = 1024 * 1024;

export interface NormalizedTopicOptions {
  readonly topic: string;
  readonly port: TopicPort;
  readonly format: RecordFormat;
  readonly names: Names;
  /** Looks for a device that another process has registered and that this process does not know yet. */
  readonly missing: (device: number) => Promise<void>;
  /** Partitions that this process commits at present. */
  readonly partitions: () => readonly number[];
  readonly event: PublishEvent;
}

/** A batch on its way into the topic. */
interface Under {
  readonly batch: RowBatch;
  waiting: number;
}

/**
 * Publishes the rows of batches before they are committed, so that the topic leaves out nothing that is stored. A batch that was
 * published and could not be committed comes again, from this process or the next owner of its partition, under the same ids.
 */
export class NormalizedTopic {
  readonly #options: NormalizedTopicOptions;
  /** By partition. */
  readonly #under = new Map<number, Under>();
  readonly #published = new Map<number, bigint>();
  readonly #troubles = new Map<number, string>();

  constructor(options: NormalizedTopicOptions) {
    this.#options = options;
  }

  /** Resolves when all in-sync replicas have all rows; rejects when they may not have. One batch of a partition at a time. */
  async publish(batch: RowBatch, rows: Iterable<BatchRow>): Promise<void> {
    const under = { batch, waiting: batch.readings.rows + batch.texts.rows };
    this.#under.set(batch.partition, under);
    try {
      await this.#send(under, rows);
    } catch (error) {
      const cause = (error as Error).message;
      this.#failed(batch.partition, cause);
      throw error;
    }
    this.#under.delete(batch.partition);
    this.#published.set(batch.partition, batch.to);
    this.#succeeded(batch.partition);
  }

  /** Of the partitions that this process commits. */
  get lag(): TopicLag[] {
    const { topic, partitions } = this.#options;
    return partitions().map((partition) => {
      const under = this.#under.get(partition);
      return {
        topic,
        partition,
        publishedId: undefined,
        publishedOffset: this.#published.get(partition)?.toString(),
        waiting: under?.waiting ?? 0,
        lagMs: under ? Math.max(0, Math.round(Date.now() - under.batch.lastReceiveUs / 1000)) : 0,
      };
    });
  }

  async #send(under: Under, rows: Iterable<BatchRow>): Promise<void> {
    const { port, names, format, missing } = this.#options;
    const encoder = new ReadingRecords(under.batch, names, format);
    let records: TopicRecord[] = [];
    let bytes = 0;
    let looked = 0;
    for (const row of rows) {
      if (row.device !== looked && names.device(row.device) === undefined) await missing(row.device);
      looked = row.device;
      const record = encoder.next(row);
      bytes += record.value.length;
      if (records.push(record) < RECORDS_AT_A_TIME && bytes < BYTES_AT_A_TIME) continue;
      await port.send(records);
      under.waiting -= records.length;
      [records, bytes] = [[], 0];
    }
    if (records.length > 0) await port.send(records);
  }

  /** Reports an outage once. */
  #failed(partition: number, cause: string): void {
    const isNew = ![...this.#troubles.values()].includes(cause);
    this.#troubles.set(partition, cause);
    if (isNew) this.#options.event('warn', 'topic-not-published', { topic: this.#options.topic, cause });
  }

  #succeeded(partition: number): void {
    if (this.#troubles.delete(partition) && this.#troubles.size === 0) {
      this.#options.event('info', 'topic-published-again', { topic: this.#options.topic });
    }
  }
}
