import type { Sql } from 'postgres';
import type { Database } from '../../contract/database.js';
import { type DeadLettersQuery, queryDeadLetters } from './dead-letters.js';
import { queryRange, type RangeQuery, type SeriesRange } from './range.js';

export interface StoredLatest {
  readonly metric: number;
  readonly tsMs: number;
  readonly value: number | string;
}

/** Metrics of one device that the latest values are read of. */
const LATEST_METRICS_MAX = 8192;

interface LatestRow {
  readonly metric_id: number;
  /** Microseconds since 1970. */
  readonly us: string;
  readonly value: number | string;
}

/** What is asked of the stored rows. */
export class Queries {
  readonly #database: Database;
  #hypertables: Promise<boolean> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  range(query: RangeQuery): Promise<SeriesRange> {
    return this.#database.run((sql) => queryRange(sql, query));
  }

  deadLetters(query: DeadLettersQuery): ReturnType<typeof queryDeadLetters> {
    return this.#database.run((sql) => queryDeadLetters(sql, query));
  }

  /** The latest stored value of each metric of a device, strings included. */
  async latest(device: number): Promise<StoredLatest[]> {
    const [numbers, texts] = await Promise.all([this.#latestIn('readings', device), this.#latestIn('text_readings', device)]);
    return [...numbers, ...texts];
  }

  async #latestIn(table: 'readings' | 'text_readings', device: number): Promise<StoredLatest[]> {
    this.#hypertables ??= this.#findHypertables();
    const rows = (await this.#hypertables) ? await this.#latestByPass(table, device) : await this.#latestByHops(table, device);
    return rows.map((row) => ({ metric: row.metric_id, tsMs: Number(row.us) / 1000, value: row.value }));
  }

  /** A table of partitions is not a hypertable, and it stays what it was made as. */
  async #findHypertables(): Promise<boolean> {
    try {
      const [row] = await this.#database.run(
        (sql) => sql`select relkind = 'r' as hypertable from pg_class where oid = to_regclass('readings')`,
      );
      return row?.hypertable ?? false;
    } catch (error) {
      this.#hypertables = undefined;
      throw error;
    }
  }

  /** Reads all of the device once: compressed rows hold many readings, and each hop would go through every chunk. */
  #latestByPass(table: string, device: number): Promise<LatestRow[]> {
    return this.#database.run(
      (sql) => sql<LatestRow[]>`
        select distinct on (metric_id) metric_id, ${epochUs(sql)} as us, value from ${sql(table)}
        where device_id = ${device} order by metric_id, ts desc limit ${LATEST_METRICS_MAX}`,
    );
  }

  /** Hops through the index from metric to metric, so the cost is that of the metrics, not of the rows. */
  #latestByHops(table: string, device: number): Promise<LatestRow[]> {
    return this.#database.run(
      (sql) => sql<LatestRow[]>`
      with recursive metric as (
        (select metric_id from ${sql(table)} where device_id = ${device} order by metric_id limit 1)
        union all
        select (select metric_id from ${sql(table)} where device_id = ${device} and metric_id > metric.metric_id order by metric_id limit 1)
        from metric where metric.metric_id is not null
      )
      select metric.metric_id, newest.us, newest.value from (select metric_id from metric limit ${LATEST_METRICS_MAX}) metric
      cross join lateral (
        select ${epochUs(sql)} as us, value from ${sql(table)} where device_id = ${device} and metric_id = metric.metric_id order by ts desc limit 1
      ) newest`,
    );
  }
}

/** A Date would cut the microseconds off, by which readings are told apart. */
function epochUs(sql: Sql) {
  return sql`(extract(epoch from ts) * 1000000)::bigint::text`;
}
