import type { Sql } from 'postgres';

/** The database as the control plane reaches it: each of its queries goes through `run`. */
export interface Database {
  /**
   * Runs statements and answers what `work` makes of them. Where the first session turns out to be read-only, `work` is run once
   * more over a new one, so it holds one statement or one transaction. Rejects with DatabaseUnavailable while the database is
   * away, silent, read-only or without room, and otherwise with what the server says of the statement.
   */
  run<Result>(work: (sql: Sql) => PromiseLike<Result>): Promise<Result>;
  /** Receives the notifications of these channels until the database is closed; resolves at the first connection. */
  listen(channels: readonly string[], listener: NotificationListener): Promise<void>;
}

export interface NotificationListener {
  received(payload: string): void;
  /** The connection is new: notifications may have been missed before it. */
  connected(): void;
}

/** A query could not be answered and may succeed later: nothing is wrong with the query. */
export class DatabaseUnavailable extends Error {
  /** SQLSTATE, or the code of the client or the system. */
  readonly code: string;

  constructor(code: string, cause: string) {
    super(cause);
    this.name = 'DatabaseUnavailable';
    this.code = code;
  }
}

/** Why the database cannot be used now. */
export interface DatabaseTrouble {
  readonly cause: string;
  /** When this cause was found, on the monotonic clock, ms. */
  readonly foundMs: number;
}
