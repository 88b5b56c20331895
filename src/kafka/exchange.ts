import { setTimeout as sleep } from 'node:timers/promises';
import type { ExchangeRecord, MessageExchange } from '../contract/broker/exchange.js';
import type { Report } from '../telemetry/report.js';
import { answered, type Consumer, loadAddon, type Message, type Watermarks } from './client.js';
import { EXCHANGE_TOPIC, type KafkaSettings } from './conf.js';
import { closeClient, connectFollower } from './connect.js';
import type { kafkaEvents } from './events.js';
import { KafkaFailure } from './failure.js';
import { SideTopic } from './side-topic.js';
import { partitionsOf, withLeaders } from './topic.js';

const AGAIN_MS = 1000;
const LOOK_AGAIN_MS = 100;
const CALL_MS_MAX = 5000;
/** How long a fetch may wait for the first record. */
const WAIT_MS = 200;
/** Records taken at a time after a first one. */
const TAKE_MAX = 32;

/** Whether writing, or reading, fails at the moment. */
type Way = 'write' | 'read';

/** The topic that the brokers of all processes write and read. It has one partition, so all of them read the same in the same order. */
export class KafkaExchange implements MessageExchange {
  readonly #settings: KafkaSettings;
  readonly #report: Report<keyof typeof kafkaEvents>;
  readonly #topic: string;
  readonly #out: SideTopic;
  readonly #failing = new Set<Way>();
  #reading: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(settings: KafkaSettings, report: Report<keyof typeof kafkaEvents>) {
    this.#settings = settings;
    this.#report = report;
    this.#topic = settings.topicPrefix + EXCHANGE_TOPIC;
    this.#out = new SideTopic({ settings, topic: this.#topic, partitions: 1, byTenant: false, report });
  }

  /** Rejects once the exchange is closed. */
  async send(bytes: Uint8Array): Promise<void> {
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (;;) {
      try {
        await this.#out.send([{ key: null, tenant: null, value }]);
        this.#works('write');
        return;
      } catch (error) {
        if (this.#isClosed) throw error;
        this.#fails('write', error as Error);
        await this.#pause();
      }
    }
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  read(from: number, take: (records: readonly ExchangeRecord[]) => Promise<void>, current: () => void): void {
    let next = from;
    let isCurrent = false;
    const taken = async (records: readonly ExchangeRecord[]) => {
      await take(records);
      next = (records.at(-1)?.offset ?? next - 1) + 1;
    };
    const atEnd = () => {
      if (!isCurrent) current();
      isCurrent = true;
    };
    const readOn = async () => {
      while (!this.#isClosed) {
        try {
          await this.#readFrom(next, taken, atEnd);
        } catch (error) {
          this.#fails('read', error as Error);
          await this.#pause();
        }
      }
    };
    this.#reading = readOn();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#out.close(), this.#reading]);
  }

  async #readFrom(from: number, take: (records: readonly ExchangeRecord[]) => Promise<void>, atEnd: () => void): Promise<void> {
    const addon = loadAddon();
    const reader = await connectFollower(addon, this.#settings, `spillway:${this.#topic}`);
    try {
      const { lowOffset, highOffset } = await this.#ends(reader);
      // A topic that was made anew ends before what was read of the old one.
      let next = from > highOffset ? lowOffset : Math.max(from, lowOffset);
      reader.assign([{ topic: this.#topic, partition: 0, offset: next }]);
      this.#works('read');
      while (!this.#isClosed) {
        if (next >= highOffset) atEnd();
        // A call waits its whole timeout unless it gets as many records as it asked for: so it waits for one, then takes those that are there.
        reader.setDefaultConsumeTimeout(WAIT_MS);
        const first = await answered<readonly Message[]>((done) => reader.consume(1, done));
        if (first.length === 0) continue;
        reader.setDefaultConsumeTimeout(0);
        const more = await answered<readonly Message[]>((done) => reader.consume(TAKE_MAX, done));
        const records = [...first, ...more].map(({ offset, value }) => ({ offset, bytes: value ?? new Uint8Array(0) }));
        await take(records);
        next = (records.at(-1) as ExchangeRecord).offset + 1;
      }
    } finally {
      await closeClient(reader);
    }
  }

  /** Of the topic, which the first record that is sent makes. */
  async #ends(reader: Consumer): Promise<Watermarks> {
    const topic = this.#topic;
    while ((await partitionsOf(reader, topic)) === undefined) {
      if (this.#isClosed) throw new Error(`cannot read topic ${topic}: it is closed`);
      await this.#pause(LOOK_AGAIN_MS);
    }
    const { length } = await withLeaders(reader, topic);
    if (length !== 1) {
      throw new KafkaFailure(
        'kafka_topic_mismatch',
        `cannot use topic ${topic}: it has ${length} partitions, and has to have 1`,
        'delete the topic, so that Spillway makes it, or begin new topics with another SPILLWAY_KAFKA_TOPIC_PREFIX',
      );
    }
    return answered<Watermarks>((done) => reader.queryWatermarkOffsets(topic, 0, CALL_MS_MAX, done));
  }

  #fails(way: Way, { message }: Error): void {
    if (this.#failing.size === 0) this.#report('error', 'mqtt-exchange-failing', { topic: this.#topic, cause: message });
    this.#failing.add(way);
  }

  #works(way: Way): void {
    if (this.#failing.delete(way) && this.#failing.size === 0) this.#report('info', 'mqtt-exchange-recovered', { topic: this.#topic });
  }

  /** Ends sooner when the exchange is closed. */
  #pause(ms = AGAIN_MS): Promise<void> {
    return sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}
