import type { BlockDescriptor } from '../../host/block-ring.js';
import type { Doorbell } from '../../host/doorbell.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import type { ClientError, DeliveryReport, Producer } from '../../kafka/client.js';
import { OUTSTANDING_BYTES_MAX } from '../../kafka/conf.js';
import { blockMessages, blockTimeUs } from '../block.js';
import type { Source } from '../file/block-appender.js';
import { markHeaders } from './marks.js';
import type { OwnerHeaders } from './owner-header.js';
import type { Delivered } from './record-dispatcher.js';

/** A block on its way. It stays in the gateway's memory until it is released there. */
interface Shipment {
  readonly source: number;
  readonly partition: number;
  /** Counts this source's blocks of the partition; see marks.ts. */
  readonly number: bigint;
  readonly memoryOffset: number;
  readonly bytes: number;
  readonly lastUs: bigint;
  state: 'waiting' | 'sent' | 'durable';
  sentMs: number;
}

export interface BlockProducerOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly sources: readonly (Source & { readonly bell: Doorbell })[];
  /** Names this run in the records' headers, a random u64. */
  readonly name: bigint;
  /** Says with each record whose it is. */
  readonly owners: OwnerHeaders;
  readonly progress: Progress;
  /** A block is durable, and still in the gateway's memory. */
  readonly delivered: (block: Delivered) => void;
  /** There is room for more after there was none. */
  readonly onDrain: () => void;
  /** The brokers refused a block for good, or the producer is not to be used any more. */
  readonly failed: (error: ClientError) => void;
}

/** Shares of a new block in the average of block sizes. */
const AVERAGE_OVER = 16n;

/**
 * Gives the gateways' blocks to a producer and releases them when they are delivered, in the order of each ring:
 * that is what devices wait for. When the producer fails, the next one is given all that was not delivered.
 */
export class BlockProducer {
  readonly #options: BlockProducerOptions;
  /** By source: the blocks in its ring that were taken, in its order. */
  readonly #shipments: Shipment[][];
  readonly #numbers: bigint[];
  /** By source: messages of the blocks that were taken. */
  readonly #tallies: number[];
  readonly #descriptor: BlockDescriptor = { offset: 0, bytes: 0, partition: 0 };
  #producer: Producer | undefined;
  #generation = 0;
  #outstanding = 0;
  #full = false;

  constructor(options: BlockProducerOptions) {
    this.#options = options;
    this.#shipments = options.sources.map(() => []);
    this.#numbers = Array.from({ length: options.partitions }, () => 0n);
    this.#tallies = options.sources.map(() => 0);
  }

  /** Blocks that are in a ring and not released. */
  get waiting(): number {
    return this.#options.sources.reduce((sum, { ring }) => sum + ring.length, 0);
  }

  /** Whether the producer has something to answer. */
  get busy(): boolean {
    return this.#outstanding > 0;
  }

  /** How long the oldest block has been on its way, ms. */
  oldestMs(nowMs: number): number {
    let oldestMs = 0;
    for (const [first] of this.#shipments) if (first) oldestMs = Math.max(oldestMs, nowMs - first.sentMs);
    return oldestMs;
  }

  /** From now on blocks go to this producer, first those that the one before did not deliver. */
  attach(producer: Producer): void {
    this.detach();
    this.#producer = producer;
    const generation = this.#generation;
    producer.on('delivery-report', (error, report) => {
      if (generation === this.#generation) this.#delivered(error, report);
    });
    for (const shipments of this.#shipments) for (const shipment of shipments) if (shipment.state === 'waiting') this.#send(shipment);
    this.take();
  }

  /** Forgets the producer; its later reports are ignored. */
  detach(): void {
    this.#producer = undefined;
    this.#generation++;
    this.#outstanding = 0;
    for (const shipments of this.#shipments) for (const shipment of shipments) if (shipment.state === 'sent') shipment.state = 'waiting';
  }

  /** Takes what the gateways have, as far as there is room. */
  take(): void {
    this.#options.sources.forEach((source, index) => {
      const shipments = this.#shipments[index] as Shipment[];
      while (this.#producer && shipments.length < source.ring.length) {
        this.#full = this.#outstanding >= OUTSTANDING_BYTES_MAX;
        if (this.#full) return;
        const { offset, bytes, partition } = source.ring.peek(shipments.length, this.#descriptor);
        const last = this.#numbers[partition];
        if (last === undefined) throw new Error(`a gateway sealed a block for partition ${partition}, there are ${this.#numbers.length}`);
        const number = last + 1n;
        this.#numbers[partition] = number;
        const tally = (this.#tallies[index] as number) + blockMessages(source.bytes, offset);
        this.#tallies[index] = tally;
        source.ring.tally(shipments.length, tally);
        const lastUs = blockTimeUs(source.bytes, offset, 'last');
        const common = { source: index, partition, number, memoryOffset: offset, bytes, lastUs };
        const shipment: Shipment = { ...common, state: 'waiting', sentMs: performance.now() };
        shipments.push(shipment);
        this.#send(shipment);
      }
    });
  }

  #send(shipment: Shipment): void {
    const producer = this.#producer;
    if (!producer) return;
    const block = this.#blockOf(shipment);
    const headers = markHeaders({ source: this.#options.name, number: shipment.number }, this.#options.owners.header);
    try {
      producer.produce(this.#options.topic, shipment.partition, block, null, Date.now(), shipment, headers);
    } catch (error) {
      // Nothing may overtake it: the producer is done for, and the next one begins with this block.
      this.#fail(error as ClientError);
      return;
    }
    shipment.state = 'sent';
    this.#outstanding += shipment.bytes;
  }

  #blockOf({ source, memoryOffset, bytes: length }: Shipment): Buffer {
    const { bytes } = this.#options.sources[source] as Source;
    return Buffer.from(bytes.buffer, bytes.byteOffset + memoryOffset, length);
  }

  #delivered(error: ClientError | null, report: DeliveryReport): void {
    const shipment = report.opaque as Shipment;
    if (error) {
      this.#fail(error);
      return;
    }
    shipment.state = 'durable';
    this.#outstanding -= shipment.bytes;
    const offset = BigInt(report.offset);
    this.#advance(shipment, offset + 1n);
    const { partition, number } = shipment;
    this.#options.delivered({ partition, offset, number, source: this.#options.name, block: this.#blockOf(shipment) });
    this.#release(shipment.source);
    if (this.#full) this.#options.onDrain();
  }

  #fail(error: ClientError): void {
    this.detach();
    this.#options.failed(error);
  }

  /** Progress before release: whoever sees an acknowledged message also sees that the log holds it. */
  #advance({ partition, lastUs, bytes }: Shipment, durable: bigint): void {
    const { progress } = this.#options;
    if (lastUs > progress.get(partition, ProgressWord.durableUs)) progress.set(partition, ProgressWord.durableUs, lastUs);
    const average = progress.get(partition, ProgressWord.offsetBytes);
    const next = average === 0n ? BigInt(bytes) : (average * (AVERAGE_OVER - 1n) + BigInt(bytes)) / AVERAGE_OVER;
    progress.set(partition, ProgressWord.offsetBytes, next);
    if (durable > progress.get(partition, ProgressWord.durable)) progress.set(partition, ProgressWord.durable, durable);
  }

  #release(source: number): void {
    const shipments = this.#shipments[source] as Shipment[];
    const open = shipments.findIndex(({ state }) => state !== 'durable');
    const count = open < 0 ? shipments.length : open;
    if (count === 0) return;
    shipments.splice(0, count);
    const { ring, bell } = this.#options.sources[source] as BlockProducerOptions['sources'][number];
    ring.release(count);
    bell.ring();
  }
}
