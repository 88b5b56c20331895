import type { ReservedSql, Sql, TransactionSql } from 'postgres';

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
const STATES = ['open', 'closed', 'indexed', 'checked', 'bounded', 'drained'] as const;

export type SegmentState = (typeof STATES)[number];

/** Of 8 KiB; so few are read whole in no time. */
const ANALYZE_PAGES_MIN = 256;

const COLUMNS = 'device_id, metric_id, ts, value';

/** Makes a view of `readings`, which were one partitioned table, in the transaction of the migration that does. */
export async function addSegments(sql: TransactionSql): Promise<void> {
  await sql.unsafe(`
    alter table readings rename to readings_days;
    create table readings_hot (device_id int not null, metric_id int not null, ts timestamptz not null, value float8 not null);
    create table readings_segments (
      number int generated always as identity primary key,
      state text not null default 'open' check (state in (${STATES.map((state) => `'${state}'`)})),
      filled_at timestamptz,
      drained_at timestamptz,
      first_ts timestamptz,
      last_ts timestamptz
    );
    create unique index readings_segments_open on readings_segments (state) where state = 'open';
    create view readings as
      select ${COLUMNS} from readings_days union all select ${COLUMNS} from readings_hot;
    create or replace view raw_metrics as
      select device.name as device_id, metric.name as metric_name, reading.value,
        jsonb_strip_nulls(jsonb_build_object('tenant', device.tenant_id, 'device_class', device.device_class,
          'location', device.metadata -> 'location')) as tags,
        reading.ts
      from readings reading
      join devices device on device.id = reading.device_id
      join metrics metric on metric.id = reading.metric_id;
  `);
  await writableView(sql);
}

/** Rows may still be inserted into and deleted from `readings` by hand, and by a Spillway that is not yet updated. */
async function writableView(sql: TransactionSql): Promise<void> {
  await sql.unsafe(`
    create function readings_insert() returns trigger language plpgsql as $$
    begin
      insert into readings_days (${COLUMNS}) values (new.device_id, new.metric_id, new.ts, new.value);
      return new;
    end $$;
    create function readings_delete() returns trigger language plpgsql as $$
    begin
      delete from readings_days where (${COLUMNS}) = (old.device_id, old.metric_id, old.ts, old.value);
      delete from readings_hot where (${COLUMNS}) = (old.device_id, old.metric_id, old.ts, old.value);
      return old;
    end $$;
    create trigger readings_insert instead of insert on readings for each row execute function readings_insert();
    create trigger readings_delete instead of delete on readings for each row execute function readings_delete();
  `);
}

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
 * until it is closed. Lanes append side by side, some pages at a time: a range of pages has the devices of several, in a few short stretches.
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
 * segments' worth of rows may come while one is being indexed. Several lanes need not do it at a time.
 */
export async function describeSegment(sql: Sql | ReservedSql, segment: string): Promise<void> {
  const [size] = await sql`
    select case when pg_try_advisory_xact_lock(oid::bigint) then brin_summarize_new_values(${`${segment}_brin`}::regclass) end as ranges,
      relpages as analyzed, pg_relation_size(oid) / 8192 as pages
    from pg_class where oid = to_regclass(${segment})`;
  if (size?.ranges === null || Number(size?.pages) < Math.max(ANALYZE_PAGES_MIN, 3 * size?.analyzed)) return;
  await sql.unsafe(`analyze ${segment}`);
}
