import type { Doorbell } from '../../host/doorbell.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import type { RecordKind, RecordRing } from '../../host/record-ring.js';
import { blockBytes, blockTimeUs } from '../block.js';
import type { Report } from '../recovery.js';
import { answered, type Consumer, type Message } from './client.js';
import { readMark, SeenMarks } from './marks.js';

/** How long a fetch may wait for the first record. */
const WAIT_MS = 200;
/** Records taken at a time once one was there; what they hold is the most that is held here. */
const TAKE_MAX = 32;
const FULL_LOOK_MS = 2;
const RETRY_MS = 200;

interface Entry {
  readonly offset: bigint;
  readonly kind: RecordKind;
  readonly block: Uint8Array;
}

/** One partition on its way from the brokers to its pipeline. */
interface Lane {
  readonly ring: RecordRing;
  readonly seen: SeenMarks;
  /** Fetched and not in the ring, because it is full. */
  readonly held: Entry[];
  next: bigint;
}

export interface FeedOptions {
  readonly topic: string;
  readonly consumer: Consumer;
  readonly rings: readonly RecordRing[];
  /** Offsets to begin at, by partition. */
  readonly from: readonly bigint[];
  readonly progress: Progress;
  readonly bells: readonly Doorbell[];
  readonly report: Report;
}

const NOTHING = new Uint8Array();

/**
 * Brings the topic's records to the pipelines. A pipeline that does not keep up fills its ring, then its partition is
 * not fetched until there is room again; the others go on.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #lanes: Lane[];
  #stopping = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#lanes = options.rings.map((ring, partition) => ({
      ring,
      seen: new SeenMarks(),
      held: [],
      next: options.from[partition] as bigint,
    }));
  }

  stop(): void {
    this.#stopping = true;
  }

  /** Ends after `stop`. */
  async run(): Promise<void> {
    const { consumer, topic } = this.#options;
    consumer.assign(this.#lanes.map(({ next }, partition) => ({ topic, partition, offset: Number(next) })));
    while (!this.#stopping) {
      try {
        await this.#turn(consumer);
      } catch (error) {
        this.#options.report('debug', 'kafka-fetch-failed', { cause: (error as Error).message });
        await pause(RETRY_MS);
      }
    }
  }

  async #turn(consumer: Consumer): Promise<void> {
    const blocked = this.#lanes.some(({ held }) => held.length > 0);
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
    const lane = this.#lanes[partition];
    const offset = BigInt(number);
    if (!lane || offset < lane.next) return;
    if (offset > lane.next) this.#push(partition, lane, { offset, kind: 'gap', block: NOTHING });
    lane.next = offset + 1n;
    const mark = readMark(headers);
    if (!mark || !value || !isBlock(value)) this.#push(partition, lane, { offset, kind: 'damaged', block: NOTHING });
    else if (!lane.seen.admit(mark)) this.#push(partition, lane, { offset, kind: 'skip', block: NOTHING });
    else this.#push(partition, lane, { offset, kind: 'block', block: value });
    this.#advance(partition, lane.next, value);
  }

  #push(partition: number, lane: Lane, entry: Entry): void {
    if (lane.held.length === 0 && lane.ring.push(entry.offset, entry.kind, entry.block)) return;
    if (lane.held.push(entry) === 1) this.#options.consumer.pause([{ topic: this.#options.topic, partition }]);
  }

  #retry(consumer: Consumer): void {
    this.#lanes.forEach((lane, partition) => {
      if (lane.held.length === 0) return;
      const refused = lane.held.findIndex(({ offset, kind, block }) => !lane.ring.push(offset, kind, block));
      lane.held.splice(0, refused < 0 ? lane.held.length : refused);
      if (lane.held.length === 0) consumer.resume([{ topic: this.#options.topic, partition }]);
    });
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
    this.#lanes.forEach((_, partition) => {
      const { lowOffset, highOffset } = consumer.getWatermarkOffsets(topic, partition);
      if (lowOffset >= 0 && BigInt(lowOffset) > progress.get(partition, ProgressWord.start)) {
        progress.set(partition, ProgressWord.start, BigInt(lowOffset));
      }
      if (highOffset >= 0) this.#advance(partition, BigInt(highOffset), null);
    });
  }
}

/** Whether the value is as long as its header says; the kernel checks the hashes. */
function isBlock(value: Uint8Array): boolean {
  return blockBytes(new DataView(value.buffer, value.byteOffset, value.length), 0) === value.length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
