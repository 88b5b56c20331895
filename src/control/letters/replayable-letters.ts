import type { Sql } from 'postgres';
import type { Database } from '../../contract/database.js';

/** Which letters are tried again: those of the ids, or those that match all that is given. Undefined: any. */
export interface ReplayFilter {
  readonly ids?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  readonly device?: string | undefined;
  readonly deviceClass?: string | undefined;
  readonly reason?: string | undefined;
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/** A dead letter as it is sent through the pipeline again. */
export interface ReplayableLetter {
  readonly id: string;
  readonly device: number;
  readonly receivedUs: bigint;
  readonly payload: Buffer;
  readonly format: number;
  readonly context: Buffer | undefined;
}

interface Row {
  readonly id: string;
  readonly device_id: number;
  readonly us: string;
  readonly payload: Buffer;
  readonly format: number | null;
  readonly context: Buffer | null;
}

/** Letters that can be tried again: whole messages of devices that are registered, not tried again yet. In the order of their ids. */
export class ReplayableLetters {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async count(filter: ReplayFilter): Promise<number> {
    const [row] = await this.#database.run(
      (sql) => sql<{ letters: number }[]>`select count(*)::int as letters from ${from(sql)} where ${conditions(sql, filter)}`,
    );
    return row?.letters ?? 0;
  }

  /** The next `limit` letters after the one of the id `after`. */
  async page(filter: ReplayFilter, after: string, limit: number): Promise<ReplayableLetter[]> {
    const rows = await this.#database.run(
      (sql) => sql<Row[]>`
      select letter.id::text, letter.device_id, (extract(epoch from letter.received_at) * 1000000)::bigint::text as us, letter.payload,
        letter.format, letter.context
      from ${from(sql)} where ${conditions(sql, filter)} and letter.id > ${after}::text::bigint order by letter.id limit ${limit}`,
    );
    return rows.map(({ id, device_id: device, us, payload, format, context }) => {
      return { id, device, receivedUs: BigInt(us), payload, format: format ?? 0, context: context ?? undefined };
    });
  }

  /** How many of these letters are not marked as tried again. */
  async unmarked(ids: readonly string[]): Promise<number> {
    const [row] = await this.#database.run(
      (sql) => sql<{ letters: number }[]>`
      select count(*)::int as letters from dead_letters where id = any(${bigints(ids)}::text::bigint[]) and replayed_at is null`,
    );
    return row?.letters ?? 0;
  }

  /** Of these letters, those that became dead letters once more, with the newer reason. */
  async deadAgain(ids: readonly string[]): Promise<{ readonly id: string; readonly reason: string }[]> {
    return this.#database.run(
      (sql) => sql<{ id: string; reason: string }[]>`
      select fresh.id::text, fresh.reason from dead_letters letter
      join dead_letters fresh on fresh.device_id = letter.device_id and fresh.received_at = letter.received_at and fresh.id > letter.id
      where letter.id = any(${bigints(ids)}::text::bigint[]) order by fresh.id`,
    );
  }
}

/** Digits as an array that the server reads. */
function bigints(ids: readonly string[]): string {
  return `{${ids.join()}}`;
}

function from(sql: Sql) {
  return sql`dead_letters letter join devices device on device.id = letter.device_id and device.deleted_at is null`;
}

function conditions(sql: Sql, { ids, tenant, device, deviceClass, reason, fromMs, toMs }: ReplayFilter) {
  return sql`letter.replayed_at is null and letter.metric_id is null and letter.payload is not null
    ${ids === undefined ? sql`` : sql`and letter.id = any(${bigints(ids)}::text::bigint[])`}
    ${tenant === undefined ? sql`` : sql`and device.tenant_id = ${tenant}`}
    ${device === undefined ? sql`` : sql`and device.name = ${device}`}
    ${deviceClass === undefined ? sql`` : sql`and device.device_class = ${deviceClass}`}
    ${reason === undefined ? sql`` : sql`and letter.reason = ${reason}`}
    ${fromMs === undefined ? sql`` : sql`and letter.received_at >= ${new Date(fromMs)}`}
    ${toMs === undefined ? sql`` : sql`and letter.received_at < ${new Date(toMs + 1)}`}`;
}
