import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../../contract/backoff.js';
import type { NotificationListener } from '../../contract/database.js';
import { withDeadline } from '../../contract/deadline.js';
import { type Client, openClient } from './client.js';
import type { DatabaseMonitor } from './monitor.js';
import type { NoticeLog } from './notices.js';

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 2000;
const ANSWER_MS_MAX = 10_000;
/** A connection that nothing comes over may be dead without a sign. */
const LOOK_EVERY_MS = 30_000;

/** One connection that listens on some channels, and is replaced whenever it or the server is in doubt. */
export class Listening {
  readonly #url: string;
  readonly #monitor: DatabaseMonitor;
  readonly #notices: NoticeLog;
  readonly #channels: readonly string[];
  readonly #listener: NotificationListener;
  readonly #closing = new AbortController();
  readonly #first: Promise<void>;
  #connected!: () => void;

  constructor(url: string, monitor: DatabaseMonitor, notices: NoticeLog, channels: readonly string[], listener: NotificationListener) {
    this.#url = url;
    this.#monitor = monitor;
    this.#notices = notices;
    this.#channels = channels;
    this.#listener = listener;
    this.#first = new Promise((resolve) => {
      this.#connected = resolve;
    });
    void this.#run();
  }

  /** Resolves when it listens for the first time. */
  get ready(): Promise<void> {
    return this.#first;
  }

  close(): void {
    this.#closing.abort();
    this.#connected();
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(RETRY_MS_MIN, RETRY_MS_MAX);
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const lost = new AbortController();
      const giveUp = () => lost.abort();
      const client = openClient(this.#url, {
        application: 'spillway-notices',
        noticed: this.#notices.take,
        closed: giveUp,
        notified: (_, text) => this.#listener.received(text),
      });
      const stopListening = this.#monitor.onChange(giveUp);
      signal.addEventListener('abort', giveUp);
      try {
        await this.#listen(client);
        backoff.reset();
        this.#connected();
        this.#listener.connected();
        await this.#watch(client, lost.signal);
      } catch {
        // The monitor tells of a database that is away.
      }
      signal.removeEventListener('abort', giveUp);
      stopListening();
      client.abandon();
      await delay(backoff.next(), undefined, { signal }).catch(() => {});
    }
  }

  async #listen({ sql }: Client): Promise<void> {
    const statements = this.#channels.map((channel) => `listen "${channel.replaceAll('"', '""')}"`);
    await withDeadline(sql.unsafe(statements.join('; ')), ANSWER_MS_MAX, () => new Error('the database does not answer'));
  }

  /** Resolves when the connection is lost. */
  async #watch({ sql }: Client, lost: AbortSignal): Promise<void> {
    while (!lost.aborted) {
      await delay(LOOK_EVERY_MS, undefined, { signal: lost, ref: false }).catch(() => {});
      if (!lost.aborted) await withDeadline(sql`select 1`, ANSWER_MS_MAX, () => new Error('the connection does not answer'));
    }
  }
}
