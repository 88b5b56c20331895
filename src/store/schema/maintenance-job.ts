import type { Sql } from 'postgres';
import type { FromStore } from '../../contract/threads/store.js';
import { type Client, openClient } from '../client/client.js';
import type { NoticeLog } from '../client/notices.js';
import type { Health } from '../write/health.js';
import { openDialect } from './detect.js';
import type { Dialect } from './dialect.js';

const EVERY_MS = 3_600_000;
const RETRY_MS = 60_000;

/**
 * Keeps the tables as their dialect wants them, hourly and while there is more to do. It is also the
 * first to try the database, so it says whether that is up, and what dialect it has.
 */
export class MaintenanceJob {
  readonly #url: string;
  readonly #notices: NoticeLog;
  readonly #post: (message: FromStore) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #told = '';
  /** Absent when the tables are to be looked at anew. */
  #dialect: Dialect | undefined;
  #preparedMs = 0;
  #isStopped = false;
  /** For one run: between two of them the server may have become another. */
  #client: Client | undefined;

  readonly #health: Health;

  constructor(url: string, post: (message: FromStore) => void, health: Health, notices: NoticeLog) {
    this.#notices = notices;
    this.#url = url;
    this.#post = post;
    this.#health = health;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isStopped = true;
    this.#client?.abandon();
    await this.#running;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    let nextMs = EVERY_MS;
    const client = openClient(this.#url, { application: 'spillway-maintenance', noticed: this.#notices.take });
    this.#client = client;
    try {
      nextMs = await this.#maintain(client.sql);
    } catch (error) {
      const { code = 'unknown', message } = error as Error & { code?: string };
      nextMs = RETRY_MS;
      this.#dialect = undefined;
      if (!this.#isStopped) {
        this.#post({ kind: 'event', level: 'warn', name: 'store-not-maintained', fields: { code, message } });
      }
    }
    client.abandon();
    if (!this.#isStopped) this.#timer = setTimeout(() => this.start(), nextMs);
  }

  async #maintain(sql: Sql): Promise<number> {
    if (!this.#dialect || performance.now() - this.#preparedMs >= EVERY_MS) this.#dialect = await this.#prepare(sql);
    const { events, againMs = EVERY_MS } = await this.#dialect.maintain(sql, new Date());
    for (const event of events) this.#post({ kind: 'event', ...event });
    return againMs;
  }

  /** The hourly part: a dialect that has more to do soon is not asked for it again each time. */
  async #prepare(sql: Sql): Promise<Dialect> {
    const dialect = await openDialect(sql);
    this.#tell(dialect.facts);
    for (const event of await dialect.prepare(sql, new Date())) this.#post({ kind: 'event', ...event });
    this.#health.up(this);
    this.#preparedMs = performance.now();
    return dialect;
  }

  /** Once, and again when it has changed: an extension was updated, or removed. */
  #tell(fields: Record<string, string | number | boolean>): void {
    const text = JSON.stringify(fields);
    if (text === this.#told) return;
    this.#told = text;
    this.#post({ kind: 'event', level: 'info', name: 'store-dialect', fields });
  }
}
