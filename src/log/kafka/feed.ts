import type { Doorbell } from '../../host/doorbell.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import type { RecordRing, RingRecord } from '../../host/record-ring.js';
import { blockBytes, blockMessages, blockTimeUs } from '../block.js';
import type { Report } from '../recovery.js';
import { answered, type Consumer, type Message, type Place } from './client.js';
import { readMark } from './marks.js';

/** How long a fetch may wait for the first record. */
const WAIT_MS = 200;
/** Records taken at a time once one was there; what they hold is the most that is held here. */
const TAKE_MAX = 32;
const FULL_LOOK_MS = 2;
const RETRY_MS = 200;
const BEGIN_LOOK_MS = 10;

interface Entry {
  readonly offset: bigint;
  readonly record: RingRecord;
}

/** One partition on its way from the brokers to its pipeline. */
interface Lane {
  readonly ring: RecordRing;
  /** Fetched and not in the ring, because it is full. */
  readonly held: Entry[];
  next: bigint;
  /** Where the log stood when it was opened; messages behind it are counted. */
  readonly opened: bigint;
  messages: bigint;
}

export interface FeedOptions {
  readonly topic: string;
  readonly consumer: Consumer;
  readonly progress: Progress;
  readonly bells: readonly Doorbell[];
  readonly report: Report;
}

/**
 * Brings the records of this process's partitions to the pipelines. A pipeline that does not keep up fills its ring, then
 * its partition is not fetched until there is room again; the others go on.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #lanes = new Map<number, Lane>();
  #stopping = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Opens lanes into these rings once their readers have said where they begin; answers from where to fetch. */
  async open(rings: ReadonlyMap<number, RecordRing>): Promise<Place[]> {
    const { progress, topic } = this.#options;
    while (!this.#stopping && [...rings.values()].some(({ begin }) => begin === undefined)) await pause(BEGIN_LOOK_MS);
    return Array.from(rings, ([partition, ring]) => {
      const next = ring.begin ?? 0n;
      this.#lanes.set(partition, { ring, held: [], next, opened: progress.mark(partition).offset, messages: 0n });
      return { topic, partition, offset: Number(next) };
    });
  }

  /** Nothing more is brought; answers what lies behind the records that the pipelines have been given, by partition. */
  close(): ReadonlyMap<number, bigint> {
    const ends = new Map(Array.from(this.#lanes, ([partition, { next, held }]) => [partition, held[0]?.offset ?? next]));
    this.#lanes.clear();
    return ends;
  }

  has(partition: number): boolean {
    return this.#lanes.has(partition);
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Fetches for the lanes that are open, and lets the client say what it has to say; ends after `stop`. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#turn(this.#options.consumer);
      } catch (error) {
        this.#options.report('debug', 'kafka-fetch-failed', { cause: (error as Error).message });
        await pause(RETRY_MS);
      }
    }
  }

  async #turn(consumer: Consumer): Promise<void> {
    const blocked = [...this.#lanes.values()].some(({ held }) => held.length > 0);
    // A call waits its whole time out unless all it asked for comes: so it waits for one, and then takes what is there.
    consumer.setDefaultConsumeTimeout(blocked ? FULL_LOOK_MS : WAIT_MS);
    const first = await answered<readonly Message[]>((done) => consumer.consume(1, done));
    this.#bring(first);
    if (first.length > 0) {
      consumer.setDefaultConsumeTimeout(0);
      this.#bring(await answered<readonly Message[]>((done) => consumer.consume(TAKE_MAX, done)));
    }
    if (blocked) this.#retry(consumer);
    this.#look(consumer);
  }

  #bring(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    for (const message of messages) this.#place(message);
    for (const bell of this.#options.bells) bell.ring();
  }

  #place({ partition, offset: number, value, headers }: Message): void {
    const lane = this.#lanes.get(partition);
    const offset = BigInt(number);
    if (!lane || offset < lane.next) return;
    if (offset > lane.next) this.#push(partition, lane, { offset, record: { kind: 'gap' } });
    lane.next = offset + 1n;
    const mark = readMark(headers);
    const block = mark && value && isBlock(value) ? { kind: 'block' as const, block: value, ...mark } : undefined;
    this.#push(partition, lane, { offset, record: block ?? { kind: 'damaged' } });
    this.#advance(partition, lane.next, value);
    if (!block || offset < lane.opened) return;
    lane.messages += BigInt(blockMessages(block.block, 0));
    this.#options.progress.setMark(partition, lane.next, lane.messages);
  }

  #push(partition: number, lane: Lane, entry: Entry): void {
    if (lane.held.length === 0 && lane.ring.push(entry.offset, entry.record)) return;
    if (lane.held.push(entry) === 1) this.#options.consumer.pause([{ topic: this.#options.topic, partition }]);
  }

  #retry(consumer: Consumer): void {
    for (const [partition, lane] of this.#lanes) {
      if (lane.held.length === 0) continue;
      const refused = lane.held.findIndex(({ offset, record }) => !lane.ring.push(offset, record));
      lane.held.splice(0, refused < 0 ? lane.held.length : refused);
      if (lane.held.length === 0) consumer.resume([{ topic: this.#options.topic, partition }]);
    }
    for (const bell of this.#options.bells) bell.ring();
  }

  #advance(partition: number, durable: bigint, block: Uint8Array | null): void {
    const { progress } = this.#options;
    if (durable > progress.get(partition, ProgressWord.durable)) progress.set(partition, ProgressWord.durable, durable);
    if (!block || block.length === 0) return;
    if (progress.get(partition, ProgressWord.offsetBytes) === 0n) progress.set(partition, ProgressWord.offsetBytes, BigInt(block.length));
    if (!isBlock(block)) return;
    const lastUs = blockTimeUs(block, 0, 'last');
    if (lastUs > progress.get(partition, ProgressWord.durableUs)) progress.set(partition, ProgressWord.durableUs, lastUs);
  }

  /** What the last fetch said of the topic's ends. */
  #look(consumer: Consumer): void {
    const { progress, topic } = this.#options;
    for (const partition of this.#lanes.keys()) {
      const { lowOffset, highOffset } = consumer.getWatermarkOffsets(topic, partition);
      if (lowOffset >= 0 && BigInt(lowOffset) > progress.get(partition, ProgressWord.start)) {
        progress.set(partition, ProgressWord.start, BigInt(lowOffset));
      }
      if (highOffset >= 0) this.#advance(partition, BigInt(highOffset), null);
    }
  }
}

/** Whether the value is as long as its header says; the kernel checks the hashes. */
function isBlock(value: Uint8Array): boolean {
  return blockBytes(new DataView(value.buffer, value.byteOffset, value.length), 0) === value.length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
