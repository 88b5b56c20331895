import postgres from 'postgres';
import type { FromStore } from '../contract/threads.js';
import { createPartitions } from './dialects/postgres.js';

const EVERY_MS = 3_600_000;
const RETRY_MS = 60_000;

/** Adds the days ahead, hourly. It is also the first to try the database, so it says whether that is up. */
export class PartitionJob {
  readonly #sql: postgres.Sql;
  readonly #post: (message: FromStore) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(url: string, post: (message: FromStore) => void) {
    this.#sql = postgres(url, { max: 1, fetch_types: false, idle_timeout: 10, connect_timeout: 10, onnotice: () => {} });
    this.#post = post;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#sql.end({ timeout: 0 });
    await this.#running;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    let nextMs = EVERY_MS;
    try {
      const days = await createPartitions(this.#sql, new Date());
      this.#post({ kind: 'health', database: 'up', message: '' });
      if (days > 0) this.#post({ kind: 'event', level: 'info', name: 'store-days-added', fields: { days } });
    } catch (error) {
      const { code = 'unknown', message } = error as Error & { code?: string };
      nextMs = RETRY_MS;
      if (code !== 'CONNECTION_ENDED' && code !== 'CONNECTION_DESTROYED') {
        this.#post({ kind: 'event', level: 'warn', name: 'store-days-not-added', fields: { code, message } });
      }
    }
    this.#timer = setTimeout(() => this.start(), nextMs);
  }
}
