import type { ReservedSql } from 'postgres';
import type { DialectEvent } from '../dialect.js';

/** How often chunks are looked at while batches come that are to be compressed as they are copied. */
const LOOK_EVERY_MS = 60_000;

/**
 * Whether the server compresses rows as they are copied. It may not, and says so in no more than a warning: a unique index, a
 * trigger or, before TimescaleDB 2.24, a continuous aggregate on the table switches it off. Then readings take ten times the room.
 */
export class CompressionLook {
  readonly #nowMs: () => number;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isDue = false;
  #isOff = false;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** A batch goes to the server that is to be compressed. */
  expect(): void {
    this.#isDue = this.#nowMs() - this.#lookedMs >= LOOK_EVERY_MS;
  }

  /** Looks if it is due, after the batch was committed; a change is an event. */
  async look(sql: ReservedSql): Promise<readonly DialectEvent[]> {
    if (!this.#isDue) return [];
    this.#isDue = false;
    this.#lookedMs = this.#nowMs();
    const found = await this.#count(sql);
    // No chunk of the present: the rows are late, and older chunks may have been compressed since, by the maintenance.
    if (!found || found.chunks === 0 || (found.compressed === 0) === this.#isOff) return [];
    this.#isOff = found.compressed === 0;
    const fields = { chunks: found.chunks, compressed: found.compressed };
    return this.#isOff
      ? [{ level: 'warn', name: 'store-chunks-uncompressed', fields }]
      : [{ level: 'info', name: 'store-chunks-compressed', fields }];
  }

  /** Undefined: this version keeps its chunks otherwise. What has been committed must not fail for that. */
  async #count(sql: ReservedSql): Promise<{ chunks: number; compressed: number } | undefined> {
    try {
      const [found] = await sql<{ chunks: number; compressed: number }[]>`
        select count(*)::int as chunks, count(*) filter (where catalog.status & 1 = 1)::int as compressed
        from timescaledb_information.chunks info
        join _timescaledb_catalog.chunk catalog on catalog.schema_name = info.chunk_schema and catalog.table_name = info.chunk_name
        where format('%I.%I', info.hypertable_schema, info.hypertable_name)::regclass = 'readings'::regclass
          and info.range_end > now() - interval '15 minutes' and info.range_start <= now()`;
      return found;
    } catch (error) {
      if ((error as { severity?: unknown }).severity === undefined) throw error;
      return undefined;
    }
  }
}
