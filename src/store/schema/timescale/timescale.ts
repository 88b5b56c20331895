import type { ReservedSql } from 'postgres';
import { type Capabilities, type Choice, olderThan } from '../capabilities.js';
import type { Dialect } from '../dialect.js';
import { CompressionLook } from './compression-look.js';
import { recompressNext } from './recompression.js';

/**
 * Batches below this stay rows: each compressed row has a cost of its own, in room and when it is read,
 * and an appliance with little to do would make one of a few readings, many times a second.
 */
export const DIRECT_ROWS_MIN = 5000;

/**
 * Rows must be in the order of the chunk within each compressed row: the bounds kept beside it are its first
 * and last. Sorted batches are, so the server need not sort. It must not be told so by `…_client_sorted`
 * though: that vows the order of all batches of a chunk together, and an ordered query would then string the
 * compressed rows of overlapping batches one after the other. Without it the chunk counts as unordered until
 * it is recompressed, and queries sort.
 */
const DIRECT = {
  off: 'set local timescaledb.enable_direct_compress_copy = off',
  unsorted: 'set local timescaledb.enable_direct_compress_copy = on',
  sorted: 'set local timescaledb.enable_direct_compress_copy = on; set local timescaledb.enable_direct_compress_copy_sort_batches = off',
} as const;

/**
 * The filter over (device_id, metric_id, ts) that the b-tree would bring along answers only for one exact instant
 * of one series. A chunk has it or not from its first compressed rows on.
 */
const NO_BLOOM = '; set local timescaledb.enable_sparse_index_bloom = off';

/** Before it, recompressing a chunk that also holds rows could leave batches that overlap, marked as if they did not. */
const RECOMPRESS_VERSION_MIN = '2.26';

const COPY = {
  readings: 'copy readings (device_id, metric_id, ts, value) from stdin (format binary)',
  texts: 'copy text_readings (device_id, metric_id, ts, value) from stdin (format binary)',
} as const;

/**
 * Readings on TimescaleDB: hypertables by time, compressed by column, a thousand rows in one compressed row.
 *
 *   readings       | chunks of an hour | large batches compressed as they are copied, small ones rows with an index
 *   text_readings  | chunks of a day   | rows with an index
 *
 * Once a chunk's time is over it is compressed anew as a whole: see recompression.ts. A unique index, a primary
 * key or a trigger on readings would switch direct compression off, with a mere warning: exactly-once comes from
 * pipeline_offsets. Nothing is segmented by device: with many devices that would make a compressed row for each
 * device of each batch. The order does the same for queries by device: the bounds of each column are kept beside
 * every compressed row, with an index over them.
 */
export function timescaleDialect(found: Capabilities, choice: Choice & { dialect: 'timescale' }): Dialect {
  const { installed, available, license, bloom } = found.timescale;
  const compression = new CompressionLook();
  return {
    name: 'timescale',
    facts: {
      dialect: 'timescale',
      postgres: found.postgres,
      timescaledb: installed ?? available ?? '',
      license: license ?? '',
      directCompress: choice.directCompress,
      why: choice.why,
    },
    prepare: async () => [],
    maintain: (sql, now) => recompressNext(sql, now, installed !== undefined && !olderThan(installed, RECOMPRESS_VERSION_MIN)),
    makeRoom: makeChunks,
    committed: (sql) => compression.look(sql),
    copyStatement(table, batch) {
      if (!choice.directCompress) return COPY[table];
      const direct = table === 'readings' && batch.readings.rows >= DIRECT_ROWS_MIN;
      if (direct) compression.expect();
      const mode = !direct ? 'off' : batch.sorted ? 'sorted' : 'unsorted';
      const lean = direct && bloom ? NO_BLOOM : '';
      return `${DIRECT[mode]}${lean}; ${COPY[table]}`;
    },
  };
}

/** More than these are no rows of a live system: their chunks are made by the first row that is stored. */
const CHUNKS_MAX = 48;

async function makeChunks(sql: ReservedSql, table: 'readings' | 'texts', hoursUs: readonly bigint[]): Promise<void> {
  const name = table === 'texts' ? 'text_readings' : table;
  const hours = hoursUs.slice(-CHUNKS_MAX).map(String);
  await sql.unsafe('savepoint room');
  try {
    await sql`
      select _timescaledb_functions.create_chunk(${name}::text::regclass,
        jsonb_build_object('ts', jsonb_build_array(chunk * width, (chunk + 1) * width)))
      from (select distinct width, floor(hour::numeric / width)::bigint as chunk from json_array_elements_text(${JSON.stringify(hours)}::text::json) hour,
        (select (extract(epoch from time_interval) * 1000000)::bigint as width from timescaledb_information.dimensions
          where hypertable_schema = current_schema and hypertable_name = ${name} and column_name = 'ts') dimension) chunks`;
    await sql.unsafe('release savepoint room');
  } catch (error) {
    // A function of the extension's own, which another version may not have, or this user may not call.
    if ((error as { severity?: unknown }).severity === undefined) throw error;
    await sql.unsafe('rollback to savepoint room; release savepoint room');
  }
}
