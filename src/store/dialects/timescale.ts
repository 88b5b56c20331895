import type { TransactionSql } from 'postgres';
import type { Capabilities, Choice } from './capabilities.js';
import type { Dialect } from './dialect.js';
import { recompressNext } from './recompression.js';

/**
 * Readings on TimescaleDB: hypertables by time. The COPY of a batch is compressed as it comes, so a
 * chunk never holds rows: it holds compressed ones, a thousand each, in runs that are sorted as the batch was.
 *
 *   readings       | chunks of an hour | compressed as rows come, recompressed once the hour is over
 *   text_readings  | chunks of a day   | rows with an index, compressed once the day is over
 *
 * A unique index, a primary key or a trigger on readings would switch direct compression off without an
 * error: exactly-once comes from pipeline_offsets. Nothing is segmented by device: with many devices that
 * makes one compressed row a device and batch. The order does the same for queries by device: min and max
 * of each column are kept beside every compressed row and indexed.
 */
const CREATE = `
  create table readings (device_id int not null, metric_id int not null, ts timestamptz not null, value float8 not null);
  create table text_readings (device_id int not null, metric_id int not null, ts timestamptz not null, value text not null);
  select create_hypertable('readings', by_range('ts', interval '1 hour'), create_default_indexes => false);
  select create_hypertable('text_readings', by_range('ts', interval '1 day'), create_default_indexes => false);
  create index on text_readings (device_id, metric_id, ts desc);
  alter table readings set (timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'device_id, metric_id, ts');
  alter table text_readings set (timescaledb.compress, timescaledb.compress_segmentby = '', timescaledb.compress_orderby = 'device_id, metric_id, ts');
`;

/** What text_readings keeps as rows must not be touched by the setting of the COPY before it. */
const DIRECT = {
  off: 'set local timescaledb.enable_direct_compress_copy = off',
  on: 'set local timescaledb.enable_direct_compress_copy = on; set local timescaledb.enable_direct_compress_copy_client_sorted = off',
  sorted: 'set local timescaledb.enable_direct_compress_copy = on; set local timescaledb.enable_direct_compress_copy_client_sorted = on',
} as const;

const COPY = {
  readings: 'copy readings (device_id, metric_id, ts, value) from stdin (format binary)',
  texts: 'copy text_readings (device_id, metric_id, ts, value) from stdin (format binary)',
} as const;

export function timescaleDialect(found: Capabilities, choice: Choice & { dialect: 'timescale' }): Dialect {
  const { installed, available, license } = found.timescale;
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
    createTables: async (sql: TransactionSql) => void (await sql.unsafe(CREATE)),
    addSegments: async () => {},
    prepare: async () => [],
    maintain: recompressNext,
    settings: () => '',
    copyStatement(table, batch) {
      if (!choice.directCompress) return COPY[table];
      const mode = table === 'texts' ? 'off' : batch.sorted ? 'sorted' : 'on';
      return `${DIRECT[mode]}; ${COPY[table]}`;
    },
  };
}
