import assert from 'node:assert/strict';
import type { ReservedSql } from 'postgres';
import { type CopyConnection, copy } from '../write/copy.js';
import type { Refusal } from './bisection.js';
import { verdictOn } from './sqlstate.js';

/** As binary COPY brings them; the columns of the table itself may have domains over these. */
const COLUMN_TYPES: Readonly<Record<string, string>> = {
  device_id: 'int',
  metric_id: 'int',
  ts: 'timestamptz',
  partition_id: 'int',
  log_offset: 'bigint',
  received_at: 'timestamptz',
  reason: 'text',
  payload: 'bytea',
  sqlstate: 'text',
  message: 'text',
};

/** Makes all deferred checks at once, those deferred so far included. */
export const CHECK_NOW = 'set constraints all immediate';

/** States that are no row's fault: the whole piece fails with them. Classes as in sqlstate.ts. */
const NO_ROW = '^(08|25|40|53|55|57|58|XX)';

/**
 * Another way to attempt a piece, for when many of its rows are bad: the rows go into a table without constraints, and the
 * server itself moves them one by one. The time is that of the rows, however many are refused, where bisection takes two
 * round trips for each of those.
 */
export class Staging {
  readonly #sql: ReservedSql;
  readonly #connection: CopyConnection;
  readonly #late: boolean;

  /** `late`: checks that are deferred to the commit are made row by row. */
  constructor(sql: ReservedSql, connection: CopyConnection, late: boolean) {
    this.#sql = sql;
    this.#connection = connection;
    this.#late = late;
  }

  /** Whether this user of this database may stage rows. The transaction must not have failed. */
  static async possible(sql: ReservedSql): Promise<boolean> {
    const [row] = await sql`select has_database_privilege(current_database(), 'temp')
      and exists (select 1 from pg_language where lanname = 'plpgsql') as possible`;
    return row?.possible;
  }

  /** Stores the rows of a stream that `statement` copies, after the statements `before`; answers the refused rows, ascending. */
  async store(
    before: string,
    statement: string,
    valueType: 'float8' | 'text',
    pieces: readonly Uint8Array[],
  ): Promise<{ row: number; why: Refusal }[]> {
    const [, table, list] = /copy (\S+) \(([^)]+)\) from stdin/.exec(statement) ?? [];
    assert(table && list, 'a COPY names its table and columns');
    const columns = list.split(', ');
    const typed = columns.map((column) => `${column} ${COLUMN_TYPES[column] ?? valueType}`);
    await copy(
      this.#sql,
      `${before}; create temporary table spillway_piece (place int generated always as identity (start 0 minvalue 0), ${typed});
      create temporary table spillway_refused (place int, sqlstate text, message text);
      copy spillway_piece (${list}) from stdin (format binary)`,
      pieces,
      this.#connection,
    );
    await this.#sql.unsafe(moveRows(table, columns, this.#late ? `${CHECK_NOW};` : ''));
    const rows = await this.#sql.unsafe('select place, sqlstate, message from spillway_refused order by place');
    await this.#sql.unsafe('drop table spillway_piece, spillway_refused');
    return rows.map(({ place, sqlstate, message }) => {
      const error = Object.assign(new Error(message), { code: sqlstate, severity: 'ERROR' });
      if (verdictOn(error) !== 'data') throw error;
      return { row: place, why: { sqlstate, message } };
    });
  }
}

function moveRows(table: string, columns: readonly string[], check: string): string {
  return `do $$
    declare piece record;
    begin
      for piece in select * from spillway_piece order by place loop
        begin
          insert into ${table} (${columns}) values (${columns.map((column) => `piece.${column}`)}); ${check}
        exception when others then
          if sqlstate ~ '${NO_ROW}' then raise; end if;
          insert into spillway_refused values (piece.place, sqlstate, sqlerrm);
        end;
      end loop;
    end $$`;
}
