import { randomBytes } from 'node:crypto';
import type { FromLog, LogStart, ToLog } from '../../contract/threads.js';
import { BlockRing } from '../../host/block-ring.js';
import { Doorbell, gatewayDoorbell, LOG_DOORBELL, PIPELINES_MAX, pipelineDoorbell } from '../../host/doorbell.js';
import { Progress, ProgressWord } from '../../host/progress.js';
import { RecordRing } from '../../host/record-ring.js';
import { Backlog } from '../backlog.js';
import type { Report } from '../recovery.js';
import { type Addon, answered, type ClientError, type Consumer, loadAddon, type Producer, type Watermarks } from './client.js';
import { type KafkaSettings, rawTopic } from './conf.js';
import { connectConsumer, connectProducer } from './connect.js';
import { KafkaFailure } from './failure.js';
import { Feed } from './feed.js';
import { Outlet } from './outlet.js';
import { prepareTopic } from './topic.js';

const IDLE_MS_MAX = 1000;
/** While the backlog is full the store moves on without a ring. */
const BACKLOG_LOOK_MS = 5;
const POLL_MS = 1;
const WATCH_MS = 500;
/** A block that waits this long for the brokers is worth saying. */
const STALLED_MS = 3000;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 5000;
const CALL_MS_MAX = 10_000;

/**
 * The log in Kafka: an outlet from the gateways' rings to the topic, and a feed from the topic to the pipelines' rings.
 * It runs on the main thread, because that is the only place where the client library's callbacks run; the work on
 * bytes and connections is done by threads of that library.
 */
export class KafkaLog {
  readonly ready: Promise<void>;
  /** Settles when the log has ended; rejects when it cannot go on. */
  readonly ended: Promise<void>;
  readonly #start: LogStart;
  readonly #settings: KafkaSettings;
  readonly #group: string;
  readonly #post: (message: FromLog) => void;
  readonly #progress: Progress;
  readonly #bell: Doorbell;
  readonly #backlog: Backlog;
  readonly #outlet: Outlet;
  readonly #rings: readonly RecordRing[];
  #addon!: Addon;
  #producer: Producer | undefined;
  #asked: ToLog['kind'] | 'nothing' = 'nothing';
  #terminated = false;
  #stalled = false;
  #retryMs = RETRY_MS_MIN;
  #polling: NodeJS.Timeout | undefined;
  #lastError = '';

  constructor(
    settings: KafkaSettings,
    group: string,
    start: LogStart,
    feeds: readonly SharedArrayBuffer[],
    post: (message: FromLog) => void,
  ) {
    this.#start = start;
    this.#settings = settings;
    this.#group = group;
    this.#post = post;
    this.#progress = new Progress(start.shared.progress);
    this.#bell = new Doorbell(start.shared.doorbells, LOG_DOORBELL);
    this.#backlog = new Backlog(this.#progress, start.backlogBytesMax, this.#report);
    this.#rings = feeds.map((memory) => new RecordRing(memory));
    this.#outlet = new Outlet({
      topic: rawTopic(settings),
      partitions: start.partitions,
      sources: start.gateways.map(({ memory, ring }, index) => ({
        bytes: new Uint8Array(memory.buffer),
        ring: new BlockRing(ring),
        bell: new Doorbell(start.shared.doorbells, gatewayDoorbell(index)),
      })),
      name: randomBytes(8).readBigUInt64LE(),
      progress: this.#progress,
      roomy: () => this.#bell.ring(),
      failed: (error) => this.#producerFailed(error),
    });
    let up!: () => void;
    const opened = new Promise<void>((resolve) => {
      up = resolve;
    });
    // Deferred, so that whoever made this log hears how opening it went.
    this.ended = Promise.resolve().then(() => this.#run(up));
    this.ready = Promise.race([opened, this.ended]);
    this.ready.catch(() => {});
  }

  post(message: ToLog): void {
    this.#asked = message.kind;
  }

  /** Ends it where it stands; what was not delivered was not acknowledged. */
  async terminate(): Promise<void> {
    this.#terminated = true;
    this.#bell.ring();
    await this.ended.catch(() => {});
  }

  readonly #report: Report = (level, name, fields) => this.#post({ kind: 'event', level, name, fields });

  async #run(up: () => void): Promise<void> {
    this.#addon = loadAddon();
    this.#producer = await connectProducer(this.#addon, this.#settings, this.#heard);
    let consumer: Consumer | undefined;
    let watch: NodeJS.Timeout | undefined;
    try {
      await prepareTopic(this.#addon, this.#producer, this.#settings, this.#start.partitions, this.#report);
      consumer = await connectConsumer(this.#addon, this.#settings, this.#group, this.#heard);
      await this.#findEnds(consumer);
      const feed = this.#openFeed(consumer);
      watch = setInterval(() => this.#watch(), WATCH_MS);
      this.#outlet.use(this.#producer);
      up();
      const feeding = feed.run();
      await this.#ship();
      feed.stop();
      await feeding;
    } finally {
      clearInterval(watch);
      clearInterval(this.#polling);
      this.#outlet.drop();
      await Promise.all([this.#producer, consumer].map((client) => client && closed(client)));
    }
  }

  #openFeed(consumer: Consumer): Feed {
    return new Feed({
      topic: rawTopic(this.#settings),
      consumer,
      rings: this.#rings,
      progress: this.#progress,
      bells: Array.from({ length: Math.min(this.#start.partitions, PIPELINES_MAX) }, (_, index) => {
        return new Doorbell(this.#start.shared.doorbells, pipelineDoorbell(index));
      }),
      report: this.#report,
    });
  }

  /** Where each partition begins and ends, checked against what the store has. */
  async #findEnds(consumer: Consumer): Promise<void> {
    const topic = rawTopic(this.#settings);
    await Promise.all(
      this.#rings.map(async (_, partition) => {
        const ends = await answered<Watermarks>((done) => consumer.queryWatermarkOffsets(topic, partition, CALL_MS_MAX, done));
        const [low, high] = [BigInt(ends.lowOffset), BigInt(ends.highOffset)];
        const committed = this.#progress.get(partition, ProgressWord.committed);
        if (committed > high) throw lost(topic, partition, high, committed);
        if (low > committed) {
          this.#report('error', 'kafka-records-expired', { partition, from: String(committed), to: String(low) });
        }
        this.#progress.set(partition, ProgressWord.start, low);
        this.#progress.setDurable(partition, high, 0n);
      }),
    );
  }

  /** Hands blocks on until it is told to stop and all of them are delivered. */
  async #ship(): Promise<void> {
    for (;;) {
      const seen = this.#bell.seen();
      if (this.#terminated || (this.#asked === 'stop' && this.#outlet.waiting === 0)) return;
      const full = this.#asked === 'nothing' && this.#backlog.isFull();
      if (!full) this.#outlet.take();
      if (this.#outlet.busy) this.#polling ??= setInterval(() => this.#poll(), POLL_MS);
      await this.#bell.waitAsync(seen, full ? BACKLOG_LOOK_MS : IDLE_MS_MAX);
    }
  }

  /** Deliveries are heard when they are asked for. While nothing is on its way, nobody asks. */
  #poll(): void {
    if (!this.#outlet.busy) {
      clearInterval(this.#polling);
      this.#polling = undefined;
    } else if (this.#producer?.isConnected()) this.#producer.poll();
  }

  /** Says when the brokers keep blocks waiting, and when they no longer do. */
  #watch(): void {
    if (this.#producer?.isConnected()) this.#producer.poll();
    if (this.#asked === 'stop') this.#bell.ring();
    const stalled = this.#outlet.oldestMs(performance.now()) > STALLED_MS;
    if (!stalled) this.#retryMs = RETRY_MS_MIN;
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    const message = stalled ? `the Kafka brokers acknowledge nothing${this.#lastError && `: ${this.#lastError}`}` : '';
    if (stalled) this.#report('error', 'kafka-stalled', { cause: this.#lastError, blocks: this.#outlet.waiting });
    else this.#report('info', 'kafka-recovered', {});
    this.#post({ kind: 'health', log: stalled ? 'failing' : 'up', code: stalled ? 'kafka_stalled' : '', message });
  }

  readonly #heard = (error: ClientError): void => {
    if (error.message !== this.#lastError) this.#report('warn', 'kafka-client-error', { cause: error.message, code: error.code });
    this.#lastError = error.message;
  };

  /** The next producer begins with the first block that this one did not deliver. */
  #producerFailed(error: ClientError): void {
    this.#report('error', 'kafka-producer-replaced', { cause: error.message, code: error.code });
    this.#lastError = error.message;
    const former = this.#producer;
    this.#producer = undefined;
    void this.#replace(former);
  }

  async #replace(former: Producer | undefined): Promise<void> {
    if (former) await closed(former);
    while (!this.#terminated) {
      await new Promise((resolve) => setTimeout(resolve, this.#retryMs));
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
      try {
        this.#producer = await connectProducer(this.#addon, this.#settings, this.#heard);
        this.#outlet.use(this.#producer);
        this.#bell.ring();
        return;
      } catch (error) {
        this.#report('warn', 'kafka-producer-not-replaced', { cause: (error as Error).message });
      }
    }
  }
}

function lost(topic: string, partition: number, high: bigint, committed: bigint): KafkaFailure {
  return new KafkaFailure(
    'kafka_log_lost',
    `cannot go on with topic ${topic}: partition ${partition} ends at ${high}, and the database has it up to ${committed}`,
    'the topic was made anew or its newest records were lost: bring it back, or begin a new one with another SPILLWAY_KAFKA_TOPIC_PREFIX',
  );
}

/** It does not matter how a client ends: what it did not deliver is still in the rings. */
function closed(client: Producer | Consumer): Promise<void> {
  return new Promise((resolve) => {
    if (client.isConnected()) client.disconnect(() => resolve());
    else resolve();
  });
}
