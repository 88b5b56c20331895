import type { ReservedSql, Sql } from 'postgres';
import type { ThreadEvent } from '../../contract/threads/shared.js';
import type { RowBatch } from '../../contract/threads/store.js';

export type DialectName = 'postgres' | 'timescale';

/** An event for the operator's log. */
export type DialectEvent = Pick<ThreadEvent, 'level' | 'name' | 'fields'>;

export interface Maintained {
  readonly events: readonly DialectEvent[];
  /** When there is more to do; absent: at the job's usual time. */
  readonly againMs?: number;
}

/**
 * How `readings` and `text_readings` lie in a database. What a database has is what its tables are, not
 * what its server could do: `openDialect` reads it anew for every connection that writes. Both tables
 * have the columns device_id, metric_id, ts, value in either dialect, and are queried by those names.
 */
export interface Dialect {
  readonly name: DialectName;
  /** What the server has and what is made of it: the fields of the event `store-dialect`. */
  readonly facts: ThreadEvent['fields'];
  /** What must be there before rows come. Short: a start waits for it. Safe to call at any time from several processes. */
  prepare(sql: Sql, now: Date): Promise<readonly DialectEvent[]>;
  /** Work in the background, one bounded piece a call, while rows come in; `sql` has one connection. May fail at any point. */
  maintain(sql: Sql, now: Date): Promise<Maintained>;
  /** COPY (FORMAT binary) of the batch's rows, after what it sets for the transaction: device_id int, metric_id int, ts timestamptz, value float8 or text. `sql` is in the batch's transaction. */
  copyStatement(table: 'readings' | 'texts', batch: RowBatch, sql: ReservedSql): string | Promise<string>;
  /**
   * Makes what rows of these hours need, in the batch's transaction and before any savepoint: made with a row that is refused, it
   * would be undone and made again with each. `hoursUs`: where they begin, µs of the Unix epoch. What cannot be made is left to the rows.
   */
  makeRoom?(sql: ReservedSql, table: 'readings' | 'texts', hoursUs: readonly bigint[]): Promise<void>;
  /** After the batch was committed, on the same connection: what makes its rows quick to find, and a look at what became of them. */
  committed?(sql: ReservedSql): Promise<readonly DialectEvent[]>;
}
