import { randomBytes } from 'node:crypto';
import type { LogOwnership } from '../../contract/log-owner.js';
import type { PartitionAssignment } from '../../contract/log-port.js';
import type { FromLog, LogStart, ToLog } from '../../contract/threads/log.js';
import { BlockRing } from '../../host/block-ring.js';
import { Doorbell, gatewayDoorbell, LOG_DOORBELL, PIPELINES_MAX, pipelineDoorbell } from '../../host/doorbell.js';
import { Progress, ProgressWord } from '../../host/progress.js';
import { type Addon, type ClientError, loadAddon, type Producer, type Rebalanced } from '../../kafka/client.js';
import { type KafkaSettings, type Member, rawTopic } from '../../kafka/conf.js';
import { closeClient, connectConsumer, connectProducer } from '../../kafka/connect.js';
import { partitionsOf, prepareTopic, readMinInSync } from '../../kafka/topic.js';
import type { Report } from '../../telemetry/report.js';
import { Backlog } from '../backlog.js';
import { blockMessages } from '../block.js';
import { BlockProducer } from './block-producer.js';
import { CopyWatch } from './copy-watch.js';
import { findEnds } from './ends.js';
import { GroupConsumer } from './group-consumer.js';
import { Membership } from './membership.js';
import { OwnerHeaders } from './owner-header.js';
import { RecordDispatcher } from './record-dispatcher.js';

const IDLE_MS_MAX = 1000;
/** While the backlog is full the store commits without ringing. */
const BACKLOG_LOOK_MS = 5;
const POLL_MS = 1;
const WATCH_MS = 500;
/** A block that waits this long for the brokers is worth saying. */
const STALLED_MS = 3000;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 5000;
const FOLLOW_MS = 2000;
/** How long open questions may take to end, once nothing waits for them. */
const END_MS_MAX = 2000;

export interface KafkaLogOptions {
  readonly settings: KafkaSettings;
  readonly member: Member;
  /** What is done with the partitions that are this process's; undefined: it runs none. */
  readonly assignment: PartitionAssignment | undefined;
  /** Whose the records are. */
  readonly ownership: LogOwnership;
  readonly start: LogStart;
  readonly post: (message: FromLog) => void;
}

/**
 * The log in Kafka: a producer sends blocks from the gateways' rings to the topic, and a dispatcher brings records from
 * the topic to the pipelines' rings. It runs on the main thread, because that is the only place where the client library's
 * callbacks run; the work on bytes and connections is done by threads of that library.
 */
export class KafkaLog {
  readonly ready: Promise<void>;
  /** Settles when the log has ended; rejects when it failed for good. */
  readonly ended: Promise<void>;
  readonly #options: KafkaLogOptions;
  readonly #topic: string;
  readonly #progress: Progress;
  readonly #bell: Doorbell;
  readonly #backlog: Backlog;
  readonly #blocks: BlockProducer;
  readonly #owners: OwnerHeaders;
  /** Names this run to whoever reads the topic. */
  readonly #name = randomBytes(8).readBigUInt64LE();
  #dispatcher: RecordDispatcher | undefined;
  #addon!: Addon;
  #producer: Producer | undefined;
  #asked: ToLog['kind'] | 'nothing' = 'nothing';
  #terminated = false;
  /** Settles when all has had its time to end after `terminate`. */
  readonly #late: Promise<void>;
  #expire!: () => void;
  #failed: Error | undefined;
  #membership: Membership | undefined;
  #stalled = false;
  #retryMs = RETRY_MS_MIN;
  #polling: NodeJS.Timeout | undefined;
  #lastError = '';

  constructor(options: KafkaLogOptions) {
    const { settings, start, ownership } = options;
    this.#options = options;
    this.#owners = new OwnerHeaders(ownership);
    this.#topic = rawTopic(settings);
    this.#progress = new Progress(start.shared.progress);
    this.#bell = new Doorbell(start.shared.doorbells, LOG_DOORBELL);
    this.#backlog = new Backlog(this.#progress, start.backlogBytesMax, this.#report);
    this.#blocks = new BlockProducer({
      topic: this.#topic,
      partitions: start.partitions,
      sources: start.gateways.map(({ memory, ring }, index) => ({
        bytes: new Uint8Array(memory.buffer),
        ring: new BlockRing(ring),
        bell: new Doorbell(start.shared.doorbells, gatewayDoorbell(index)),
      })),
      name: this.#name,
      owners: this.#owners,
      delivered: (block) => this.#dispatcher?.delivered(block),
      progress: this.#progress,
      onDrain: () => this.#bell.ring(),
      failed: (error) => this.#producerFailed(error),
    });
    this.#late = new Promise((resolve) => {
      this.#expire = resolve;
    });
    let up!: () => void;
    const opened = new Promise<void>((resolve) => {
      up = resolve;
    });
    // Deferred, so that the caller has this log before it can fail.
    this.ended = Promise.resolve().then(() => this.#run(up));
    this.ready = Promise.race([opened, this.ended]);
    this.ready.catch(() => {});
  }

  post(message: ToLog): void {
    this.#asked = message.kind;
  }

  fenced(cause: string): void {
    this.#membership?.fenced(cause);
  }

  /** Ends it at once; undelivered blocks were never acknowledged. */
  async terminate(): Promise<void> {
    this.#terminated = true;
    this.#bell.ring();
    const late = setTimeout(this.#expire, END_MS_MAX);
    await this.ended.catch(() => {});
    clearTimeout(late);
  }

  readonly #report: Report = (level, name, fields) => this.#options.post({ kind: 'event', level, name, fields });

  async #run(up: () => void): Promise<void> {
    const { settings, start } = this.#options;
    this.#addon = loadAddon();
    this.#producer = await connectProducer(this.#addon, settings, this.#clientError);
    let group: GroupConsumer | undefined;
    let watch: NodeJS.Timeout | undefined;
    let copies: CopyWatch | undefined;
    try {
      await prepareTopic(this.#addon, this.#producer, settings, start.partitions, this.#report);
      await this.#survey(this.#producer);
      // Records after these offsets are written while this process takes messages in.
      for (let partition = 0; partition < start.partitions; partition++) {
        this.#progress.setMark(partition, this.#progress.get(partition, ProgressWord.durable), 0n);
      }
      copies = this.#watchCopies();
      group = this.#groupConsumer();
      await group?.open();
      watch = setInterval(() => this.#watch(), WATCH_MS);
      this.#blocks.attach(this.#producer);
      up();
      const feeding = group?.run();
      void this.#follow();
      await this.#ship();
      this.#reportUndelivered();
      group?.stop();
      const left = this.#membership?.leave();
      // With brokers that do not answer, questions to them are still open.
      await Promise.race([Promise.all([left, feeding]), this.#late]);
      if (this.#failed) throw this.#failed;
    } finally {
      clearInterval(watch);
      copies?.close();
      clearInterval(this.#polling);
      this.#blocks.detach();
      await Promise.all([this.#producer && closeClient(this.#producer), group?.close()]);
    }
  }

  #watchCopies(): CopyWatch {
    const { settings, post } = this.#options;
    const watch = new CopyWatch({
      topic: this.#topic,
      report: this.#report,
      readPartitions: async () => (this.#producer?.isConnected() ? partitionsOf(this.#producer, this.#topic) : undefined),
      readMinimum: () => readMinInSync(settings, this.#topic),
      found: (acknowledgement) => post({ kind: 'acknowledgement', acknowledgement }),
    });
    void watch.look();
    return watch;
  }

  /** Undefined: no partition is run in this process. */
  #groupConsumer(): GroupConsumer | undefined {
    const { assignment, settings, member, start } = this.#options;
    if (!assignment) return undefined;
    const common = { topic: this.#topic, progress: this.#progress, report: this.#report };
    const bells = Array.from({ length: PIPELINES_MAX }, (_, index) => new Doorbell(start.shared.doorbells, pipelineDoorbell(index)));
    const failed = (error: Error) => {
      this.#failed ??= error;
      void this.terminate();
    };
    const dispatcher = new RecordDispatcher({ ...common, bells, own: this.#name, owners: this.#owners, failed });
    const membership = new Membership({ ...common, dispatcher, assignment, failed });
    const connect = (rebalanced: Rebalanced) => connectConsumer(this.#addon, settings, member, rebalanced, this.#clientError);
    [this.#dispatcher, this.#membership] = [dispatcher, membership];
    return new GroupConsumer({ connect, close: closeClient, membership, dispatcher, report: this.#report });
  }

  /** Where partitions begin and end, one after another: each question keeps a thread of the pool waiting. */
  async #survey(producer: Producer, isOfOthers: (partition: number) => boolean = () => true): Promise<void> {
    for (let partition = 0; partition < this.#progress.partitions; partition++) {
      if (!isOfOthers(partition)) continue;
      const { low, high } = await findEnds(producer, this.#topic, partition, this.#progress);
      this.#progress.set(partition, ProgressWord.start, low);
      if (high > this.#progress.get(partition, ProgressWord.durable)) this.#progress.set(partition, ProgressWord.durable, high);
    }
  }

  /** Follows the ends of partitions that other processes run or write to. */
  async #follow(): Promise<void> {
    while (this.#asked === 'nothing' && !this.#terminated) {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS).unref());
      if (this.#stalled || !this.#producer?.isConnected()) continue;
      await this.#survey(this.#producer, (partition) => !this.#dispatcher?.has(partition)).catch(() => {});
    }
  }

  /** Produces blocks until a stop is asked for and all of them are delivered. */
  async #ship(): Promise<void> {
    for (;;) {
      const seen = this.#bell.seen();
      if (this.#terminated || (this.#asked === 'stop' && this.#blocks.waiting === 0)) return;
      const full = this.#asked === 'nothing' && this.#backlog.isFull();
      if (!full) this.#blocks.take();
      if (this.#blocks.busy) this.#polling ??= setInterval(() => this.#poll(), POLL_MS);
      await this.#bell.waitAsync(seen, full ? BACKLOG_LOOK_MS : IDLE_MS_MAX);
    }
  }

  /** These blocks were never acknowledged, so devices will resend them. */
  #reportUndelivered(): void {
    const blocks = this.#blocks.waiting;
    if (blocks === 0) return;
    const messages = this.#options.start.gateways.reduce((sum, { memory, ring }) => sum + messagesIn(new BlockRing(ring), memory), 0);
    this.#report('warn', 'kafka-blocks-not-delivered', { blocks, messages, cause: this.#lastError });
  }

  /** The library reports deliveries only when it is polled, and it is polled only while some are outstanding. */
  #poll(): void {
    if (!this.#blocks.busy) {
      clearInterval(this.#polling);
      this.#polling = undefined;
    } else if (this.#producer?.isConnected()) this.#producer.poll();
  }

  /** Says when the brokers keep blocks waiting, and when they no longer do. */
  #watch(): void {
    if (this.#producer?.isConnected()) this.#producer.poll();
    if (this.#asked === 'stop') this.#bell.ring();
    const stalled = this.#blocks.oldestMs(performance.now()) > STALLED_MS;
    if (!stalled) this.#retryMs = RETRY_MS_MIN;
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    const message = stalled ? `the Kafka brokers acknowledge nothing${this.#lastError && `: ${this.#lastError}`}` : '';
    if (stalled) this.#report('error', 'kafka-stalled', { cause: this.#lastError, blocks: this.#blocks.waiting });
    else this.#report('info', 'kafka-recovered', {});
    this.#options.post({ kind: 'health', log: stalled ? 'failing' : 'up', code: stalled ? 'kafka_stalled' : '', message });
  }

  readonly #clientError = (error: ClientError): void => {
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
    if (former) await closeClient(former);
    while (!this.#terminated) {
      await new Promise((resolve) => setTimeout(resolve, this.#retryMs));
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
      try {
        this.#producer = await connectProducer(this.#addon, this.#options.settings, this.#clientError);
        this.#blocks.attach(this.#producer);
        this.#bell.ring();
        return;
      } catch (error) {
        this.#report('warn', 'kafka-producer-not-replaced', { cause: (error as Error).message });
      }
    }
  }
}

function messagesIn(ring: BlockRing, memory: WebAssembly.Memory): number {
  const bytes = new Uint8Array(memory.buffer);
  const descriptor = { offset: 0, bytes: 0, partition: 0 };
  let messages = 0;
  for (let index = 0; index < ring.length; index++) messages += blockMessages(bytes, ring.peek(index, descriptor).offset);
  return messages;
}
