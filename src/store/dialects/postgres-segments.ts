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
 * Who writes holds a share lock on the open segment's line until it commits; who closes it updates the
 * line. So a closed segment never changes, and exactly one segment is open at any time.
 */
export const SEGMENT_STATES = ['open', 'closed', 'indexed', 'checked', 'bounded', 'drained'] as const;

const COLUMNS = 'device_id, metric_id, ts, value';

/** Makes a view of `readings`, which were one partitioned table, in the transaction of the migration that does. */
export async function addSegments(sql: TransactionSql): Promise<void> {
  await sql.unsafe(`
    alter table readings rename to readings_days;
    create table readings_hot (device_id int not null, metric_id int not null, ts timestamptz not null, value float8 not null);
    create table readings_segments (
      number int generated always as identity primary key,
      state text not null default 'open' check (state in (${SEGMENT_STATES.map((state) => `'${state}'`)})),
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

/**
 * The open segment, kept open until the caller's transaction ends. Undefined when there is none, which
 * only a hand could bring about: the rows then go where small batches go.
 */
export async function holdOpenSegment(sql: ReservedSql): Promise<string | undefined> {
  // A line that was closed while this waited for it drops out of the answer, and its follower is not in
  // the snapshot yet: the second look finds it.
  for (let look = 0; look < 2; look++) {
    const [row] = await sql`select number from readings_segments where state = 'open' for share`;
    if (row) return segmentName(row.number);
  }
  return undefined;
}

/** Opens the first segment; safe to call at any time from several processes. */
export async function openFirstSegment(sql: Sql): Promise<void> {
  const [open] = await sql`select 1 from readings_segments where state = 'open'`;
  if (!open) await sql.begin((tx) => openSegment(tx));
}

/** Within the transaction that closed the one before. Nothing happens when another process was faster. */
export async function openSegment(tx: TransactionSql): Promise<void> {
  const [row] = await tx`insert into readings_segments default values on conflict (state) where state = 'open' do nothing returning number`;
  if (!row) return;
  const name = segmentName(row.number);
  // Rows are only ever appended, so autovacuum has nothing to do until the segment is closed. Lanes
  // append side by side, each some pages at a time; ranges are short so that few hold rows of two.
  await tx.unsafe(`
    create table ${name} () inherits (readings_hot) with (autovacuum_enabled = off);
    create index ${name}_brin on ${name} using brin (device_id) with (pages_per_range = 8);
  `);
}
