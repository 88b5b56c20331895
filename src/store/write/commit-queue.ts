import type { FromStore, RowBatch } from '../../contract/threads/store.js';
import type { RefusedRows } from '../refused/isolation.js';
import { FencedError } from './batch-writer.js';
import type { Health } from './health.js';
import { SILENCE, type SilenceLimits, SilenceWatch, type Watched } from './silence.js';
import type { TransactionGate } from './transaction-gate.js';

/** A writer of batches as a commit queue needs it, so that the queue can be tested without a database. */
export interface Writer extends Watched {
  announce(batch: RowBatch): Promise<boolean>;
  write(batch: RowBatch, memory: SharedArrayBuffer): Promise<RefusedRows>;
  close(): Promise<void>;
}

export interface CommitQueuePorts {
  readonly writer: Writer;
  readonly memory: (partition: number) => SharedArrayBuffer;
  readonly committed: (batch: RowBatch, pipeline: number, refused: RefusedRows) => void;
  /** Brings the batch's rows into a topic; answers why it could not. Absent: there is no topic. */
  readonly publish?: (batch: RowBatch) => Promise<string | undefined>;
  readonly post: (message: FromStore) => void;
  readonly health: Health;
  /** Shared by the queues of one store. */
  readonly gate: TransactionGate;
  readonly wait: (ms: number) => Promise<void>;
}

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
/** An outage is reported once for each cause, and again after this many attempts. */
const REPORT_EVERY = 12;

/** The topic did not take a batch's rows; the side that publishes has reported why. */
class NotPublished extends Error {}

/**
 * Commits the batches of some partitions over one connection, in the order of their arrival. A batch that fails is tried
 * again for as long as it takes: nothing is skipped, and the log keeps the batches after it. Rows that the database refuses
 * for what they hold do not fail their batch: the writer makes dead letters of them. Where there is a topic, a batch is in
 * it before it is committed, so the topic leaves out nothing that is stored.
 */
export class CommitQueue {
  readonly #ports: CommitQueuePorts;
  readonly #queue: { batch: RowBatch; pipeline: number }[] = [];
  readonly #silence: SilenceWatch;
  #running: Promise<void> | undefined;
  #stopping = false;
  /** Another process commits these partitions now: the batches that wait here are not this process's to commit. */
  #isFenced = false;
  /** The batch whose rows are in the topic: should its commit fail, they are not sent again. */
  #published: RowBatch | undefined;
  /** Code of the last event of an outage. */
  #cause: string | undefined;

  constructor(ports: CommitQueuePorts, limits: SilenceLimits = SILENCE) {
    this.#ports = ports;
    const reports = {
      silent: (ms: number) => this.#silent('store-silent', ms),
      abandoned: (ms: number) => this.#silent('store-connection-abandoned', ms),
    };
    this.#silence = new SilenceWatch(ports.writer, reports, limits);
  }

  push(batch: RowBatch, pipeline: number): void {
    this.#queue.push({ batch, pipeline });
    if (this.#isBehind) this.#ports.gate.hurry(this);
    this.#running ??= this.#run();
  }

  /** Commits the batches that wait, then ends. While the database is down it gives up: the log has those messages. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await this.#ports.writer.close();
  }

  /** Whether a batch waits for the one that is being committed. */
  get #isBehind(): boolean {
    return this.#queue.length > 1;
  }

  async #run(): Promise<void> {
    for (let next = this.#queue[0]; next && !this.#isFenced; next = this.#queue[0]) {
      const refused = await this.#commit(next.batch);
      if (!refused) break;
      this.#queue.shift();
      for (const event of refused.events) this.#ports.post({ kind: 'event', ...event });
      this.#ports.committed(next.batch, next.pipeline, refused);
    }
    this.#running = undefined;
  }

  /** Undefined only when `stop` was called and the batch could not be committed, or when the partition is fenced. */
  async #commit(batch: RowBatch): Promise<RefusedRows | undefined> {
    let failures = 0;
    for (let attempt = 0; ; attempt++) {
      try {
        if (this.#ports.publish) await this.#publish(batch, this.#ports.publish);
        const refused = await this.#write(batch);
        this.#ports.health.up(this);
        if (this.#silence.end(true) || failures > 0) this.#recovered(batch, failures);
        return refused;
      } catch (error) {
        this.#silence.end(false);
        if (error instanceof FencedError) return this.#fenced(batch, error);
        if (!(error instanceof NotPublished)) this.#failed(batch, failures++, error as Error & { code?: string });
        if (this.#stopping) return undefined;
        await this.#ports.wait(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempt, 10)));
      }
    }
  }

  async #write(batch: RowBatch): Promise<RefusedRows> {
    const { gate, writer, memory } = this.#ports;
    await gate.enter(this, this.#isBehind);
    try {
      this.#silence.begin();
      return await writer.write(batch, memory(batch.partition));
    } finally {
      gate.leave();
    }
  }

  /** The partition may have moved to another process. Two processes at once, or a restored database, are an operator's matter. */
  #fenced({ partition }: RowBatch, error: FencedError): undefined {
    if (!error.isHeldByAnother) throw error;
    this.#isFenced = true;
    this.#ports.post({ kind: 'fenced', partition, message: error.message });
  }

  async #publish(batch: RowBatch, publish: NonNullable<CommitQueuePorts['publish']>): Promise<void> {
    if (this.#published === batch) return;
    this.#silence.begin();
    const isOpen = await this.#ports.writer.announce(batch);
    this.#ports.health.up(this);
    if (this.#silence.end(false)) this.#recovered(batch, 0);
    const trouble = isOpen ? await publish(batch) : undefined;
    if (trouble !== undefined) throw new NotPublished(trouble);
    this.#published = batch;
  }

  #failed(batch: RowBatch, attempt: number, { code = 'unknown', message }: Error & { code?: string }): void {
    this.#ports.health.down(this, `${code}: ${message}`);
    // Each new cause of an outage is an event; a cause that stays is reported again after a while.
    if (code === this.#cause && attempt % REPORT_EVERY !== 0) return;
    this.#cause = code;
    const fields = { partition: batch.partition, from: String(batch.from), code, message, attempt };
    this.#ports.post({ kind: 'event', level: 'error', name: 'store-failing', fields });
  }

  #silent(name: string, ms: number): void {
    const seconds = Math.round(ms / 1000);
    this.#ports.health.down(this, `it has not answered for ${seconds} s`);
    this.#ports.post({ kind: 'event', level: 'error', name, fields: { seconds, partition: this.#queue[0]?.batch.partition ?? -1 } });
  }

  #recovered(batch: RowBatch, attempts: number): void {
    this.#cause = undefined;
    this.#ports.post({ kind: 'event', level: 'info', name: 'store-recovered', fields: { partition: batch.partition, attempts } });
  }
}
