import { type DatabaseTrouble, DatabaseUnavailable } from '../../contract/database.js';
import { withDeadline } from '../../contract/deadline.js';
import type { Report } from '../../telemetry/report.js';
import type { storeEvents } from '../events.js';
import { type Client, openClient } from './client.js';
import type { NoticeLog } from './notices.js';
import { sessionFault } from './session-fault.js';

export type DatabaseState = 'up' | 'read-only' | 'down';

export type DatabaseEvent = Report<keyof typeof storeEvents>;

export interface MonitorLimits {
  readonly lookEveryMs: number;
  /** A server that has not answered for so long is down. */
  readonly answerMsMax: number;
}

export const MONITOR_LIMITS: MonitorLimits = { lookEveryMs: 1000, answerMsMax: 5000 };

/** The server has no connection left for the look: those that exist go on. */
const TOO_MANY_CONNECTIONS = '53300';

/**
 * Looks at the database every second over a connection of its own, so that whoever needs it need not find out by waiting.
 * While something is wrong each look has a new connection: after a failover the address may lead to another server.
 */
export class DatabaseMonitor {
  readonly #url: string;
  readonly #event: DatabaseEvent;
  readonly #notices: NoticeLog;
  readonly #limits: MonitorLimits;
  readonly #listeners = new Set<(state: DatabaseState) => void>();
  #client: Client | undefined;
  #state: DatabaseState = 'up';
  #code = '';
  #trouble: DatabaseTrouble | undefined;
  #sinceMs = 0;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(url: string, event: DatabaseEvent, notices: NoticeLog, limits: MonitorLimits = MONITOR_LIMITS) {
    this.#url = url;
    this.#event = event;
    this.#notices = notices;
    this.#limits = limits;
    this.#waitForNext();
  }

  /** Undefined while the database takes reads and writes. */
  get trouble(): DatabaseTrouble | undefined {
    return this.#trouble;
  }

  get state(): DatabaseState {
    return this.#state;
  }

  /** What to tell those who ask a database that is not up; `error` has the last word where it is. */
  unavailable(error?: Error & { code?: string }): DatabaseUnavailable {
    if (this.#trouble) return new DatabaseUnavailable(this.#code, this.#trouble.cause);
    const { code = 'unknown', message = 'the database does not answer' } = error ?? {};
    return new DatabaseUnavailable(code, `${code}: ${message}`);
  }

  /** Tells of each change of the state; answers how to end that. */
  onChange(listener: (state: DatabaseState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Looks now, for somebody met an error; resolves when the state is known. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      this.#waitForNext();
    });
    return this.#looking;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#dropClient();
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return;
    const { answerMsMax } = this.#limits;
    const look = { isOver: false };
    const silent = () => {
      look.isOver = true;
      return Object.assign(new Error(`it has not answered for ${answerMsMax / 1000} s`), { code: 'silent' });
    };
    try {
      const isReadOnly = await withDeadline(this.#ask(look), answerMsMax, silent);
      if (isReadOnly) this.#become('read-only', '25006', '25006: it is read-only, as after a failover');
      else this.#become('up', '', '');
    } catch (error) {
      const { code = 'unknown', message } = error as Error & { code?: string };
      if (code === TOO_MANY_CONNECTIONS && this.#state === 'up') this.#dropClient();
      else this.#become('down', code, code === 'silent' ? message : `${code}: ${message || 'no connection'}`);
    }
  }

  /** A connection that was ended since the last look says nothing of the server: a new one does. */
  async #ask(look: { readonly isOver: boolean }): Promise<boolean> {
    const known = this.#client;
    if (!known) return this.#isReadOnly(this.#open());
    try {
      return await this.#isReadOnly(known);
    } catch (error) {
      if (look.isOver || this.#isClosed || sessionFault(error) !== 'lost') throw error;
      this.#dropClient();
      return this.#isReadOnly(this.#open());
    }
  }

  #open(): Client {
    const client = openClient(this.#url, {
      application: 'spillway-monitor',
      noticed: this.#notices.take,
      connectSecondsMax: Math.ceil(this.#limits.answerMsMax / 1000),
      closed: () => {
        if (this.#client === client) this.#client = undefined;
      },
    });
    this.#client = client;
    return client;
  }

  async #isReadOnly(client: Client): Promise<boolean> {
    const [row] = await client.sql`select current_setting('transaction_read_only') = 'on' as read_only`;
    return row?.read_only;
  }

  #become(state: DatabaseState, code: string, cause: string): void {
    if (this.#isClosed) return;
    const before = this.#state;
    this.#state = state;
    this.#code = code;
    if (state !== 'up') this.#dropClient();
    if (state === 'up') this.#trouble = undefined;
    else if (this.#trouble?.cause !== cause) this.#trouble = { cause, foundMs: performance.now() };
    if (state === before) return;
    if (before === 'up') this.#sinceMs = performance.now();
    if (state === 'up') this.#event('info', 'database-available', { seconds: Math.round((performance.now() - this.#sinceMs) / 1000) });
    else this.#event('error', 'database-unavailable', { state, code, cause });
    for (const listener of this.#listeners) listener(state);
  }

  #dropClient(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.abandon();
  }

  #waitForNext(): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.look(), this.#limits.lookEveryMs).unref();
  }
}
