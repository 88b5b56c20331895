import { type ClientError, type DeliveryReport, loadAddon, type Producer } from './client.js';
import type { KafkaSettings } from './conf.js';
import { connectSideProducer } from './connect.js';
import { prepareSideTopic } from './topic.js';

const POLL_MS = 5;

export interface SideRecord {
  readonly key: string | null;
  readonly value: Buffer;
}

interface Sending {
  left: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/**
 * A topic beside that of blocks, with a producer of its own: what goes wrong here holds up no message of a device. The
 * brokers are first spoken to when there is something to send.
 */
export class SideTopic {
  readonly #settings: KafkaSettings;
  readonly #topic: string;
  readonly #partitions: number;
  #producer: Producer | undefined;
  #giveUp: (() => void) | undefined;

  /** `partitions`: of the topic when it has to be made. */
  constructor(settings: KafkaSettings, topic: string, partitions: number) {
    this.#settings = settings;
    this.#topic = topic;
    this.#partitions = partitions;
  }

  /** Resolves when all in-sync replicas have all of them; rejects when some of them may be missing. One call at a time. */
  async send(records: readonly SideRecord[]): Promise<void> {
    const producer = this.#producer ?? (await this.#connect());
    this.#producer = producer;
    const polling = setInterval(() => producer.poll(), POLL_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#giveUp = () => reject(new Error(`cannot write to topic ${this.#topic}: it is closed`));
        const sending: Sending = { left: records.length, done: resolve, failed: reject };
        for (const { key, value } of records) producer.produce(this.#topic, null, value, key, Date.now(), sending, []);
      });
    } catch (error) {
      // A producer that failed once may be of no more use; what it still has under way is sent again all the same.
      await this.close();
      throw error;
    } finally {
      clearInterval(polling);
    }
  }

  /** What is under way is given up. */
  async close(): Promise<void> {
    this.#giveUp?.();
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer?.isConnected()) await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
  }

  async #connect(): Promise<Producer> {
    const addon = loadAddon();
    let last = '';
    const producer = await connectSideProducer(addon, this.#settings, (error) => {
      last = error.message;
    });
    try {
      await prepareSideTopic(addon, producer, this.#settings, this.#topic, this.#partitions);
    } catch (error) {
      producer.disconnect(() => {});
      throw error;
    }
    producer.on('delivery-report', (error: ClientError | null, { opaque }: DeliveryReport) => {
      const sending = opaque as Sending;
      if (error) sending.failed(new Error(`cannot write to topic ${this.#topic}: ${error.message}${last && `; ${last}`}`));
      else if (--sending.left === 0) sending.done();
    });
    return producer;
  }
}
