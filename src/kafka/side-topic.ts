import { type ClientError, type DeliveryReport, loadAddon, type Producer } from './client.js';
import type { KafkaSettings } from './conf.js';
import { connectSideProducer } from './connect.js';
import { tenantTopic } from './tenant-topic.js';
import { type ReportTopic, TopicShelf } from './topic-shelf.js';

const POLL_MS = 1;

export interface SideRecord {
  readonly key: string | null;
  /** Whose topic it goes to, where tenants have their own. */
  readonly tenant: string | null;
  readonly value: Buffer;
}

export interface SideTopicOptions {
  readonly settings: KafkaSettings;
  readonly topic: string;
  /** Of a topic that has to be made. */
  readonly partitions: number;
  /** Whether each tenant has a topic of its own; records of none go to `topic`. */
  readonly byTenant: boolean;
  /** Of a topic by which publishers are acknowledged. */
  readonly report?: ReportTopic;
}

/** Records that were handed to the client together. */
interface Sending {
  left: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

interface Open {
  readonly producer: Producer;
  readonly topics: TopicShelf;
}

/**
 * A topic beside that of blocks, with a producer of its own: what goes wrong here holds up no acknowledgement. The
 * brokers are first spoken to when there is something to send.
 */
export class SideTopic {
  readonly #options: SideTopicOptions;
  readonly #sendings = new Set<Sending>();
  /** Topics by tenant. */
  readonly #names = new Map<string, string>();
  #open: Promise<Open> | undefined;
  #closing: Promise<void> = Promise.resolve();
  #polling: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The last error of the client's connections. */
  #lastError = '';

  constructor(options: SideTopicOptions) {
    this.#options = options;
  }

  get topic(): string {
    return this.#options.topic;
  }

  /** Resolves when all in-sync replicas have all of them; rejects when some of them may be missing. Several calls may run side by side. */
  async send(records: readonly SideRecord[]): Promise<void> {
    await this.#closing;
    if (this.#isClosed) throw this.#error('it is closed');
    const opened = this.#opened();
    const { producer, topics } = await opened;
    const names = records.map(({ tenant }) => this.#topicOf(tenant));
    for (const name of new Set(names)) await topics.prepare(name);
    if (this.#open !== opened) throw this.#error('the connection was given up meanwhile');
    try {
      await this.#produce(producer, records, names);
    } catch (error) {
      // A producer that failed once may be of no more use. Reports of what it still has under way are ignored, and that is sent again.
      if (this.#open === opened) this.#closing = this.#drop(error as Error);
      await this.#closing;
      throw error;
    }
  }

  /** What is under way is given up, and nothing is taken any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drop(this.#error('it is closed'));
  }

  #opened(): Promise<Open> {
    const opened = this.#open ?? this.#connect();
    this.#open = opened;
    opened.catch(() => {
      if (this.#open === opened) this.#open = undefined;
    });
    return opened;
  }

  #topicOf(tenant: string | null): string {
    const { topic, byTenant } = this.#options;
    if (!byTenant || tenant === null) return topic;
    const name = this.#names.get(tenant) ?? tenantTopic(topic, tenant);
    this.#names.set(tenant, name);
    return name;
  }

  async #produce(producer: Producer, records: readonly SideRecord[], names: readonly string[]): Promise<void> {
    let sending: Sending | undefined;
    this.#polling ??= setInterval(() => producer.poll(), POLL_MS);
    try {
      await new Promise<void>((done, failed) => {
        sending = { left: records.length, done, failed };
        this.#sendings.add(sending);
        const now = Date.now();
        records.forEach(({ key, value }, index) => {
          producer.produce(names[index] as string, null, value, key, now, sending, []);
        });
      });
    } finally {
      if (sending) this.#sendings.delete(sending);
      if (this.#sendings.size === 0) this.#rest();
    }
  }

  #rest(): void {
    clearInterval(this.#polling);
    this.#polling = undefined;
  }

  async #drop(error: Error): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#rest();
    for (const { failed } of this.#sendings) failed(error);
    const opened = await open?.catch(() => undefined);
    const producer = opened?.producer;
    if (producer?.isConnected()) await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
  }

  async #connect(): Promise<Open> {
    const { settings, partitions, report } = this.#options;
    const addon = loadAddon();
    const producer = await connectSideProducer(addon, settings, (error) => {
      this.#lastError = error.message;
    });
    producer.on('delivery-report', (error: ClientError | null, { opaque }: DeliveryReport) => {
      const sending = opaque as Sending;
      if (error) sending.failed(this.#error(error.message + (this.#lastError && `; ${this.#lastError}`)));
      else if (--sending.left === 0) sending.done();
    });
    return { producer, topics: new TopicShelf(addon, producer, settings, partitions, report) };
  }

  #error(cause: string): Error {
    return new Error(`cannot write to topic ${this.#options.topic}: ${cause}`);
  }
}
