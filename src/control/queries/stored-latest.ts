import type { Sql } from 'postgres';

/** The newest stored number or text of a metric of a device. */
export interface StoredLatest {
  readonly device: number;
  readonly metric: number;
  /** Event time, ms of the Unix epoch, with a fraction for microseconds. */
  readonly tsMs: number;
  readonly value: number | string;
}

/** Metrics of one device that the latest values are read of. */
const LATEST_METRICS_MAX = 8192;

interface LatestRow {
  readonly device_id: number;
  readonly metric_id: number;
  /** Microseconds since 1970: a Date would cut them off, and readings are told apart by them. */
  readonly us: string;
  readonly number: number | null;
  readonly text: string | null;
}

/** The newest stored readings of each metric of these devices, numbers and texts, in one statement. */
export async function queryLatest(sql: Sql, devices: readonly number[], areHypertables: boolean): Promise<StoredLatest[]> {
  const newest = areHypertables ? byPass : byHops;
  const rows = await sql<LatestRow[]>`
    select device_id, metric_id, (extract(epoch from ts) * 1000000)::bigint::text as us, number, text from (
      select device_id, metric_id, ts, value as number, null::text as text from (${newest(sql, 'readings', devices)}) numbers
      union all
      select device_id, metric_id, ts, null::float8, value from (${newest(sql, 'text_readings', devices)}) texts
    ) newest`;
  return rows.map((row) => ({ device: row.device_id, metric: row.metric_id, tsMs: Number(row.us) / 1000, value: row.number ?? row.text! }));
}

/** Reads all of the devices once: compressed rows hold many readings, and each hop would go through every chunk. */
function byPass(sql: Sql, table: string, devices: readonly number[]) {
  return sql`
    select distinct on (device_id, metric_id) device_id, metric_id, ts, value from ${sql(table)}
    where device_id = any(${devices}::int[]) order by device_id, metric_id, ts desc limit ${LATEST_METRICS_MAX * devices.length}`;
}

/** Hops through the index from metric to metric, so the cost is that of the metrics, not of the rows. */
function byHops(sql: Sql, table: string, devices: readonly number[]) {
  return sql`
    with recursive series as (
      select device.id as device_id, first.metric_id from unnest(${devices}::int[]) device (id)
      cross join lateral (select metric_id from ${sql(table)} where device_id = device.id order by metric_id limit 1) first
      union all
      select series.device_id, next.metric_id from series
      cross join lateral (
        select metric_id from ${sql(table)} where device_id = series.device_id and metric_id > series.metric_id order by metric_id limit 1
      ) next
    )
    select series.device_id, series.metric_id, newest.ts, newest.value
    from (select device_id, metric_id from series limit ${LATEST_METRICS_MAX * devices.length}) series
    cross join lateral (
      select ts, value from ${sql(table)} where device_id = series.device_id and metric_id = series.metric_id order by ts desc limit 1
    ) newest`;
}
