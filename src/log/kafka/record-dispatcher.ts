import type { Doorbell } from '../../host/doorbell.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import type { RecordRing, RingRecord } from '../../host/record-ring.js';
import { answered, type ClientError, type Consumer, isFinal, type Message, type Place, type Watermarks } from '../../kafka/client.js';
import type { Report } from '../../telemetry/report.js';
import { blockBytes, blockMessages, blockTimeUs } from '../block.js';
import type { kafkaLogEvents } from './events.js';
import { type Mark, readMark } from './marks.js';
import type { OwnerHeaders } from './owner-header.js';
import { PartitionQueue } from './partition-queue.js';

/** How long a fetch may wait for the first record. */
const WAIT_MS = 200;
/** Records taken at a time after a first one: their bytes are the most that is held here. */
const TAKE_MAX = 32;
const FULL_LOOK_MS = 2;
const RETRY_MS = 200;
const BEGIN_LOOK_MS = 10;

const WATCH_MS = 500;
/** A queue that lags and has got nothing for so long is sought and resumed. */
const STANDSTILL_MS = 5000;

/** When no other process has written to the partition for so long, its records are not fetched: this process has them. */
const ALONE_MS = 2000;

/** How often the brokers are asked whether other processes have written to a partition that is not fetched. */
const PROBE_MS = 250;
const PROBE_MS_MAX = 5000;

/** A block of this process that all in-sync replicas have. Its memory is the gateway's again after `delivered` returns. */
export interface Delivered extends Mark {
  readonly partition: number;
  readonly offset: bigint;
  readonly block: Uint8Array;
}

export interface RecordDispatcherOptions {
  readonly topic: string;
  readonly progress: Progress;
  readonly bells: readonly Doorbell[];
  /** The source in the marks of this process's own blocks. */
  readonly own: bigint;
  /** Says which records may be run. */
  readonly owners: OwnerHeaders;
  /** Ends the log for good: a record may not be run. */
  readonly failed: (error: Error) => void;
  readonly report: Report<keyof typeof kafkaLogEvents>;
  readonly standstillMs?: number;
  /** A partition that no other process has written to for so long is not fetched. */
  readonly aloneMs?: number;
}

/**
 * Dispatches the records of this process's partitions to the pipelines: from the brokers, or, while no other process writes to
 * a partition, from this process's own deliveries, which saves fetching the blocks that were just sent. Either way a record is
 * taken only at the next offset. A pipeline that does not keep up fills its ring; then its partition is not fetched until there
 * is room again, and the other partitions are not affected.
 */
export class RecordDispatcher {
  readonly #options: RecordDispatcherOptions;
  readonly #queues = new Map<number, PartitionQueue>();
  /** Undefined while there is no consumer. */
  #consumer: Consumer | undefined;
  #stopping = false;
  readonly #probing: NodeJS.Timeout;
  readonly #watching: NodeJS.Timeout;
  #isProbing = false;

  constructor(options: RecordDispatcherOptions) {
    this.#options = options;
    this.#probing = setInterval(() => void this.#probe(), PROBE_MS).unref();
    this.#watching = setInterval(() => this.#watch(), Math.min(WATCH_MS, options.standstillMs ?? STANDSTILL_MS)).unref();
  }

  /** Opens queues into these rings once their readers have set where they begin; answers the offsets to fetch from. */
  async open(rings: ReadonlyMap<number, RecordRing>): Promise<Place[]> {
    const { progress, topic, standstillMs = STANDSTILL_MS, aloneMs = ALONE_MS } = this.#options;
    while (!this.#stopping && [...rings.values()].some(({ begin }) => begin === undefined)) await pause(BEGIN_LOOK_MS);
    const nowMs = performance.now();
    return Array.from(rings, ([partition, ring]) => {
      const next = ring.begin ?? 0n;
      this.#queues.set(partition, new PartitionQueue(ring, next, progress.mark(partition).offset, nowMs, { standstillMs, aloneMs }));
      return { topic, partition, offset: Number(next) };
    });
  }

  /** Closes all queues; answers, by partition, the offset after the last record that its pipeline was given. */
  close(): ReadonlyMap<number, bigint> {
    const { topic } = this.#options;
    // The client library keeps a pause, also when the partition is assigned again.
    const paused = Array.from(this.#queues, ([partition, { isPaused }]) => (isPaused ? [{ topic, partition }] : [])).flat();
    if (paused.length > 0 && this.#consumer?.isConnected()) this.#consumer.resume(paused);
    const ends = new Map(Array.from(this.#queues, ([partition, { end }]) => [partition, end]));
    this.#queues.clear();
    return ends;
  }

  has(partition: number): boolean {
    return this.#queues.has(partition);
  }

  stop(): void {
    this.#stopping = true;
    clearInterval(this.#probing);
    clearInterval(this.#watching);
  }

  /** Takes the blocks of this process, in the order of their offsets. */
  delivered({ partition, offset, block, source, number }: Delivered): void {
    const queue = this.#queues.get(partition);
    if (!queue || queue.isHalted || offset < queue.next) return;
    const nowMs = performance.now();
    if (offset > queue.next || queue.isFull || !queue.isAlone(nowMs)) {
      if (queue.isLocal) this.#fetch(partition, queue);
      return;
    }
    const wasBlocked = queue.isBlocked;
    queue.give({ offset, record: { kind: 'block', block, source, number } }, copied);
    this.#count(partition, queue, offset, block);
    if (!queue.isLocal) this.#stopFetching(partition, queue);
    if (queue.isBlocked && !wasBlocked) setTimeout(() => this.#retry(), FULL_LOOK_MS);
    this.#ring();
  }

  /**
   * Fetches for the open queues, and lets the client run its callbacks. Resolves to undefined after `stop`, and to
   * the error when this consumer will never fetch again; the queues then wait for the next consumer.
   */
  async run(consumer: Consumer): Promise<Error | undefined> {
    this.#consumer = consumer;
    try {
      while (!this.#stopping) {
        try {
          await this.#fetchOnce(consumer);
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

  async #fetchOnce(consumer: Consumer): Promise<void> {
    const blocked = [...this.#queues.values()].some(({ isBlocked }) => isBlocked);
    // A call waits its whole timeout unless it gets as many records as it asked for: so it waits for one, then takes those that are there.
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

  #place(message: Message): void {
    const { partition, value, headers } = message;
    const queue = this.#queues.get(partition);
    const offset = BigInt(message.offset);
    if (!queue || queue.isHalted || offset < queue.next) return;
    const owned = this.#options.owners.check(message);
    if (owned instanceof Error) {
      queue.isHalted = true;
      this.#options.failed(owned);
      return;
    }
    if (offset > queue.next) queue.give({ offset, record: { kind: 'gap' } });
    const mark = owned === 'run' ? readMark(headers) : undefined;
    const block = mark && value && isBlock(value) ? value : undefined;
    if (mark?.source !== this.#options.own) queue.noteOthers(performance.now());
    queue.give({ offset, record: mark && block ? { kind: 'block', block, ...mark } : { kind: 'damaged' } });
    this.#advance(partition, offset + 1n, value);
    this.#count(partition, queue, offset, block);
    if (queue.isFull && !queue.isPaused) this.#pause(partition, queue);
  }

  /** Counts the record at `offset`, which was given to the queue; how many messages a damaged record holds is unknown. */
  #count(partition: number, queue: PartitionQueue, offset: bigint, block: Uint8Array | undefined): void {
    queue.next = offset + 1n;
    if (!block || offset < queue.opened) return;
    queue.messages += BigInt(blockMessages(block, 0));
    this.#options.progress.setMark(partition, queue.next, queue.messages);
  }

  #pause(partition: number, queue: PartitionQueue): void {
    queue.isPaused = true;
    this.#consumer?.pause([{ topic: this.#options.topic, partition }]);
  }

  #stopFetching(partition: number, queue: PartitionQueue): void {
    queue.isLocal = true;
    if (!queue.isPaused) this.#pause(partition, queue);
  }

  /** Fetches the partition again from its next record on; if its pipeline does not keep up, `#retry` resumes it later. */
  #fetch(partition: number, queue: PartitionQueue): void {
    queue.isLocal = false;
    queue.noteOthers(performance.now());
    if (!queue.isBlocked) this.#resume(partition, queue);
  }

  /**
   * The client library drops a seek or a resume that another one overtook on its way through the library's threads. A seek that is
   * called after the resume always counts; one that is called before it may be dropped together with the resume.
   */
  #resume(partition: number, queue: PartitionQueue): void {
    const { topic, report } = this.#options;
    const consumer = this.#consumer;
    queue.isPaused = false;
    // Without a consumer there is nothing to seek: the next consumer begins at the queue's next offset.
    if (!consumer) return;
    consumer.resume([{ topic, partition }]);
    consumer.seek({ topic, partition, offset: Number(queue.next) }, 0, (error) => {
      if (error) report('warn', 'kafka-seek-failed', { partition, cause: error.message });
    });
  }

  /** Mends queues whose seek or resume was lost anyway: nothing else would bring them their next record. */
  #watch(): void {
    const nowMs = performance.now();
    for (const [partition, queue] of this.#queues) {
      const { progress } = this.#options;
      const durable = progress.get(partition, ProgressWord.durable);
      // Records that the topic's retention has removed are never fetched.
      const isBehind = queue.next < durable && progress.get(partition, ProgressWord.start) < durable;
      const isWaiting = this.#consumer !== undefined && !queue.isLocal && !queue.isBlocked && isBehind;
      if (!queue.standsStill(isWaiting, nowMs)) continue;
      this.#options.report('warn', 'kafka-partition-resumed', {
        partition,
        offset: String(queue.next),
        records: Number(durable - queue.next),
      });
      this.#resume(partition, queue);
    }
  }

  #retry(): void {
    let isBlocked = false;
    for (const [partition, queue] of this.#queues) {
      if (!queue.isBlocked) continue;
      queue.drain();
      if (queue.isBlocked) isBlocked ||= queue.isLocal;
      else if (queue.isPaused && !queue.isLocal) this.#resume(partition, queue);
    }
    this.#ring();
    // A partition that is not fetched is looked at by nothing else.
    if (isBlocked && !this.#stopping) setTimeout(() => this.#retry(), FULL_LOOK_MS);
  }

  /**
   * Looks for records of other processes in partitions that are not fetched: records beyond the queue's next offset while it has not
   * moved between two probes.
   */
  async #probe(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    for (const [partition, queue] of this.#queues) {
      const consumer = this.#consumer;
      if (!consumer || !queue.isLocal) continue;
      const { topic } = this.#options;
      const before = queue.next;
      const ends = await answered<Watermarks>((done) => consumer.queryWatermarkOffsets(topic, partition, PROBE_MS_MAX, done)).catch(
        () => undefined,
      );
      if (!ends || !queue.isLocal || this.#queues.get(partition) !== queue) continue;
      this.#see(partition, ends);
      if (BigInt(ends.highOffset) > queue.next && queue.next === before && queue.probedAt === before) this.#fetch(partition, queue);
      queue.probedAt = before;
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

  /** Takes the topic's ends from the last fetch. */
  #look(consumer: Consumer): void {
    for (const [partition, { isLocal }] of this.#queues) {
      if (!isLocal) this.#see(partition, consumer.getWatermarkOffsets(this.#options.topic, partition));
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
