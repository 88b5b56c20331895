import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ReservedSql, Sql } from 'postgres';
import { openDialect } from '../../../src/store/schema/detect.js';
import type { Dialect, DialectEvent } from '../../../src/store/schema/dialect.js';
import { migrate } from '../../../src/store/schema/migrate.js';
import { DIRECT_ROWS_MIN } from '../../../src/store/schema/timescale/timescale.js';
import { Random } from '../../support/random.js';
import { copyToBoth, differences, makeTwin, randomRows, sortRows } from '../../support/readings-twin.js';
import { type TimescaleDatabase, timescaleServers } from '../../support/timescale.js';

const HOUR_MS = 3_600_000;
/** The middle of an hour, so that the rows of the last half an hour lie in one chunk. */
const nowMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + HOUR_MS / 2 + 240_000;

/** Compressed rows of readings, and rows that are not. */
async function forms(sql: Sql): Promise<{ compressed: number; rows: number }> {
  const chunks = await sql`
    select format('%I.%I', chunk.schema_name, chunk.table_name) as chunk, format('%I.%I', packed.schema_name, packed.table_name) as packed
    from _timescaledb_catalog.chunk join _timescaledb_catalog.chunk packed on packed.id = chunk.compressed_chunk_id
    join _timescaledb_catalog.hypertable on hypertable.id = chunk.hypertable_id where hypertable.table_name = 'readings'`;
  let [compressed, rows] = [0, 0];
  for (const { chunk, packed } of chunks) {
    const [count] = await sql.unsafe(
      `select (select count(*)::int from ${packed}) as compressed, (select count(*)::int from only ${chunk}) as rows`,
    );
    compressed += count?.compressed;
    rows += count?.rows;
  }
  return { compressed, rows };
}

/** Columns of compressed rows that hold a Bloom filter. */
async function bloomColumns(sql: Sql): Promise<string[]> {
  const columns = await sql`
    select attname from pg_attribute join pg_class on pg_class.oid = attrelid where relname like 'compress_hyper_%' and attname like '%bloom%'`;
  return columns.map(({ attname }) => attname);
}

/** The setting that the dialect must not use. */
function vow(): string {
  const settings = ['enable_direct_compress_copy', 'enable_direct_compress_copy_client_sorted'];
  return `${settings.map((setting) => `set local timescaledb.${setting} = on; `).join('')}copy readings from stdin (format binary)`;
}

for (const [name, start] of timescaleServers) {
  describe(`timescale dialect, ${name}`, () => {
    const random = new Random();
    let database: TimescaleDatabase;
    let sql: Sql;
    let dialect: Dialect;

    before(async () => {
      database = await start();
      sql = database.sql;
      await migrate(sql);
      await makeTwin(sql);
      dialect = await openDialect(sql);
    });
    after(() => database.stop());

    /** As the job would once the hours are over. */
    async function recompressAll(): Promise<{ events: DialectEvent[]; chunks: number }> {
      const events: DialectEvent[] = [];
      for (let next = true; next; ) {
        const done = await dialect.maintain(sql, new Date(nowMs + 48 * HOUR_MS));
        events.push(...done.events);
        next = done.againMs !== undefined;
      }
      return { events, chunks: events.filter(({ name }) => name === 'store-chunk-recompressed').length };
    }

    test('an empty database becomes hypertables, and is found as such again', async () => {
      assert.equal(dialect.name, 'timescale');
      assert.deepEqual([dialect.facts.directCompress, dialect.facts.why], [true, 'readings is a hypertable']);
      assert.equal(await migrate(sql), 0);
      const tables = await sql`select hypertable_name as name, compression_enabled from timescaledb_information.hypertables order by 1`;
      assert.deepEqual(
        tables.map((row) => ({ ...row })),
        [
          { name: 'readings', compression_enabled: true },
          { name: 'text_readings', compression_enabled: true },
        ],
      );
      const strict = await sql`select indexdef from pg_indexes where tablename like '%readings' and indexdef ilike '%unique%'`;
      assert.equal(strict.length, 0);
      const jobs = await sql`select job_id from timescaledb_information.jobs where hypertable_name is not null`;
      assert.equal(jobs.length, 0, 'no policy of the extension works beside our own recompression');
    });

    test('a large batch lands compressed, a small one as rows', async () => {
      const rows = Array.from({ length: DIRECT_ROWS_MIN }, (_, index) => [index, 1, nowMs, index] as const);
      await copyToBoth(database, dialect, rows, true);
      const large = await forms(sql);
      assert.equal(large.rows, 0);
      assert.deepEqual(await bloomColumns(sql), [], 'no filter is kept that no query of ours could use');
      assert.ok(large.compressed >= rows.length / 1000 && large.compressed <= rows.length / 500, String(large.compressed));
      await copyToBoth(database, dialect, rows.slice(1), true);
      assert.deepEqual(await forms(sql), { compressed: large.compressed, rows: rows.length - 1 });
      await sql`truncate readings, twin.readings`;
    });

    test(`sorted batches answer as rows do, also when they overlap (SEED=${random.seed})`, async () => {
      for (const size of [DIRECT_ROWS_MIN, 1, 6000, 700, DIRECT_ROWS_MIN]) {
        const rows = randomRows(random, size, nowMs);
        await copyToBoth(database, dialect, sortRows(rows), true);
        if (random.chance(0.3)) await copyToBoth(database, dialect, rows, false);
      }
      assert.ok((await forms(sql)).compressed > 10);
      for (let round = 0; round < 2; round++) assert.deepEqual(await differences(sql, random, nowMs), []);
    });

    test(`recompressed chunks answer the same, with fewer compressed rows, and take late rows (SEED=${random.seed})`, async () => {
      const before = await forms(sql);
      const { events, chunks } = await recompressAll();
      const after = await forms(sql);
      assert.ok(chunks > 1);
      assert.deepEqual(
        events.filter(({ level }) => level !== 'info'),
        [],
      );
      assert.equal(after.rows, 0);
      assert.ok(after.compressed < before.compressed, `${before.compressed} -> ${after.compressed}`);
      for (let round = 0; round < 2; round++) assert.deepEqual(await differences(sql, random, nowMs), []);

      for (const rows of [300, DIRECT_ROWS_MIN]) {
        await copyToBoth(database, dialect, sortRows(randomRows(random, rows, nowMs - HOUR_MS)), true);
        assert.deepEqual(await differences(sql, random, nowMs), []);
      }
      assert.ok((await recompressAll()).chunks > 0);
      assert.equal((await recompressAll()).chunks, 0);
      for (let round = 0; round < 2; round++) assert.deepEqual(await differences(sql, random, nowMs), []);
    });

    test('chunks that come out uncompressed are found after the batch, with an event for each change', async () => {
      await sql`truncate readings, twin.readings`;
      // In process there is one connection, which must stay free for the statements between.
      const reserved = sql as unknown as ReservedSql;
      const large = () => sortRows(Array.from({ length: DIRECT_ROWS_MIN }, (_, index) => [index % 20, 1, Date.now(), index] as const));
      const look = async () => (await (await openDialect(sql)).committed?.(reserved)) ?? [];
      try {
        const fine = await openDialect(sql);
        await copyToBoth(database, fine, large(), true);
        assert.deepEqual(await fine.committed?.(reserved), []);
        assert.deepEqual(await look(), [], 'no batch, no look');
        await sql`truncate readings, twin.readings`;
        await sql.unsafe('create function pass() returns trigger language plpgsql as $$ begin return new; end $$');
        await sql.unsafe('create trigger pass before insert on readings for each row execute function pass()');
        const off = await openDialect(sql);
        await copyToBoth(database, off, large(), true);
        const [event] = (await off.committed?.(reserved)) ?? [];
        assert.deepEqual([event?.level, event?.name, event?.fields], ['warn', 'store-chunks-uncompressed', { chunks: 1, compressed: 0 }]);
        await copyToBoth(database, off, large(), true);
        assert.deepEqual(await off.committed?.(reserved), [], 'it is looked at now and then, not after each batch');
      } finally {
        await sql.unsafe('drop trigger if exists pass on readings; drop function if exists pass()');
        await sql`truncate readings, twin.readings`;
      }
    });

    test('without the extension its tables are refused, also where it is made again', async () => {
      const dropped = await start();
      try {
        await migrate(dropped.sql);
        await dropped.sql`drop extension timescaledb cascade`;
        await assert.rejects(openDialect(dropped.sql), /cannot use the table readings: it is neither partitioned nor a hypertable/);
        await assert.rejects(migrate(dropped.sql), /cannot use the table readings/);
      } finally {
        await dropped.stop();
      }
    });

    test('tables that were made without the extension stay as they are', async () => {
      const plain = await start();
      try {
        await plain.sql`create table readings (device_id int, metric_id int, ts timestamptz, value float8) partition by range (ts)`;
        const found = await openDialect(plain.sql);
        assert.equal(found.name, 'postgres');
        assert.match(String(found.facts.why), /^readings is partitioned; TimescaleDB \S+ is there, for a new database$/);
      } finally {
        await plain.stop();
      }
    });

    test('the comparison notices rows that are not in the order that was vowed', async () => {
      await sql`truncate readings, twin.readings`;
      const vowed = { ...dialect, copyStatement: vow } satisfies Dialect;
      for (let batch = 0; batch < 3; batch++) await copyToBoth(database, vowed, randomRows(random, 6000, nowMs), true);
      const wrong: string[] = [];
      for (let round = 0; round < 3; round++) wrong.push(...(await differences(sql, random, nowMs)));
      assert.ok(wrong.length > 0);
      await sql`truncate readings, twin.readings`;
    });
  });
}
