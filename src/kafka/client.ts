import { createRequire } from 'node:module';
import { KafkaFailure } from './failure.js';

// The one door to node-rdkafka. It is an optional dependency, so its own types may not be there to compile against.
// Its callbacks run on the main thread's event loop whatever thread loaded it: it is used there and nowhere else.

export interface ClientError {
  readonly message: string;
  readonly code: number;
  readonly isFatal?: boolean;
}
/** ERR__FATAL of librdkafka: the client that answers so does nothing any more. */
const FATAL = -150;
type Done<Value = unknown> = (error: ClientError | null, value: Value) => void;

/** `rebalance_cb` of a consumer: the partitions that its group assigns or revokes. */
export type Rebalanced = (error: ClientError | undefined, places: readonly Place[]) => void;
export type ClientConf = Readonly<Record<string, string | number | boolean | Rebalanced>>;

export interface PartitionMetadata {
  readonly id: number;
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isrs: readonly number[];
}
export interface Metadata {
  readonly brokers: readonly { readonly id: number; readonly host: string; readonly port: number }[];
  readonly topics: readonly { readonly name: string; readonly partitions: readonly PartitionMetadata[] }[];
}

interface Client {
  connect(options: { readonly timeout: number }, done: Done<Metadata>): void;
  disconnect(done: Done): void;
  isConnected(): boolean;
  getMetadata(options: { readonly topic?: string; readonly timeout: number }, done: Done<Metadata>): void;
  queryWatermarkOffsets(topic: string, partition: number, timeoutMs: number, done: Done<Watermarks>): void;
  /** What goes wrong with connections; the library recovers by itself, unless the error is fatal. */
  on(event: 'event.error', listener: (error: ClientError) => void): void;
}

export interface DeliveryReport {
  readonly partition: number;
  readonly offset: number;
  readonly opaque: unknown;
}
export interface Header {
  readonly [name: string]: Buffer | string;
}

export interface Producer extends Client {
  /** What is under way may still go out, for `flushMs`; without it for some seconds. */
  disconnect(flushMs: number, done: Done): void;
  disconnect(done: Done): void;
  /**
   * Copies the message. Without a partition its key finds one. Throws a ClientError when the queue is full or the producer
   * is not to be used any more.
   */
  produce(
    topic: string,
    partition: number | null,
    message: Buffer,
    key: string | null,
    timestamp: number,
    opaque: unknown,
    headers: readonly Header[],
  ): void;
  poll(): void;
  on(event: 'event.error', listener: (error: ClientError) => void): void;
  on(event: 'delivery-report', listener: (error: ClientError | null, report: DeliveryReport) => void): void;
}

export interface Message {
  readonly partition: number;
  readonly offset: number;
  readonly value: Buffer | null;
  readonly headers?: readonly Header[];
}
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset?: number;
}

export interface Consumer extends Client {
  subscribe(topics: readonly string[]): void;
  unsubscribe(): void;
  assign(places: readonly Place[]): void;
  unassign(): void;
  pause(places: readonly Place[]): void;
  resume(places: readonly Place[]): void;
  /** With a timeout of 0 it happens soon. */
  seek(place: Place, timeoutMs: number, done: (error?: ClientError) => void): void;
  setDefaultConsumeTimeout(ms: number): void;
  /** Waits the timeout out unless `count` messages come. */
  consume(count: number, done: Done<readonly Message[]>): void;
  on(event: 'event.error', listener: (error: ClientError) => void): void;
  /** Nothing comes after what was read of the partition; only where `enable.partition.eof` is set. */
  on(event: 'partition.eof', listener: (end: Place) => void): void;
  /** As the last fetch said; -1001 before there was one. */
  getWatermarkOffsets(topic: string, partition: number): Watermarks;
}
export interface Watermarks {
  readonly lowOffset: number;
  readonly highOffset: number;
}

interface Admin {
  createTopic(
    topic: {
      readonly topic: string;
      readonly num_partitions: number;
      readonly replication_factor: number;
      readonly config: Readonly<Record<string, string>>;
    },
    timeoutMs: number,
    done: (error?: ClientError | null) => void,
  ): void;
  deleteTopic(topic: string, timeoutMs: number, done: (error?: ClientError | null) => void): void;
  disconnect(): void;
}

export interface Addon {
  readonly librdkafkaVersion: string;
  readonly features: readonly string[];
  readonly Producer: new (conf: ClientConf, topicConf: ClientConf) => Producer;
  readonly KafkaConsumer: new (conf: ClientConf, topicConf: ClientConf) => Consumer;
  readonly AdminClient: { create(conf: ClientConf): Admin };
}

/** Throws a KafkaFailure where the addon was not installed or does not load. */
export function loadAddon(load: (name: string) => unknown = createRequire(import.meta.url)): Addon {
  try {
    return load('node-rdkafka') as Addon;
  } catch (error) {
    const cause = String((error as Error).message).split('\n')[0];
    throw new KafkaFailure(
      'kafka_addon_missing',
      `cannot load node-rdkafka: ${cause}`,
      'where a C++ compiler, make, Python and the headers of OpenSSL are, run: npm run build:kafka; or leave SPILLWAY_LOG at file',
    );
  }
}

/** Whether the client that failed so is of no more use; all other errors pass by themselves or by trying again. */
export function isFinal({ code, isFatal }: Pick<ClientError, 'code' | 'isFatal'>): boolean {
  return code === FATAL || isFatal === true;
}

/** Runs one call of a client that answers by callback. */
export function answered<Value>(call: (done: Done<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    call((error, value) =>
      error ? reject(error instanceof Error ? error : Object.assign(new Error(error.message), error)) : resolve(value),
    );
  });
}
