import type { Sql, TransactionSql } from 'postgres';
import type { Maintained } from './dialect.js';
import { openSegment, segmentName } from './postgres-segments.js';

/** Bounds are parameters so that tests need not write millions of rows. */
export interface SegmentLimits {
  /** A segment closes when it has so many pages of 8 KiB, */
  readonly pagesMax: number;
  /** or is no longer empty since so long. */
  readonly ageMsMax: number;
  /** A closed segment of fewer pages is moved into the days: many small ones would make queries slow. */
  readonly pagesMin: number;
  /** The least time until the place that its rows were moved from is dropped. */
  readonly drainedMsMin: number;
}

/** 512 MiB are about 10 million rows, in which one series is found without a b-tree in tens of milliseconds. */
export const SEGMENT_LIMITS: SegmentLimits = { pagesMax: 65_536, ageMsMax: 300_000, pagesMin: 8192, drainedMsMin: 60_000 };

const IDLE_MS = 5000;
const BUSY_MS = 1000;
const MORE_MS = 50;
const LOCK_NOT_AVAILABLE = '55P03';

type Step = Pick<Maintained, 'events'>;

/**
 * One piece of work a call, the first there is of: close the open segment, then for the oldest one
 * that is not finished the next step. A step is one transaction that locks the segment's line, so it
 * is done once or not at all, whichever process or server is killed in the middle.
 */
export async function maintainSegments(sql: Sql, now: Date, limits: SegmentLimits = SEGMENT_LIMITS): Promise<Maintained> {
  const open = await lookAtOpen(sql, now, limits);
  const step = (open === 'full' && (await closeOpen(sql))) || (await finishNext(sql, limits));
  if (step) return { events: step.events, againMs: MORE_MS };
  return { events: [], againMs: open === 'empty' ? IDLE_MS : BUSY_MS };
}

/** Keeps the open segment's BRIN and statistics up to date on the way: without them a query reads it whole. */
async function lookAtOpen(sql: Sql, now: Date, limits: SegmentLimits): Promise<'empty' | 'filling' | 'full'> {
  const [open] = await sql`
    select number, filled_at, relpages as pages_known, pg_relation_size(segment.oid) / 8192 as pages
    from readings_segments join pg_class segment on segment.oid = to_regclass('readings_hot_' || number) where state = 'open'`;
  const pages = Number(open?.pages ?? 0);
  if (!open || pages === 0) return 'empty';
  const name = segmentName(open.number);
  await sql`update readings_segments set filled_at = ${now} where number = ${open.number} and filled_at is null`;
  if (pages >= limits.pagesMax || now.getTime() - (open.filled_at ?? now).getTime() >= limits.ageMsMax) return 'full';
  await sql`select brin_summarize_new_values(${`${name}_brin`}::regclass)`;
  if (pages >= 2 * open.pages_known) await sql.unsafe(`analyze ${name}`);
  return 'filling';
}

function closeOpen(sql: Sql): Promise<Step | undefined> {
  return sql.begin(async (tx) => {
    // It waits for those who write into the segment, and those who come meanwhile wait for it.
    const [closed] = await tx`update readings_segments set state = 'closed' where state = 'open' returning number`;
    if (!closed) return undefined;
    await openSegment(tx);
    return { events: [{ level: 'debug', name: 'store-segment-closed', fields: { segment: closed.number } }] };
  });
}

/** Undefined when no segment is left to be worked on, or a reader or another process has it. */
async function finishNext(sql: Sql, limits: SegmentLimits): Promise<Step | undefined> {
  try {
    return await sql.begin((tx) => finishIn(tx, limits));
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return undefined;
    throw error;
  }
}

async function finishIn(tx: TransactionSql, limits: SegmentLimits): Promise<Step | undefined> {
  // A lock that waits behind a long query makes all later queries wait behind itself.
  await tx`set local lock_timeout = '1s'`;
  const [segment] = await tx`
    select number, state from readings_segments
    where state in ('closed', 'indexed', 'checked') or (state = 'drained' and ${drainedForAll(tx, limits)})
    order by number limit 1 for update skip locked`;
  if (!segment) return undefined;
  const started = performance.now();
  const { level = 'info', ...fields } = await STEPS[segment.state as keyof typeof STEPS](tx, segment.number, limits);
  const ms = Math.round(performance.now() - started);
  return { events: [{ level, name: 'store-segment-finished', fields: { segment: segment.number, ...fields, ms } }] };
}

/** Whoever still sees a drained segment's rows where they were began before they were moved, or while. */
const drainedForAll = (tx: TransactionSql, { drainedMsMin }: SegmentLimits) => tx`
  drained_at < clock_timestamp() - ${drainedMsMin} * interval '1 ms' and not exists (
    select from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and backend_xmin is not null
      and (xact_start is null or xact_start <= drained_at + ${drainedMsMin} * interval '1 ms'))`;

interface Done {
  readonly level?: 'debug';
  readonly step: string;
  readonly rows?: number;
}

const STEPS = {
  async closed(tx: TransactionSql, segment: number, limits: SegmentLimits): Promise<Done> {
    const [size] = await tx`select pg_relation_size(${segmentName(segment)}::regclass) / 8192 as pages`;
    return Number(size?.pages) < limits.pagesMin ? drain(tx, segment) : index(tx, segment);
  },
  indexed: check,
  async checked(tx: TransactionSql, segment: number): Promise<Done> {
    await tx.unsafe(`alter table ${segmentName(segment)} validate constraint ${segmentName(segment)}_ts`);
    await tx`update readings_segments set state = 'bounded' where number = ${segment}`;
    return { level: 'debug', step: 'bounded' };
  },
  async drained(tx: TransactionSql, segment: number): Promise<Done> {
    await tx.unsafe(`drop table ${segmentName(segment)}`);
    await tx`delete from readings_segments where number = ${segment}`;
    return { level: 'debug', step: 'dropped' };
  },
};

/** Moves the rows into the days. They are deleted, not dropped, so that a reader of either snapshot sees each once. */
async function drain(tx: TransactionSql, segment: number): Promise<Done> {
  const moved = await tx.unsafe(`
    with moved as (delete from ${segmentName(segment)} returning device_id, metric_id, ts, value)
    insert into readings_days (device_id, metric_id, ts, value) select * from moved order by device_id, metric_id, ts`);
  await tx`update readings_segments set state = 'drained', drained_at = clock_timestamp() where number = ${segment}`;
  return { step: 'moved', rows: moved.count };
}

/** In one transaction, not concurrently: nobody writes here any more, and nothing invalid can be left behind. */
async function index(tx: TransactionSql, segment: number): Promise<Done> {
  const name = segmentName(segment);
  // One processor is the writers'. Little memory: rows lie in sorted batches, whose short runs merge fast.
  await tx.unsafe(`
    set local max_parallel_maintenance_workers = 0;
    set local maintenance_work_mem = '64MB';
    create index ${name}_series on ${name} (device_id, metric_id, ts desc);
    analyze ${name};
  `);
  const [line] = await tx.unsafe(`
    update readings_segments set state = 'indexed', first_ts = found.first, last_ts = found.last
    from (select count(*)::float8 as rows, min(ts) as first, max(ts) as last from ${name}) found
    where number = ${segment} returning found.rows`);
  return { step: 'indexed', rows: line?.rows };
}

/**
 * Tells which times a segment has, so that the planner leaves it out of queries of other times. The rows are
 * read for it in a step of their own, for this one keeps readers waiting.
 */
async function check(tx: TransactionSql, segment: number): Promise<Done> {
  const name = segmentName(segment);
  const [line] = await tx`
    update readings_segments set state = 'checked' where number = ${segment} returning first_ts::text as first, last_ts::text as last`;
  await tx.unsafe(`
    alter table ${name} reset (autovacuum_enabled), add constraint ${name}_ts check (ts between '${line?.first}' and '${line?.last}') not valid`);
  return { level: 'debug', step: 'checked' };
}
