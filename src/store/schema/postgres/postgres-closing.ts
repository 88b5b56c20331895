import type { Row, Sql } from 'postgres';
import type { DialectEvent, Maintained } from '../dialect.js';
import { describeSegment, LOCK_OPEN_SEGMENT, OPEN_SEGMENT, type SegmentState, segmentName } from './postgres-segments.js';

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

const IDLE_MS = 10_000;
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
  const step = (open.is === 'full' && (await closeOpen(sql, open.segment))) || (await finishNext(sql, limits));
  if (step) return { events: step.events, againMs: MORE_MS };
  return { events: [], againMs: open.is === 'empty' ? IDLE_MS : BUSY_MS };
}

async function lookAtOpen(sql: Sql, now: Date, limits: SegmentLimits): Promise<{ segment: number; is: 'empty' | 'filling' | 'full' }> {
  const [open] = await sql`
    select number, filled_at, pg_relation_size(to_regclass('readings_hot_' || number)) / 8192 as pages
    from readings_segments where state = 'open'`;
  const pages = Number(open?.pages ?? 0);
  if (!open || pages === 0) return { segment: 0, is: 'empty' };
  await sql`update readings_segments set filled_at = ${now} where number = ${open.number} and filled_at is null`;
  if (pages >= limits.pagesMax || now.getTime() - (open.filled_at ?? now).getTime() >= limits.ageMsMax)
    return { segment: open.number, is: 'full' };
  await describeSegment(sql, segmentName(open.number));
  return { segment: open.number, is: 'filling' };
}

async function closeOpen(sql: Sql, segment: number): Promise<Step | undefined> {
  const closed = await transaction(
    sql,
    `set local lock_timeout = '3s';
     ${LOCK_OPEN_SEGMENT}
     ${advance(segment, 'open', "state = 'closed'")}
     ${OPEN_SEGMENT}`,
  );
  return closed && { events: [{ level: 'debug', name: 'store-segment-closed', fields: { segment } }] };
}

async function finishNext(sql: Sql, limits: SegmentLimits): Promise<Step | undefined> {
  const [next] = await sql`
    select number, state, coalesce(pg_relation_size(to_regclass('readings_hot_' || number)) / 8192, 0)::int as pages,
      first_ts::text as first, last_ts::text as last
    from readings_segments where state in ('closed', 'indexed', 'checked') or (state = 'drained' and ${drainedForAll(sql, limits)})
    order by number limit 1`;
  if (!next) return undefined;
  const segment = next as unknown as Segment;
  const { step, level, script } = stepFor(segment, limits);
  const started = performance.now();
  // A lock that waits behind a long query makes all later queries wait behind itself.
  const done = await transaction(sql, `set local lock_timeout = '1s'; ${script(segment, segmentName(segment.number))}`);
  if (!done) return undefined;
  const rows = step === 'moved' || step === 'indexed' ? { rows: Number(done.at(-1)?.[0]?.rows) } : {};
  const fields = { segment: segment.number, step, ...rows, ms: Math.round(performance.now() - started) };
  return { events: [{ level, name: 'store-segment-finished', fields }] };
}

/**
 * Statements that are one transaction because they are one message: when the server is killed in the middle
 * there is no rollback to be sent over a connection that is gone, on which the client would break. Undefined
 * when a reader or another process has what is needed.
 */
async function transaction(sql: Sql, statements: string): Promise<readonly Row[][] | undefined> {
  try {
    return (await sql.unsafe(statements)) as unknown as Row[][];
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return undefined;
    throw error;
  }
}

/** Moves a segment on from `state`, or ends the transaction as if it were locked: another process did it. */
function advance(segment: number, state: SegmentState, change: string): string {
  return `do $$ begin
    perform 1 from readings_segments where number = ${segment} and state = '${state}' for update nowait;
    if not found then raise exception 'segment ${segment} is not ${state}' using errcode = 'lock_not_available'; end if;
    update readings_segments set ${change} where number = ${segment};
  end $$;`;
}

/** Whoever still sees a drained segment's rows where they were began before they were moved, or while. */
const drainedForAll = (sql: Sql, { drainedMsMin }: SegmentLimits) => sql`
  drained_at < clock_timestamp() - ${drainedMsMin} * interval '1 ms' and not exists (
    select from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and backend_xmin is not null
      and (xact_start is null or xact_start <= drained_at + ${drainedMsMin} * interval '1 ms'))`;

interface Segment {
  readonly number: number;
  readonly state: SegmentState;
  readonly pages: number;
  readonly first: string;
  readonly last: string;
}

interface StepPlan {
  readonly step: string;
  readonly level: DialectEvent['level'];
  /** The last statement answers `rows` where the step has some. */
  readonly script: (segment: Segment, name: string) => string;
}

function stepFor({ state, pages }: Segment, { pagesMin }: SegmentLimits): StepPlan {
  if (state === 'closed') return pages < pagesMin ? MOVE : INDEX;
  if (state === 'indexed') return CHECK;
  return state === 'checked' ? BOUND : DROP;
}

/** The rows are deleted, not dropped, so that every reader sees each once, whenever it began. */
const MOVE: StepPlan = {
  step: 'moved',
  level: 'info',
  script: ({ number }, name) => `
    ${advance(number, 'closed', "state = 'drained', drained_at = clock_timestamp()")}
    with gone as (delete from ${name} returning device_id, metric_id, ts, value),
      moved as (insert into readings_days (device_id, metric_id, ts, value) select * from gone order by device_id, metric_id, ts returning 1)
    select count(*) as rows from moved;`,
};

/** Not concurrently: nobody writes here any more, and no invalid index can be left. */
const INDEX: StepPlan = {
  step: 'indexed',
  level: 'info',
  // One processor is the writers'. Little memory: rows lie in sorted batches, whose short runs merge fast.
  script: ({ number }, name) => `
    ${advance(number, 'closed', "state = 'indexed'")}
    set local max_parallel_maintenance_workers = 0;
    set local maintenance_work_mem = '64MB';
    create index ${name}_series on ${name} (device_id, metric_id, ts desc);
    analyze ${name};
    update readings_segments set first_ts = found.first, last_ts = found.last
      from (select count(*) as rows, min(ts) as first, max(ts) as last from ${name}) found
      where number = ${number} returning found.rows;`,
};

/**
 * Tells which times a segment has, so that the planner leaves it out of queries of other times. The rows are
 * read for it in a step of their own, for this one keeps readers waiting.
 */
const CHECK: StepPlan = {
  step: 'checked',
  level: 'debug',
  script: ({ number, first, last }, name) => `
    ${advance(number, 'indexed', "state = 'checked'")}
    alter table ${name} reset (autovacuum_enabled), add constraint ${name}_ts check (ts between '${first}' and '${last}') not valid;`,
};

const BOUND: StepPlan = {
  step: 'bounded',
  level: 'debug',
  script: ({ number }, name) => `
    ${advance(number, 'checked', "state = 'bounded'")}
    alter table ${name} validate constraint ${name}_ts;`,
};

const DROP: StepPlan = {
  step: 'dropped',
  level: 'debug',
  script: ({ number }, name) => `
    ${advance(number, 'drained', 'drained_at = drained_at')}
    drop table ${name};
    delete from readings_segments where number = ${number};`,
};
