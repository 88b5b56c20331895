import type { Doorbell } from '../../host/doorbell.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import type { RecordRing, RingRecord } from '../../host/record-ring.js';
import { answered, type ClientError, type Consumer, isFinal, type Message, type Place, type Watermarks } from '../../kafka/client.js';
import type { Report } from '../../telemetry/report.js';
import { blockBytes, blockMessages, blockTimeUs } from '../block.js';
import type { kafkaLogEvents } from './events.js';
import { Lane } from './lane.js';
import { type Mark, readMark } from './marks.js';

/** How long a fetch may wait for the first record. */
const WAIT_MS = 200;
/** Records taken at a time once one was there; what they hold is the most that is held here. */
const TAKE_MAX = 32;
const FULL_LOOK_MS = 2;
const RETRY_MS = 200;
const BEGIN_LOOK_MS = 10;

const WATCH_MS = 500;
/** A lane that is behind and was given nothing for so long is sought and resumed. */
const STANDSTILL_MS = 5000;

/** Nobody else has written to the partition for so long: its records need not be fetched, this process has them. */
const ALONE_MS = 2000;

/** How often a partition that is not fetched is asked for records of others. */
const PROBE_MS = 250;
const PROBE_MS_MAX = 5000;

/** A block of this process that all in-sync replicas have. Its bytes are the gateway's again once this was handled. */
export interface Delivered extends Mark {
  readonly partition: number;
  readonly offset: bigint;
  readonly block: Uint8Array;
}

export interface FeedOptions {
  readonly topic: string;
  readonly progress: Progress;
  readonly bells: readonly Doorbell[];
  /** The source in the marks of this process's own blocks. */
  readonly own: bigint;
  readonly report: Report<keyof typeof kafkaLogEvents>;
  readonly standstillMs?: number;
  /** A partition that nobody else has written to for so long is not fetched. */
  readonly aloneMs?: number;
}

/**
 * Brings the records of this process's partitions to the pipelines: from the brokers, or, while nobody else writes to a
 * partition, from this process's own deliveries, which saves fetching what was just sent. Either way a record is taken only
 * at the offset that comes next. A pipeline that does not keep up fills its ring, then its partition is not fetched until
 * there is room again; the other partitions are not affected.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #lanes = new Map<number, Lane>();
  /** Undefined while there is none to read with. */
  #consumer: Consumer | undefined;
  #stopping = false;
  readonly #probing: NodeJS.Timeout;
  readonly #watching: NodeJS.Timeout;
  #isProbing = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#probing = setInterval(() => void this.#probe(), PROBE_MS).unref();
    this.#watching = setInterval(() => this.#watch(), Math.min(WATCH_MS, options.standstillMs ?? STANDSTILL_MS)).unref();
  }

  /** Opens lanes into these rings once their readers have said where they begin; answers from where to fetch. */
  async open(rings: ReadonlyMap<number, RecordRing>): Promise<Place[]> {
    const { progress, topic, standstillMs = STANDSTILL_MS, aloneMs = ALONE_MS } = this.#options;
    while (!this.#stopping && [...rings.values()].some(({ begin }) => begin === undefined)) await pause(BEGIN_LOOK_MS);
    const nowMs = performance.now();
    return Array.from(rings, ([partition, ring]) => {
      const next = ring.begin ?? 0n;
      this.#lanes.set(partition, new Lane(ring, next, progress.mark(partition).offset, nowMs, { standstillMs, aloneMs }));
      return { topic, partition, offset: Number(next) };
    });
  }

  /** Closes all lanes; answers, by partition, the offset after the last record that its pipeline was given. */
  close(): ReadonlyMap<number, bigint> {
    const { topic } = this.#options;
    // The client library remembers a pause, also for whoever the partition is assigned to next.
    const paused = Array.from(this.#lanes, ([partition, { isPaused }]) => (isPaused ? [{ topic, partition }] : [])).flat();
    if (paused.length > 0 && this.#consumer?.isConnected()) this.#consumer.resume(paused);
    const ends = new Map(Array.from(this.#lanes, ([partition, { end }]) => [partition, end]));
    this.#lanes.clear();
    return ends;
  }

  has(partition: number): boolean {
    return this.#lanes.has(partition);
  }

  stop(): void {
    this.#stopping = true;
    clearInterval(this.#probing);
    clearInterval(this.#watching);
  }

  /** Takes the blocks of this process, in the order in which they lie in their partition. */
  delivered({ partition, offset, block, source, number }: Delivered): void {
    const lane = this.#lanes.get(partition);
    if (!lane || offset < lane.next) return;
    const nowMs = performance.now();
    if (offset > lane.next || lane.isFull || !lane.isAlone(nowMs)) {
      if (lane.isNear) this.#fetch(partition, lane);
      return;
    }
    const wasBlocked = lane.isBlocked;
    lane.give({ offset, record: { kind: 'block', block, source, number } }, copied);
    this.#count(partition, lane, offset, block);
    if (!lane.isNear) this.#stopFetching(partition, lane);
    if (lane.isBlocked && !wasBlocked) setTimeout(() => this.#retry(), FULL_LOOK_MS);
    this.#ring();
  }

  /**
   * Fetches for the lanes that are open, and gives the client its turns for callbacks. Resolves to undefined after `stop`, and to
   * the error when this consumer will never fetch again; the lanes then wait for the next consumer.
   */
  async run(consumer: Consumer): Promise<Error | undefined> {
    this.#consumer = consumer;
    try {
      while (!this.#stopping) {
        try {
          await this.#turn(consumer);
        } catch (error) {
          if (isFinal(error as ClientError) || !consumer.isConnected()) return error as Error;
          this.#options.report('debug', 'kafka-fetch-failed', { cause: (error as Error).message });
          await pause(RETRY_MS);
        }
      }
      return undefined;
    } finally {
      this.#consumer = undefined;
    }
  }

  async #turn(consumer: Consumer): Promise<void> {
    const blocked = [...this.#lanes.values()].some(({ isBlocked }) => isBlocked);
    // A call waits its whole timeout unless it gets as many records as it asked for: so it waits for one, then takes those at hand.
    consumer.setDefaultConsumeTimeout(blocked ? FULL_LOOK_MS : WAIT_MS);
    const first = await answered<readonly Message[]>((done) => consumer.consume(1, done));
    this.#bring(first);
    if (first.length > 0) {
      consumer.setDefaultConsumeTimeout(0);
      this.#bring(await answered<readonly Message[]>((done) => consumer.consume(TAKE_MAX, done)));
    }
    if (blocked) this.#retry();
    this.#look(consumer);
  }

  #bring(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    for (const message of messages) this.#place(message);
    this.#ring();
  }

  #ring(): void {
    for (const bell of this.#options.bells) bell.ring();
  }

  #place({ partition, offset: number, value, headers }: Message): void {
    const lane = this.#lanes.get(partition);
    const offset = BigInt(number);
    if (!lane || offset < lane.next) return;
    if (offset > lane.next) lane.give({ offset, record: { kind: 'gap' } });
    const mark = readMark(headers);
    const block = mark && value && isBlock(value) ? value : undefined;
    if (mark?.source !== this.#options.own) lane.noteOthers(performance.now());
    lane.give({ offset, record: mark && block ? { kind: 'block', block, ...mark } : { kind: 'damaged' } });
    this.#advance(partition, offset + 1n, value);
    this.#count(partition, lane, offset, block);
    if (lane.isFull && !lane.isPaused) this.#pause(partition, lane);
  }

  /** The record at `offset` was given; messages of a damaged one are unknown. */
  #count(partition: number, lane: Lane, offset: bigint, block: Uint8Array | undefined): void {
    lane.next = offset + 1n;
    if (!block || offset < lane.opened) return;
    lane.messages += BigInt(blockMessages(block, 0));
    this.#options.progress.setMark(partition, lane.next, lane.messages);
  }

  #pause(partition: number, lane: Lane): void {
    lane.isPaused = true;
    this.#consumer?.pause([{ topic: this.#options.topic, partition }]);
  }

  #stopFetching(partition: number, lane: Lane): void {
    lane.isNear = true;
    if (!lane.isPaused) this.#pause(partition, lane);
  }

  /** From what comes next on; where the pipeline does not keep up, once it does. */
  #fetch(partition: number, lane: Lane): void {
    lane.isNear = false;
    lane.noteOthers(performance.now());
    if (!lane.isBlocked) this.#resume(partition, lane);
  }

  /**
   * The client library drops a seek or a resume that another one overtook on its way through the library's threads. A seek that is
   * called after the resume always counts; one that is called before it may be dropped together with the resume.
   */
  #resume(partition: number, lane: Lane): void {
    const { topic, report } = this.#options;
    const consumer = this.#consumer;
    lane.isPaused = false;
    // Without a consumer the next one begins where the lane is.
    if (!consumer) return;
    consumer.resume([{ topic, partition }]);
    consumer.seek({ topic, partition, offset: Number(lane.next) }, 0, (error) => {
      if (error) report('warn', 'kafka-seek-failed', { partition, cause: error.message });
    });
  }

  /** Mends lanes whose seek or resume was lost all the same: nothing else would bring them their next record. */
  #watch(): void {
    const nowMs = performance.now();
    for (const [partition, lane] of this.#lanes) {
      const { progress } = this.#options;
      const durable = progress.get(partition, ProgressWord.durable);
      // What the topic's retention took is never fetched.
      const isBehind = lane.next < durable && progress.get(partition, ProgressWord.start) < durable;
      const isWaiting = this.#consumer !== undefined && !lane.isNear && !lane.isBlocked && isBehind;
      if (!lane.standsStill(isWaiting, nowMs)) continue;
      this.#options.report('warn', 'kafka-partition-resumed', {
        partition,
        offset: String(lane.next),
        records: Number(durable - lane.next),
      });
      this.#resume(partition, lane);
    }
  }

  #retry(): void {
    let isBlocked = false;
    for (const [partition, lane] of this.#lanes) {
      if (!lane.isBlocked) continue;
      lane.drain();
      if (lane.isBlocked) isBlocked ||= lane.isNear;
      else if (lane.isPaused && !lane.isNear) this.#resume(partition, lane);
    }
    this.#ring();
    // Where nothing is fetched, nothing else comes back to it.
    if (isBlocked && !this.#stopping) setTimeout(() => this.#retry(), FULL_LOOK_MS);
  }

  /** Records of others in partitions that are not fetched: those that stay when this process has nothing under way. */
  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    for (const [partition, lane] of this.#lanes) {
      const consumer = this.#consumer;
      if (!consumer || !lane.isNear) continue;
      const { topic } = this.#options;
      const before = lane.next;
      const ends = await answered<Watermarks>((done) => consumer.queryWatermarkOffsets(topic, partition, PROBE_MS_MAX, done)).catch(
        () => undefined,
      );
      if (!ends || !lane.isNear || this.#lanes.get(partition) !== lane) continue;
      this.#see(partition, ends);
      if (BigInt(ends.highOffset) > lane.next && lane.next === before && lane.probedAt === before) this.#fetch(partition, lane);
      lane.probedAt = before;
    }
    this.#isProbing = false;
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
    for (const [partition, { isNear }] of this.#lanes) {
      if (!isNear) this.#see(partition, consumer.getWatermarkOffsets(this.#options.topic, partition));
    }
  }

  #see(partition: number, { lowOffset, highOffset }: Watermarks): void {
    const { progress } = this.#options;
    if (lowOffset >= 0 && BigInt(lowOffset) > progress.get(partition, ProgressWord.start)) {
      progress.set(partition, ProgressWord.start, BigInt(lowOffset));
    }
    if (highOffset >= 0) this.#advance(partition, BigInt(highOffset), null);
  }
}

function copied(record: RingRecord): RingRecord {
  return record.kind === 'block' ? { ...record, block: new Uint8Array(record.block) } : record;
}

/** Whether the value is as long as its header says; the kernel checks the hashes. */
function isBlock(value: Uint8Array): boolean {
  return blockBytes(new DataView(value.buffer, value.byteOffset, value.length), 0) === value.length;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
