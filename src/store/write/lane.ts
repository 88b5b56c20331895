import type { FromStore, RowBatch } from '../../contract/threads/store.js';
import type { RefusedRows } from '../refused/isolation.js';
import { FencedError } from './batch-writer.js';
import type { Health } from './health.js';
import { SILENCE, type SilenceLimits, SilenceWatch, type Watched } from './silence.js';
import type { WriteTurns } from './write-turns.js';

/** What a lane needs of a writer, so that it can be tested without a database. */
export interface Writer extends Watched {
  announce(batch: RowBatch): Promise<boolean>;
  write(batch: RowBatch, memory: SharedArrayBuffer): Promise<RefusedRows>;
  close(): Promise<void>;
}

export interface LanePorts {
  readonly writer: Writer;
  readonly memory: (partition: number) => SharedArrayBuffer;
  readonly committed: (batch: RowBatch, pipeline: number, refused: RefusedRows) => void;
  /** Brings the batch's rows into a topic; answers why it could not. Absent: there is none. */
  readonly publish?: (batch: RowBatch) => Promise<string | undefined>;
  readonly post: (message: FromStore) => void;
  readonly health: Health;
  /** Shared by the lanes of one store. */
  readonly turns: WriteTurns;
  readonly wait: (ms: number) => Promise<void>;
}

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5000;
/** An outage is reported once for each cause, and again after this many attempts. */
const REPORT_EVERY = 12;

/** The topic did not take a batch's rows, which is told where the topic is. */
class NotPublished extends Error {}

/**
 * Commits the batches of some partitions one after another, in the order they came. A batch that
 * fails is tried again for as long as it takes: nothing is skipped, the log keeps what waits behind it. Rows
 * that the database refuses for what they hold do not fail it: the writer makes dead letters of them. Where there is
 * a topic, a batch is in it before it is committed, and so the topic leaves out nothing that is stored.
 */
export class Lane {
  readonly #ports: LanePorts;
  readonly #queue: { batch: RowBatch; pipeline: number }[] = [];
  readonly #silence: SilenceWatch;
  #running: Promise<void> | undefined;
  #stopping = false;
  /** Another process commits now: what waits here is no longer this one's. */
  #isFenced = false;
  /** The batch whose rows are in the topic: should its commit fail, they are not sent again. */
  #published: RowBatch | undefined;
  /** Code of the last event of an outage. */
  #cause: string | undefined;

  constructor(ports: LanePorts, limits: SilenceLimits = SILENCE) {
    this.#ports = ports;
    const told = {
      silent: (ms: number) => this.#silent('store-silent', ms),
      abandoned: (ms: number) => this.#silent('store-connection-abandoned', ms),
    };
    this.#silence = new SilenceWatch(ports.writer, told, limits);
  }

  push(batch: RowBatch, pipeline: number): void {
    this.#queue.push({ batch, pipeline });
    if (this.#isBehind) this.#ports.turns.hurry(this);
    this.#running ??= this.#run();
  }

  /** Finishes what is in hand and ends. While the database is down it gives up: the log has those messages. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await this.#ports.writer.close();
  }

  /** Whether a batch waits for the one in hand. */
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

  /** Undefined only when it was told to stop and could not commit, or must not commit any more. */
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
    const { turns, writer, memory } = this.#ports;
    await turns.take(this, this.#isBehind);
    try {
      this.#silence.begin();
      return await writer.write(batch, memory(batch.partition));
    } finally {
      turns.end();
    }
  }

  /** Whose partition it is can change; two processes that hold it at once, or a database of another day, are an operator's matter. */
  #fenced({ partition }: RowBatch, error: FencedError): undefined {
    if (!error.isHeldByAnother) throw error;
    this.#isFenced = true;
    this.#ports.post({ kind: 'fenced', partition, message: error.message });
  }

  async #publish(batch: RowBatch, publish: NonNullable<LanePorts['publish']>): Promise<void> {
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
    // Each new cause of an outage is an event; the same cause is one again after a while.
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
