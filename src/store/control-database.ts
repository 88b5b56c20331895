import type { Sql } from 'postgres';
import { type Database, type DatabaseTrouble, DatabaseUnavailable, type NotificationListener } from '../contract/database.js';
import { GuardedPool } from './client/guarded-pool.js';
import { Listening } from './client/listening.js';
import { type DatabaseEvent, DatabaseMonitor, type MonitorLimits } from './client/monitor.js';
import { NoticeLog } from './client/notices.js';

/** The server ends statements that take longer. */
const STATEMENT_MS_MAX = 30_000;
/** The lock of a statement that the server ends, and the way back. */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 5000;
const POOL_CONNECTIONS_MAX = 8;
const CLOSE_SECONDS_MAX = 5;

/** The control plane's ways to the database: queries, and notices that must not wait behind them. */
export class ControlDatabase implements Database {
  readonly #url: string;
  readonly #monitor: DatabaseMonitor;
  readonly #pool: GuardedPool;
  readonly #noticePool: GuardedPool;
  readonly #listening: Listening[] = [];
  readonly #notices: NoticeLog;
  #isHeld = false;

  constructor(url: string, event: DatabaseEvent, limits?: MonitorLimits) {
    this.#url = url;
    this.#notices = new NoticeLog(event);
    this.#monitor = new DatabaseMonitor(url, event, this.#notices, limits);
    const settings = { statement_timeout: STATEMENT_MS_MAX };
    const queries = { application: 'spillway', noticed: this.#notices.take, connectionsMax: POOL_CONNECTIONS_MAX, settings };
    // A notice is worth nothing after a crash: its commit does not wait for the disk.
    const notices = { application: 'spillway-notices', noticed: this.#notices.take, settings: { ...settings, synchronous_commit: 'off' } };
    this.#pool = new GuardedPool(url, this.#monitor, queries, ANSWER_MS_MAX);
    this.#noticePool = new GuardedPool(url, this.#monitor, notices, ANSWER_MS_MAX);
  }

  /** Undefined while the database takes reads and writes. */
  get trouble(): DatabaseTrouble | undefined {
    return this.#monitor.trouble;
  }

  /** Whether queries are refused: what answers at the address may be another database. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  async run<Result>(work: (sql: Sql) => PromiseLike<Result>): Promise<Result> {
    if (this.#isHeld) throw this.trouble ? this.#monitor.unavailable() : new DatabaseUnavailable('held', 'it has not been looked at yet');
    return this.#pool.run(work);
  }

  /** The database while it is looked at: `hold` does not concern it. */
  get unheld(): Pick<Database, 'run'> {
    return { run: (work) => this.#pool.run(work) };
  }

  /** Looks whether it is there, for somebody has just met it; resolves when `trouble` says so. */
  look(): Promise<void> {
    return this.#monitor.look();
  }

  async listen(channels: readonly string[], listener: NotificationListener): Promise<void> {
    const listening = new Listening(this.#url, this.#monitor, this.#notices, channels, listener);
    this.#listening.push(listening);
    await listening.ready;
  }

  /** The same with a connection of its own, for statements that notify others. */
  get notices(): Database {
    return { run: (work) => this.#noticePool.run(work), listen: (channels, listener) => this.listen(channels, listener) };
  }

  async close(): Promise<void> {
    for (const listening of this.#listening) listening.close();
    await Promise.all([this.#pool.close(CLOSE_SECONDS_MAX), this.#noticePool.close(CLOSE_SECONDS_MAX)]);
    this.#monitor.close();
  }
}
