import type { Sql } from 'postgres';
import type { Dialect, DialectEvent } from '../dialect.js';
import { maintainSegments } from './postgres-closing.js';
import { describeSegment, holdOpenSegment, openFirstSegment } from './postgres-segments.js';

const DAYS_AHEAD = 2;
const DAY_MS = 86_400_000;

/** Table by table: the one that has the days, and what their names begin with. */
const DAYS = [
  ['readings_days', 'readings'],
  ['text_readings', 'text_readings'],
] as const;

/**
 * Batches of fewer rows go into the days, whose b-tree costs several times what the row itself does. They
 * are that small while the database keeps up; when it does not, they grow until it does.
 */
const SEGMENT_ROWS_MIN = 4096;

/**
 * Rows on plain PostgreSQL: one partition a UTC day, so that a day is dropped or archived as a
 * whole and queries by time read few of them.
 *
 *   readings_before     | readings_YYYYMMDD … one a day … | readings_default
 *   all before day one  | day one up to the day after next | nothing, unless a clock is wrong
 *
 * Devices may back-fill years, so older rows have a partition too and none is refused for its day.
 * Device times are at most one day ahead of the receive time (TS_AHEAD_US_MAX) and days exist two
 * ahead, so the default partition stays empty and a new day is added without reading it; only a
 * server whose own clock was ahead leaves rows there, and `addDay` moves them. The partitioned table is
 * `readings_days`: batches of many rows go elsewhere, see postgres-segments.ts.
 */
export function postgresDialect({ serverVersion, why }: { readonly serverVersion: string; readonly why: string }): Dialect {
  let written: string | undefined;
  return {
    name: 'postgres',
    facts: { dialect: 'postgres', postgres: serverVersion, why },
    async prepare(sql, now) {
      await openFirstSegment(sql);
      const days = await createPartitions(sql, now);
      const event: DialectEvent = { level: 'info', name: 'store-days-added', fields: { days } };
      return days > 0 ? [event] : [];
    },
    maintain: (sql, now) => maintainSegments(sql, now),
    async copyStatement(table, batch, sql) {
      const many = table === 'readings' && batch.readings.rows >= SEGMENT_ROWS_MIN;
      const segment = many ? await holdOpenSegment(sql) : undefined;
      written ??= segment;
      return `copy ${segment ?? (table === 'readings' ? 'readings_days' : 'text_readings')} (device_id, metric_id, ts, value) from stdin (format binary)`;
    },
    async committed(sql) {
      const segment = written;
      written = undefined;
      // The maintenance does it too, and tells when it cannot be done; the rows are safe either way.
      if (segment) await describeSegment(sql, segment).catch(() => {});
      return [];
    },
  };
}

/**
 * Adds the days that are missing up to the day after next. Days follow one another without a gap,
 * also after weeks in which nothing ran. Safe to call at any time from several processes.
 */
export async function createPartitions(sql: Sql, now: Date): Promise<number> {
  let created = 0;
  for (const [table, prefix] of DAYS) {
    const end = dayOf(now) + DAYS_AHEAD * DAY_MS;
    for (let day = await nextDay(sql, table); day <= end; day += DAY_MS) {
      if (await addDay(sql, table, prefix, day)) created++;
    }
  }
  return created;
}

/** The upper bound of the newest bounded partition. */
async function nextDay(sql: Sql, table: string): Promise<number> {
  const [row] = await sql`
    select max(substring(pg_get_expr(child.relpartbound, child.oid) from $$TO [(]'([^']+)'$$)::timestamptz) as bound
    from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = ${table}::regclass`;
  if (!(row?.bound instanceof Date)) throw new Error(`cannot add a day to ${table}: it has no partition with an upper bound`);
  return row.bound.getTime();
}

/**
 * A day is filled before it is attached: rows that wait for it in the default partition would make
 * the attachment fail. Attaching does not block those who read or write other days.
 */
async function addDay(sql: Sql, table: string, prefix: string, day: number): Promise<boolean> {
  const name = `${prefix}_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`;
  const [from, to] = [literal(day), literal(day + DAY_MS)];
  return sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${table}::regclass::oid::bigint)`;
    const [existing] = await tx`select to_regclass(${name}) as found`;
    if (existing?.found) return false;
    await tx.unsafe(`
      create table ${name} (like ${table} including defaults including constraints);
      lock table ${prefix}_default in access exclusive mode;
      with moved as (delete from ${prefix}_default where ts >= ${from} and ts < ${to} returning *)
        insert into ${name} select * from moved;
      alter table ${table} attach partition ${name} for values from (${from}) to (${to});
    `);
    return true;
  });
}

function dayOf(time: Date): number {
  return Math.floor(time.getTime() / DAY_MS) * DAY_MS;
}

function literal(time: number): string {
  return `'${new Date(time).toISOString()}'`;
}
