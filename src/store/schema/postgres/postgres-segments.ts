import type { ReservedSql, Sql } from 'postgres';

/**
 * Readings that come in large batches on plain PostgreSQL: they are appended to a segment without a
 * b-tree, in the order they come and whatever their time is, and the b-tree is made when it closes.
 *
 *   readings (view) = readings_days                     + readings_hot
 *                     partitions by day, b-tree           parent without rows
 *                     small batches, old and late rows    ├ readings_hot_1   indexed: b-tree, check of its times
 *                                                         ├ readings_hot_2   closed:  waits for its b-tree
 *                                                         └ readings_hot_3   open:    BRIN by device
 *
 * Who writes into the open segment shares a lock until it commits; who closes it has that lock alone. So
 * a closed segment never changes, and exactly one segment is open at any time. The lock is no row's:
 * writers that overlap would keep sharing a row, and the one that closes would wait for ever.
 */
export type SegmentState = 'open' | 'closed' | 'indexed' | 'checked' | 'bounded' | 'drained';

/** Of 8 KiB; so few are read whole in no time. */
const ANALYZE_PAGES_MIN = 256;

export function segmentName(segment: number): string {
  return `readings_hot_${segment}`;
}

const LOCK_KEY = `'readings_segments'::regclass::oid::bigint`;

/** Nobody else writes into the open segment until the transaction ends. */
export const LOCK_OPEN_SEGMENT = `select pg_advisory_xact_lock(${LOCK_KEY});`;

/**
 * The open segment, kept open until the caller's transaction ends. Undefined when there is none, which
 * only a hand could bring about: the rows then go where small batches go.
 */
export async function holdOpenSegment(sql: ReservedSql): Promise<string | undefined> {
  const [, rows] = await sql.unsafe(`
    select pg_advisory_xact_lock_shared(${LOCK_KEY});
    select number from readings_segments where state = 'open'`);
  const [open] = rows as unknown as { number: number }[];
  return open && segmentName(open.number);
}

/**
 * Opens a segment unless there is an open one. Rows are only ever appended, so autovacuum has nothing to do
 * until it is closed. Transactions append side by side, some pages at a time: a range of pages has the devices of several, in a few short stretches.
 */
export const OPEN_SEGMENT = `
  do $$ declare segment int; begin
    insert into readings_segments default values on conflict (state) where state = 'open' do nothing returning number into segment;
    if segment is not null then
      execute format('create table readings_hot_%s () inherits (readings_hot) with (autovacuum_enabled = off)', segment);
      execute format('create index readings_hot_%1$s_brin on readings_hot_%1$s using brin
        (device_id int4_minmax_multi_ops (values_per_range = 8)) with (pages_per_range = 8)', segment);
    end if;
  end $$;`;

/** Opens the first segment; safe to call at any time from several processes. */
export async function openFirstSegment(sql: Sql): Promise<void> {
  const [open] = await sql`select 1 from readings_segments where state = 'open'`;
  if (!open) await sql.unsafe(OPEN_SEGMENT);
}

/**
 * Brings an open segment's BRIN and statistics up to its rows: without them a query reads it whole, and many
 * segments' worth of rows may come while one is being indexed. Several transactions need not do it at a time.
 */
export async function describeSegment(sql: Sql | ReservedSql, segment: string): Promise<void> {
  const [size] = await sql`
    select case when pg_try_advisory_xact_lock(oid::bigint) then brin_summarize_new_values(${`${segment}_brin`}::regclass) end as ranges,
      relpages as analyzed, pg_relation_size(oid) / 8192 as pages
    from pg_class where oid = to_regclass(${segment})`;
  if (size?.ranges === null || Number(size?.pages) < Math.max(ANALYZE_PAGES_MIN, 3 * size?.analyzed)) return;
  await sql.unsafe(`analyze ${segment}`);
}
