import { setTimeout as delay } from 'node:timers/promises';
import type { BatchRow } from '../../contract/batch-row.js';
import type { Database } from '../../contract/database.js';
import type { RowBatch } from '../../contract/threads/store.js';
import type { Names } from '../letters/dead-letter.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Part } from '../part.js';
import type { Registry } from '../registry/registry.js';
import { AlertTopic, type AlertTopicOptions } from './alert-topic.js';
import { DeadLetterTopic, type DeadLetterTopicOptions } from './dead-letter-topic.js';
import { LetterRows } from './letter-rows.js';
import { NormalizedTopic, type NormalizedTopicOptions } from './normalized-topic.js';
import { type PublishEvent, PublishLoop, type TopicSource } from './publish-loop.js';
import type { RecordFormat, TopicLag, TopicPort } from './topic-record.js';

/** How long records on their way to a topic may take at the end; what is given up is sent again by the next start. */
const STOP_MS_MAX = 2000;

/** A topic, and the connection to it. */
export interface TopicConnection extends TopicPort {
  readonly topic: string;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

export type TopicPart = Required<Pick<Part, 'topicLags' | 'open' | 'close'>>;

type LettersOptions = Pick<DeadLetterTopicOptions, 'format' | 'names' | 'partitions'> & {
  readonly port: TopicConnection;
  readonly event: PublishEvent;
  readonly database: Database;
};

/** Publishes dead letters from `open` to `close`. */
export function publishDeadLetters({ database, event, ...options }: LettersOptions): TopicPart {
  const { port } = options;
  const { topic } = port;
  const letters = new DeadLetterTopic({ ...options, topic, rows: new LetterRows(database, topic) });
  return topicPart(letters, port, event);
}

type AlertsOptions = Pick<AlertTopicOptions, 'format' | 'outbox'> & { readonly port: TopicConnection; readonly event: PublishEvent };

/** Publishes changes of alerts from `open` to `close`. */
export function publishAlerts({ event, ...options }: AlertsOptions): TopicPart {
  const { port } = options;
  return topicPart(new AlertTopic({ ...options, topic: port.topic }), port, event);
}

function topicPart(source: TopicSource, port: TopicConnection, event: PublishEvent): TopicPart {
  const loop = new PublishLoop(source, event);
  return {
    topicLags: () => source.lag,
    open: async () => loop.start(),
    close: async () => {
      await Promise.race([loop.stop(), delay(STOP_MS_MAX)]);
      await port.close();
      await loop.stop();
    },
  };
}

export interface PublishedReadingsOptions {
  readonly port: TopicConnection;
  readonly format: RecordFormat;
  /** The rows that lie in a batch. */
  readonly rows: (batch: RowBatch, memory: SharedArrayBuffer) => Iterable<BatchRow>;
  readonly event: NormalizedTopicOptions['event'];
}

export interface ReadingsParts extends Pick<NormalizedTopicOptions, 'names' | 'partitions'> {
  readonly registry: Registry;
}

/** Publishes the readings of batches before they are committed. Batches that come before `begin` wait for the names of devices. */
export class PublishedReadings {
  readonly #options: PublishedReadingsOptions;
  readonly #ready: Promise<NormalizedTopic>;
  #begun!: (topic: NormalizedTopic) => void;
  #topic: NormalizedTopic | undefined;

  constructor(options: PublishedReadingsOptions) {
    this.#options = options;
    this.#ready = new Promise((resolve) => {
      this.#begun = resolve;
    });
  }

  get lag(): TopicLag[] {
    return this.#topic?.lag ?? [];
  }

  begin({ registry, ...parts }: ReadingsParts): void {
    const { port, format, event } = this.#options;
    const missing = (device: number) => registry.refresh(device, device);
    this.#topic = new NormalizedTopic({ topic: port.topic, port, format, missing, event, ...parts });
    this.#begun(this.#topic);
  }

  readonly publish = async (batch: RowBatch, memory: SharedArrayBuffer): Promise<void> => {
    await (await this.#ready).publish(batch, this.#options.rows(batch, memory));
  };
}

export function namesIn(registry: Registry, metricNames: MetricNames): Names {
  return { device: (number) => registry.byNumber(number), metric: (number) => metricNames.name(number) };
}
