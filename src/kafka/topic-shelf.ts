import type { Report } from '../telemetry/report.js';
import type { Addon, Producer } from './client.js';
import type { KafkaSettings } from './conf.js';
import type { kafkaEvents } from './events.js';
import { listTopics, makeTopic } from './topic.js';

/** Says what is wrong with a topic that was made. */
export type ReportTopic = Report<keyof typeof kafkaEvents>;

/** Topics that one producer writes to: each is made when it is first wanted and not there; one that is there may have any number of partitions. */
export class TopicShelf {
  readonly #addon: Addon;
  readonly #producer: Producer;
  readonly #settings: KafkaSettings;
  readonly #partitions: number;
  readonly #report: ReportTopic;
  /** Those that are there, or about to be. */
  #listed: Promise<ReadonlySet<string>> | undefined;
  readonly #made = new Map<string, Promise<void>>();

  constructor(addon: Addon, producer: Producer, settings: KafkaSettings, partitions: number, report: ReportTopic = ignore) {
    this.#addon = addon;
    this.#producer = producer;
    this.#settings = settings;
    this.#partitions = partitions;
    this.#report = report;
  }

  /** Resolves when the topic is there; what failed is tried again by the next call. */
  async prepare(topic: string): Promise<void> {
    const listed = this.#listed ?? listTopics(this.#producer);
    this.#listed = listed;
    listed.catch(() => {
      this.#listed = undefined;
    });
    if ((await listed).has(topic)) return;
    const made = this.#made.get(topic) ?? makeTopic(this.#addon, this.#producer, this.#settings, topic, this.#partitions, this.#report);
    this.#made.set(topic, made);
    made.catch(() => this.#made.delete(topic));
    await made;
  }
}

/** Where no device is acknowledged by its topic, one without a minimum of copies in sync is as good as the brokers keep it. */
function ignore(): void {}
