import type { PartitionAssignment } from '../../contract/log-port.js';
import type { OwnedPartition } from '../../contract/threads/pipeline.js';
import { type Progress, ProgressWord } from '../../host/progress.js';
import { RecordRing } from '../../host/record-ring.js';
import type { ClientError, Consumer, Place } from '../../kafka/client.js';
import { KafkaFailure } from '../../kafka/failure.js';
import type { Report } from '../../telemetry/report.js';
import { findEnds } from './ends.js';
import type { kafkaLogEvents } from './events.js';
import type { RecordDispatcher } from './record-dispatcher.js';

/** What the group hands over; numbers of librdkafka. */
const ASSIGN_PARTITIONS = -175;
const REVOKE_PARTITIONS = -174;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 5000;
/** How long a member that was fenced stays away, the first time and at most. */
const AWAY_MS_MIN = 500;
const AWAY_MS_MAX = 30_000;
/** After so long without another fencing the next one is a first one. */
const CALM_MS = 120_000;

export interface MembershipOptions {
  readonly topic: string;
  readonly dispatcher: RecordDispatcher;
  readonly assignment: PartitionAssignment;
  readonly progress: Progress;
  readonly report: Report<keyof typeof kafkaLogEvents>;
  /** Ends the log for good: the topic has lost records that the database knows of. */
  readonly failed: (error: Error) => void;
}

/**
 * This process in the consumer group of those that run pipelines. Assignments and revocations are carried out in the order in which
 * the group announces them: a partition is given back only when what was read of it is committed and its state is written down, so
 * that its next owner continues right there.
 */
export class Membership {
  readonly #options: MembershipOptions;
  /** Undefined while it has none: before the first one, and between one that failed and the next. */
  #consumer: Consumer | undefined;
  /** Counts the rebalances: an assignment of an earlier one is not tried again. */
  #rebalance = 0;
  #doing: Promise<void> = Promise.resolve();
  /** Partitions that were run here before. */
  readonly #known = new Set<number>();
  #ended = false;
  #awayMs = 0;
  #fencedMs = Number.NEGATIVE_INFINITY;
  /** Set while it is away from the group. */
  #rejoining: NodeJS.Timeout | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Joins; from now on the group decides which partitions are run here. */
  join(consumer: Consumer): void {
    if (this.#ended) return;
    this.#consumer = consumer;
    consumer.subscribe([this.#options.topic]);
  }

  /** Revokes all partitions because the consumer failed for good; `join` follows with its successor. */
  async abandon(): Promise<void> {
    this.#consumer = undefined;
    this.#rebalance++;
    clearTimeout(this.#rejoining);
    this.#rejoining = undefined;
    this.#doing = this.#doing.then(() => this.#revoke()).catch(this.#options.failed);
    await this.#doing;
  }

  /** Revokes all partitions for good. */
  async leave(): Promise<void> {
    this.#rebalance++;
    this.#ended = true;
    clearTimeout(this.#rejoining);
    await this.#doing;
    this.#options.dispatcher.close();
    if (this.#consumer?.isConnected()) this.#consumer.unassign();
  }

  /**
   * Another process commits a partition that was run here, so the last assignment no longer holds: this process leaves the group and
   * joins it again after a while. Two that take a partition from each other in turns stay away longer each time.
   */
  fenced(cause: string): void {
    if (this.#ended || this.#rejoining) return;
    const nowMs = performance.now();
    this.#awayMs = nowMs - this.#fencedMs > CALM_MS ? AWAY_MS_MIN : Math.min(this.#awayMs * 2, AWAY_MS_MAX);
    this.#fencedMs = nowMs;
    this.#options.report('warn', 'kafka-member-fenced', { cause, awayMs: this.#awayMs });
    this.#rebalance++;
    this.#doing = this.#doing.then(() => this.#leaveForNow()).catch(this.#options.failed);
    this.#rejoining = setTimeout(() => this.#rejoin(), this.#awayMs);
  }

  /** Carries out an assignment or revocation that the group announces to this consumer. */
  rebalanced(consumer: Consumer, error: ClientError | undefined, places: readonly Place[]): void {
    if (this.#ended || consumer !== this.#consumer) {
      // A consumer that closes revokes its own partitions, and waits for this answer.
      if (consumer.isConnected()) consumer.unassign();
      return;
    }
    const rebalance = ++this.#rebalance;
    const partitions = places.map(({ partition }) => partition).sort((a, b) => a - b);
    const isAssigned = error?.code === ASSIGN_PARTITIONS;
    if (!isAssigned && error?.code !== REVOKE_PARTITIONS) {
      this.#options.report('warn', 'kafka-rebalance-failed', { cause: error?.message ?? 'no cause was given' });
    }
    const answer = () => (isAssigned ? this.#claim(consumer, partitions, rebalance) : this.#revokeAll(consumer));
    this.#doing = this.#doing.then(answer).catch(this.#options.failed);
  }

  /** While the database or the brokers are away it is tried again, until the next rebalance. */
  async #claim(consumer: Consumer, partitions: readonly number[], rebalance: number): Promise<void> {
    let owned: readonly OwnedPartition[] = [];
    for (let retryMs = RETRY_MS_MIN; rebalance === this.#rebalance; retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)) {
      try {
        owned = await this.#options.assignment.claim(partitions);
        await Promise.all(partitions.map((partition) => this.#open(consumer, partition)));
        break;
      } catch (error) {
        if (error instanceof KafkaFailure) throw error;
        this.#options.report('warn', 'kafka-partitions-not-taken', { cause: (error as Error).message });
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    if (rebalance !== this.#rebalance) return;
    const rings = await this.#options.assignment.start(owned);
    for (const partition of partitions) this.#known.add(partition);
    const queues = new Map(partitions.map((partition) => [partition, new RecordRing(rings[partition] as SharedArrayBuffer)]));
    const places = await this.#options.dispatcher.open(queues);
    // A consumer that failed meanwhile takes no assignment any more: what was started for it is revoked next.
    if (consumer !== this.#consumer) return;
    consumer.assign(places);
    this.#options.report('info', 'kafka-partitions-taken', { partitions: partitions.join(' ') });
  }

  async #revokeAll(consumer: Consumer): Promise<void> {
    await this.#revoke();
    if (consumer.isConnected()) consumer.unassign();
    this.#options.report('info', 'kafka-partitions-revoked', {});
  }

  async #leaveForNow(): Promise<void> {
    await this.#revoke();
    // The library then announces a revocation, which `rebalanced` answers.
    if (this.#consumer?.isConnected()) this.#consumer.unsubscribe();
  }

  async #revoke(): Promise<void> {
    await this.#options.assignment.revoke(this.#options.dispatcher.close());
  }

  #rejoin(): void {
    this.#doing = this.#doing
      .then(() => {
        this.#rejoining = undefined;
        if (this.#ended || !this.#consumer) return;
        this.#consumer.subscribe([this.#options.topic]);
        this.#options.report('info', 'kafka-member-rejoined', {});
      })
      .catch(this.#options.failed);
  }

  /**
   * The partition's place in the topic. Messages count from there on; the first time from where the topic ended when this process
   * came up, for its gateways may have taken some in before the group gave it the partition.
   */
  async #open(consumer: Consumer, partition: number): Promise<void> {
    const { topic, progress, report } = this.#options;
    const { low, high } = await findEnds(consumer, topic, partition, progress);
    const committed = progress.get(partition, ProgressWord.committed);
    if (low > committed) report('error', 'kafka-records-expired', { partition, from: String(committed), to: String(low) });
    progress.set(partition, ProgressWord.start, low);
    if (this.#known.has(partition)) progress.setDurable(partition, high, 0n);
    else progress.set(partition, ProgressWord.durable, high);
  }
}
