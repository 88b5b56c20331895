import { partitionOf } from '../../src/contract/partition.js';
import { BlockRing } from '../../src/host/block-ring.js';
import type { Source } from '../../src/log/file/block-appender.js';
import { sealBlock } from '../support/blocks.js';
import type { Message } from './fleet.js';

const SLOTS = 8;
const SLOT_BYTES = 4096;
const BLOCK_RECORDS_MAX = 5;

interface Received {
  readonly message: Message;
  readonly receiveUs: number;
}

/** A gateway without sockets: messages go into blocks, blocks to the log, and what the log released is acknowledged. */
export class ModelGateway implements Source {
  readonly bytes = new Uint8Array(SLOTS * SLOT_BYTES);
  readonly ring = new BlockRing(BlockRing.memory(SLOTS));
  readonly #open: Received[][];
  /** Messages of the blocks in the ring, oldest first. */
  readonly #pushed: Message[][] = [];
  #released = 0;
  received = 0;
  acknowledged = 0;

  constructor(partitions: number) {
    this.#open = Array.from({ length: partitions }, () => []);
  }

  /** Messages that were received and not answered yet. */
  get inFlight(): number {
    return [...this.#open, ...this.#pushed].reduce((sum, messages) => sum + messages.length, 0);
  }

  /** False: there is no room, so it is not read. */
  receive(message: Message, receiveUs: number): boolean {
    const open = this.#open[partitionOf(message.device, this.#open.length)] as Received[];
    if (open.length === BLOCK_RECORDS_MAX) return false;
    open.push({ message, receiveUs });
    this.received++;
    return true;
  }

  /** Seals the open block of a partition, if there is a slot for it. */
  push(partition: number): void {
    const open = this.#open[partition] as Received[];
    if (open.length === 0 || this.ring.length === SLOTS) return;
    const records = open.map(({ message, receiveUs }) => ({ device: message.device, receiveUs, payload: message.payload }));
    const block = sealBlock(partition, records);
    const offset = (this.ring.pushed % SLOTS) * SLOT_BYTES;
    this.bytes.set(block, offset);
    this.ring.push(offset, block.length, partition);
    this.#pushed.push(open.map(({ message }) => message));
    this.#open[partition] = [];
  }

  /** Messages whose blocks became durable since the last call. */
  takeDurable(): Message[] {
    const messages: Message[] = [];
    for (; this.#released !== this.ring.released; this.#released++) messages.push(...(this.#pushed.shift() ?? []));
    this.acknowledged += messages.length;
    return messages;
  }
}
