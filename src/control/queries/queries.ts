import type { Database } from '../../contract/database.js';
import { type DeadLettersQuery, queryDeadLetters } from '../letters/dead-letters.js';
import { LatestCache } from './latest-cache.js';
import { queryRange, type RangeQuery, type SeriesRange } from './range.js';
import { queryLatest, type StoredLatest } from './stored-latest.js';

/** What is asked of the stored rows. */
export class Queries {
  readonly #database: Database;
  readonly #latest = new LatestCache({ read: (devices) => this.#readLatest(devices) });
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

  /** The latest stored values of devices, as LatestCache has them. */
  latest(devices: readonly number[], stale: ReadonlySet<number> = new Set()): Promise<StoredLatest[]> {
    return this.#latest.of(devices, stale);
  }

  async #readLatest(devices: readonly number[]): Promise<StoredLatest[]> {
    this.#hypertables ??= this.#findHypertables();
    const areHypertables = await this.#hypertables;
    return this.#database.run((sql) => queryLatest(sql, devices, areHypertables));
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
}
