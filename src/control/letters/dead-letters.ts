import type { Sql } from 'postgres';
import { type DeadLetter, type LetterRow, letterColumns, letterOf } from './dead-letter.js';

export const DEAD_LETTERS_MAX = 1000;

export interface DeadLettersQuery {
  /** Undefined: the letters of devices that nobody knows, which are no tenant's. */
  readonly tenant: string | undefined;
  /** Whether the tenant has few devices, so that the letters of each are looked up rather than those of all tenants passed through. */
  readonly hasFewDevices: boolean;
  /** Id of a device; letters of a deleted one are found by it, too. */
  readonly device?: string | undefined;
  /** Class that the device has now. */
  readonly deviceClass?: string | undefined;
  readonly reason?: string | undefined;
  /** When the message was received, ms, both ends included. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly limit: number;
  readonly after?: LetterCursor | undefined;
}

/** The last letter that was given: when its message was received (µs since 1970), and its id. */
export interface LetterCursor {
  readonly us: string;
  readonly id: string;
}

/** A letter with the names that its device has or had. */
export interface NamedLetter extends DeadLetter {
  readonly of: { readonly id: string; readonly tenant: string } | undefined;
}

interface Row extends LetterRow {
  readonly us: string;
  readonly device_name: string | null;
  readonly tenant_id: string | null;
}

/** Messages that could not be decoded and rows that the database refused, newest first. */
export async function queryDeadLetters(
  sql: Sql,
  query: DeadLettersQuery,
): Promise<{ readonly letters: NamedLetter[]; readonly next: LetterCursor | undefined }> {
  const selected = query.tenant === undefined || (query.device === undefined && !query.hasFewDevices) ? byTime : byDevice;
  const rows = await sql<Row[]>`
    select letter.*, (extract(epoch from received_at) * 1000000)::bigint::text as us, device.name as device_name, device.tenant_id
    from ${selected(sql, query)} order by received_at desc, number desc limit ${query.limit + 1}`;
  const page = rows.slice(0, query.limit);
  const letters = page.map((row) => ({ ...letterOf(row), of: namesOf(row) }));
  const last = page.at(-1);
  return { letters, next: last && rows.length > query.limit ? { us: last.us, id: last.id } : undefined };
}

/** Goes back in time through the letters of all tenants, of which a tenant with many devices has many. */
function byTime(sql: Sql, query: DeadLettersQuery) {
  return sql`(select ${letterColumns(sql)}, dead_letters.id as number from dead_letters where ${conditions(sql, query)}) letter
    ${query.tenant === undefined ? sql`left join devices device` : sql`join devices device`} on device.id = letter.device_id
    where ${query.tenant === undefined ? sql`device.id is null` : ofTenant(sql, query)}`;
}

/** Looks up what each device has, so that it costs no more than the letters of the page, however many others there are. */
function byDevice(sql: Sql, query: DeadLettersQuery) {
  return sql`devices device cross join lateral (
      select ${letterColumns(sql)}, dead_letters.id as number from dead_letters where device_id = device.id and ${conditions(sql, query)}
      order by received_at desc, dead_letters.id desc limit ${query.limit + 1}
    ) letter where ${ofTenant(sql, query)}`;
}

function ofTenant(sql: Sql, { tenant, device, deviceClass }: DeadLettersQuery) {
  return sql`device.tenant_id = ${tenant!} ${device === undefined ? sql`` : sql`and device.name = ${device}`}
    ${deviceClass === undefined ? sql`` : sql`and device.device_class = ${deviceClass}`}`;
}

function conditions(sql: Sql, { reason, fromMs, toMs, after }: DeadLettersQuery) {
  return sql`true
    ${reason === undefined ? sql`` : sql`and reason = ${reason}`}
    ${fromMs === undefined ? sql`` : sql`and received_at >= ${new Date(fromMs)}`}
    ${toMs === undefined ? sql`` : sql`and received_at < ${new Date(toMs + 1)}`}
    ${after === undefined ? sql`` : sql`and (received_at, dead_letters.id) < (timestamptz 'epoch' + ${after.us}::text::bigint * interval '1 microsecond', ${after.id}::text::bigint)`}`;
}

function namesOf({ device_name: id, tenant_id: tenant }: Row): NamedLetter['of'] {
  return id === null || tenant === null ? undefined : { id, tenant };
}
