import type { Sql } from 'postgres';

export interface SeriesPoint {
  /** Microseconds since 1970. */
  readonly us: bigint;
  readonly metric: number;
  readonly value: number | string;
}

/** Readings of some series of a device; times in ms, both ends included. */
export interface RangeQuery {
  readonly device: number;
  readonly metrics: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  /** Where an earlier answer ended. */
  readonly after?: RangeCursor | undefined;
}

export interface SeriesRange {
  /** By time, ascending; of equal times numbers come before texts, and then the lower value. */
  readonly points: readonly SeriesPoint[];
  /** Where the points go on that did not fit; undefined: these are all. */
  readonly next: RangeCursor | undefined;
}

/**
 * A place between two readings. Rows have no number of their own, and many may have one time, so it is the last reading that was
 * given: its time, kind, key and metric, and how many equal ones were given. Equal rows are all alike, so it does not matter which those were.
 */
export interface RangeCursor {
  readonly us: string;
  readonly kind: 'number' | 'text';
  /** The number as text, or the MD5 of the text, by which equal times are ordered. */
  readonly key: string;
  readonly metric: number;
  readonly given: number;
}

export const RANGE_POINTS_MAX = 10_000;

interface RangeRow {
  readonly us: string;
  readonly metric: number;
  readonly number: number | null;
  readonly text: string | null;
  readonly key: string;
}

export async function queryRange(sql: Sql, query: RangeQuery): Promise<SeriesRange> {
  const { limit, after } = query;
  // One more than asked for tells whether there is anything after it.
  const rows = await selectRange(sql, query, after?.given ?? 0, limit + 1);
  const page = rows.slice(0, limit);
  const points = page.map(({ us, metric, number, text }) => ({ us: BigInt(us), metric, value: number ?? text! }));
  return { points, next: rows.length > limit ? cursorAfter(page, after) : undefined };
}

function selectRange(sql: Sql, { device, metrics, fromMs, toMs, after }: RangeQuery, skip: number, take: number): PromiseLike<RangeRow[]> {
  const from = new Date(fromMs);
  // Rows have microseconds: the last millisecond is included whole.
  const before = new Date(toMs + 1);
  // By time alone the index gives them in order; the ties at the end are put in order with the rest.
  const first = sql`order by ts fetch first (${skip + take}::bigint) rows with ties`;
  const of = sql`device_id = ${device} and metric_id = series.metric and ts >= ${from} and ts < ${before}`;
  return sql<RangeRow[]>`
    select (extract(epoch from ts) * 1000000)::bigint::text as us, series.metric, number, text, key
    from unnest(${metrics}::int[]) series (metric) cross join lateral (
      (select ts, value as number, null::text as text, value::text as key from readings
        where ${of} ${after ? numbersAfter(sql, after) : sql``} ${first})
      union all
      (select ts, null::float8, value, md5(value) from text_readings
        where ${of} ${after ? textsAfter(sql, after) : sql``} ${first})
    ) merged order by ts, text is not null, number, key, series.metric offset ${skip} limit ${take}`;
}

function numbersAfter(sql: Sql, { us, kind, key, metric }: RangeCursor) {
  const ts = timeOf(sql, us);
  return kind === 'number'
    ? sql`and ts >= ${ts} and (ts, value, series.metric) >= (${ts}, ${key}::text::float8, ${metric}::int)`
    : sql`and ts > ${ts}`;
}

function textsAfter(sql: Sql, { us, kind, key, metric }: RangeCursor) {
  const ts = timeOf(sql, us);
  return kind === 'number'
    ? sql`and ts >= ${ts}`
    : sql`and ts >= ${ts} and (ts, md5(value), series.metric) >= (${ts}, ${key}::text, ${metric}::int)`;
}

/** A Date would cut the microseconds off, and seconds as a double would round them. */
function timeOf(sql: Sql, us: string) {
  return sql`(timestamptz 'epoch' + ${us}::text::bigint * interval '1 microsecond')`;
}

function cursorAfter(page: readonly RangeRow[], before: RangeCursor | undefined): RangeCursor {
  const last = page.at(-1)!;
  const end: RangeCursor = { us: last.us, kind: last.text === null ? 'number' : 'text', key: last.key, metric: last.metric, given: 0 };
  const different = page.findLastIndex(
    ({ us, key, metric, text }) => !isSamePlace({ us, key, metric, kind: text === null ? 'number' : 'text' }, end),
  );
  const goesOn = different < 0 && before !== undefined && isSamePlace(before, end);
  return { ...end, given: page.length - 1 - different + (goesOn ? before.given : 0) };
}

/** Numbers are compared as numbers: 0 and -0 are one place. */
function isSamePlace(a: Omit<RangeCursor, 'given'>, b: RangeCursor): boolean {
  if (a.us !== b.us || a.kind !== b.kind || a.metric !== b.metric) return false;
  return a.key === b.key || (a.kind === 'number' && Number(a.key) === Number(b.key));
}
