import type { Sql } from 'postgres';
import { withDeadline } from '../../contract/deadline.js';
import { type Client, type ClientOptions, openClient } from './client.js';
import type { DatabaseMonitor, DatabaseState } from './monitor.js';
import { sessionFault } from './session-fault.js';

/** Statements under way on connections that are given up may still be answered. */
const END_SECONDS_MAX = 30;

/**
 * Connections for queries. As soon as one of them is lost or read-only, all are given up for new ones: those of a server that
 * was demoted stay read-only for as long as they live, and the client gives the last error of a connection that the server ended
 * to the next statement that comes. While the database is down queries are refused at once.
 */
export class GuardedPool {
  readonly #url: string;
  readonly #monitor: DatabaseMonitor;
  readonly #options: ClientOptions;
  readonly #answerMsMax: number;
  readonly #stopListening: () => void;
  #client: Client | undefined;
  #isClosed = false;

  /** `answerMsMax`: longer than the server gives any statement, so that only a connection that is dead takes so long. */
  constructor(url: string, monitor: DatabaseMonitor, options: ClientOptions, answerMsMax: number) {
    this.#url = url;
    this.#monitor = monitor;
    this.#options = options;
    this.#answerMsMax = answerMsMax;
    this.#stopListening = monitor.onChange((state) => this.#changed(state));
  }

  /** As `Database.run` says. */
  async run<Result>(work: (sql: Sql) => PromiseLike<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      if (this.#isClosed) throw this.#monitor.unavailable(closed());
      if (this.#monitor.state === 'down') throw this.#monitor.unavailable();
      this.#client ??= this.#open();
      const client = this.#client;
      try {
        return await withDeadline(work(client.sql), this.#answerMsMax, silent);
      } catch (error) {
        const fault = sessionFault(error);
        if (fault === undefined) throw error;
        if (fault !== 'refused') {
          this.#giveUp(client);
          // Whether the server or only the session is at fault; the answer may also be the newest cause.
          await this.#monitor.look();
        }
        // Nothing was done in a session that may not write.
        if (fault !== 'read-only' || attempt > 1) throw this.#monitor.unavailable(error as Error);
      }
    }
  }

  /** From now on nothing is asked: a connection that was opened now would keep the process from its end. */
  async close(seconds: number): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    await this.#client?.end(seconds);
    this.#client?.abandon();
  }

  #open(): Client {
    const client = openClient(this.#url, { ...this.#options, closed: () => this.#giveUp(client) });
    return client;
  }

  #changed(state: DatabaseState): void {
    const client = this.#client;
    if (!client) return;
    if (state === 'down') {
      this.#client = undefined;
      client.abandon();
    } else this.#giveUp(client);
  }

  #giveUp(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    void client.end(END_SECONDS_MAX).finally(() => client.abandon());
  }
}

function closed(): Error & { code: string } {
  return Object.assign(new Error('this process has closed its connections'), { code: 'closed' });
}

function silent(): Error {
  return Object.assign(new Error('the connection does not answer'), { code: 'CONNECTION_SILENT' });
}
