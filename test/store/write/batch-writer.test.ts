import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import postgres, { type Sql } from 'postgres';
import { loadOffsets, takeOffsets } from '../../../src/store/offsets.js';
import { BatchWriter, FencedError } from '../../../src/store/write/batch-writer.js';
import { STORE_APPLICATION } from '../../../src/store/write/session.js';
import { readingsTables, type StoreDatabase, storeDatabases } from '../../support/database.js';
import { layBatch, repeatReadings, sharedMemory } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

const GROUP = 'test';
const now = new Date();

for (const [name, start] of storeDatabases)
  describe(`batch writer, ${name}`, () => {
    let database: StoreDatabase;
    let sql: Sql;
    let writer: BatchWriter;
    const memory = sharedMemory(64 * 1024 * 1024);

    before(async () => {
      database = await start();
      sql = database.sql;
    });
    after(async () => {
      await writer.close();
      await database.stop();
    });
    beforeEach(async () => {
      await writer?.close();
      writer = new BatchWriter(database.url, GROUP, '');
      await sql`truncate ${sql(await readingsTables(sql))}, text_readings, dead_letters, pipeline_offsets`;
      await loadOffsets(sql, GROUP, 2);
    });

    async function count(table: string): Promise<number> {
      const [row] = await sql`select count(*)::int as rows from ${sql(table)}`;
      return row?.rows;
    }

    /** Whether a statement of this text waits for a lock. */
    const isWaiting = async (text: string) =>
      (await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ilike ${text}`)
        .length > 0;

    test('rows of all three streams and the offset arrive together', async () => {
      const payload = Buffer.from('{not json');
      const batch = layBatch(memory, 1, 0n, 500n, {
        readings: [
          [1, 2, now, 21.5],
          [1, 3, now, -0],
        ],
        texts: [[1, 4, now, 'grün']],
        deads: [[1, 64n, 1, now, 'json_malformed', payload]],
      });
      await writer.write(batch, memory.buffer);
      assert.deepEqual(
        [...(await sql`select device_id, metric_id, ts, value from readings order by metric_id`)],
        [
          { device_id: 1, metric_id: 2, ts: now, value: 21.5 },
          { device_id: 1, metric_id: 3, ts: now, value: -0 },
        ],
      );
      assert.deepEqual([...(await sql`select value, ts from text_readings`)], [{ value: 'grün', ts: now }]);
      assert.deepEqual(
        [...(await sql`select partition_id, log_offset::int, device_id, received_at, reason, payload from dead_letters`)],
        [{ partition_id: 1, log_offset: 64, device_id: 1, received_at: now, reason: 'json_malformed', payload }],
      );
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 500n]);
    });

    test('rows of the parts of a batch are stored with it, once, and a row that is refused is one letter', async () => {
      const payload = Buffer.from('{not json');
      const shared = sharedMemory();
      const part = layBatch(shared, 1, 0n, 500n, {
        readings: [[1, 2, now, 1]],
        texts: [
          [1, 4, now, 'a'],
          [1, 5, now, 'bad'],
        ],
        deads: [[1, 64n, 1, now, 'json_malformed', payload]],
      });
      const own = layBatch(memory, 1, 0n, 500n, { readings: [[1, 3, now, 2]], texts: [[1, 6, now, 'b']] });
      const batch = { ...own, parts: [{ ...part, memory: shared.buffer as SharedArrayBuffer }] };
      await sql`alter table text_readings add constraint fine check (value <> 'bad')`;
      assert.equal((await writer.write(batch, memory.buffer)).rows, 1);
      await sql`alter table text_readings drop constraint fine`;
      await writer.write(batch, memory.buffer);
      assert.deepEqual(
        (await sql`select metric_id, value::text from readings union all select metric_id, value from text_readings order by 1`).map(
          (row) => Object.values(row),
        ),
        [
          [2, '1'],
          [3, '2'],
          [4, 'a'],
          [6, 'b'],
        ],
      );
      assert.equal(await count('dead_letters'), 2);
    });

    test('a batch that comes again is not doubled', async () => {
      const batch = layBatch(memory, 0, 0n, 500n, { readings: [[1, 2, now, 21.5]] });
      await writer.write(batch, memory.buffer);
      await writer.write(batch, memory.buffer);
      assert.equal(await count('readings'), 1);
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [500n, 0n]);
    });

    test('whoever takes a partition is the only one that commits it, from where it stands', async () => {
      await writer.write(layBatch(memory, 1, 0n, 500n, { readings: [[1, 2, now, 1]] }), memory.buffer);
      assert.deepEqual(await takeOffsets(sql, GROUP, 'new', [1, 0]), [
        { committed: 500n, announced: undefined },
        { committed: 0n, announced: undefined },
      ]);
      const next = layBatch(memory, 1, 500n, 600n, { readings: [[1, 2, now, 2]] });
      await assert.rejects(writer.write(next, memory.buffer), /the database has it at 500, held by another process/);
      const owner = new BatchWriter(database.url, GROUP, 'new');
      await owner.write(next, memory.buffer);
      await owner.close();
      assert.equal(await count('readings'), 2);
      await assert.rejects(takeOffsets(sql, GROUP, 'new', [2]), /cannot take partition 2 of .*: the database does not know it/);
    });

    test('a batch that was announced is known to the next owner until it is committed, and only an owner announces', async () => {
      const batch = layBatch(memory, 0, 0n, 500n, { readings: [[1, 2, now, 1]] });
      assert.equal(await writer.announce(batch), true);
      const [taken] = await takeOffsets(sql, GROUP, 'new', [0]);
      assert.deepEqual(taken, { committed: 0n, announced: 500n });
      await assert.rejects(writer.announce(batch), /the database has it at 0, held by another process/);
      const owner = new BatchWriter(database.url, GROUP, 'new');
      assert.equal(await owner.announce(batch), true);
      await owner.write(batch, memory.buffer);
      assert.equal(await owner.announce(batch), false, 'it is committed');
      await owner.close();
      assert.deepEqual(await takeOffsets(sql, GROUP, 'new', [0]), [{ committed: 500n, announced: undefined }]);
    });

    test('a transaction that its owner leaves open is ended by the next owner, and only where it holds what is taken', async () => {
      const holder = postgres(database.url, { max: 2, connection: { application_name: STORE_APPLICATION } });
      try {
        const [taken, other] = [await holder.reserve(), await holder.reserve()];
        for (const [partition, open] of [taken, other].entries()) {
          await open`begin`;
          await open`update pipeline_offsets set committed_offset = 900 where consumer_group = ${GROUP} and partition_id = ${partition}`;
        }
        assert.deepEqual(await takeOffsets(sql, GROUP, 'new', [0], 100), [{ committed: 0n, announced: undefined }]);
        await other`commit`;
        assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 900n]);
      } finally {
        await holder.end({ timeout: 1 });
      }
    });

    test('another writer at the same partition is fenced off, and nothing of its batch is kept', async () => {
      await writer.write(layBatch(memory, 0, 0n, 500n, { readings: [[1, 2, now, 1]] }), memory.buffer);
      const stale = layBatch(memory, 0, 100n, 600n, { readings: [[1, 2, now, 2]] });
      await assert.rejects(writer.write(stale, memory.buffer), FencedError);
      assert.equal(await count('readings'), 1);
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [500n, 0n]);
    });

    test('a connection killed in the middle of a COPY leaves nothing, and the batch goes in once afterwards', async () => {
      const rows = Array.from({ length: 1000 }, (_, index) => [index, 1, now, index] as const);
      const batch = repeatReadings(memory, layBatch(memory, 0, 0n, 1000n, { readings: rows }), 300);
      const first = writer.write(batch, memory.buffer);
      const failed = assert.rejects(first);
      // A hypertable's COPY does not tell its progress, so time stands for the rows that were taken.
      const kill = () => sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
      and state = 'active' and query like '%copy readings%' and application_name = 'spillway-store'
      and clock_timestamp() > query_start + interval '10 ms'`;
      await until('the COPY to be killed', async () => (await kill()).length > 0);
      await failed;
      assert.equal(await count('readings'), 0);
      await writer.write(batch, memory.buffer);
      await writer.write(batch, memory.buffer);
      assert.equal(await count('readings'), batch.readings.rows);
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [1000n, 0n]);
    });

    test('a failure after the last row that no row has caused is thrown with its SQLSTATE, and nothing is stored', async () => {
      await sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '53100'; end $$`;
      await sql`create trigger refuse after insert on text_readings for each statement execute function refuse()`;
      const late = layBatch(memory, 0, 0n, 10n, { readings: [[1, 1, now, 1]], texts: [[1, 1, now, 'late']] });
      try {
        await assert.rejects(writer.write(late, memory.buffer), { code: '53100' });
        await assert.rejects(writer.write(late, memory.buffer), { code: '53100' });
      } finally {
        await sql`drop trigger refuse on text_readings`;
        await sql`drop function refuse`;
      }
      assert.equal(await count('readings'), 0);
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 0n]);
      await writer.write(late, memory.buffer);
      assert.deepEqual([await count('readings'), await count('text_readings')], [1, 1]);
    });

    test('a stream that is cut short is refused as a whole', async () => {
      const batch = layBatch(memory, 0, 0n, 10n, { readings: [[1, 1, now, 1]] });
      const cut = { ...batch, readings: { ...batch.readings, bytes: batch.readings.bytes - 7 } };
      await assert.rejects(writer.write(cut, memory.buffer), { code: '22P04' });
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 0n]);
    });

    test('offsets are read at once, and taken only after a transaction in flight has ended', async () => {
      const flying = await sql.reserve();
      await flying`begin`;
      await flying`update pipeline_offsets set committed_offset = 77 where consumer_group = ${GROUP} and partition_id = 0`;
      assert.deepEqual(await loadOffsets(sql, GROUP, 2), [0n, 0n]);
      const taking = takeOffsets(sql, GROUP, 'new', [0]);
      await until('the next owner to wait for the row', () => isWaiting('%pipeline_offsets%'));
      await flying`commit`;
      flying.release();
      assert.deepEqual(await taking, [{ committed: 77n, announced: undefined }]);
    });

    test('offsets of another number of partitions are refused by the key', async () => {
      await assert.rejects(
        loadOffsets(sql, GROUP, 1),
        /cannot load the offsets of test: the database has 2 partitions, SPILLWAY_PARTITIONS says 1/,
      );
    });

    /** What every connection made from now on is set to. */
    async function setForAll(setting: string, value: string | undefined): Promise<void> {
      const [row] = await sql`select current_database() as name`;
      await sql.unsafe(`alter database ${row?.name} ${value === undefined ? `reset ${setting}` : `set ${setting} = ${value}`}`);
    }

    test('a server that became read-only is reported with its SQLSTATE, and the batch is stored once afterwards', async () => {
      const batch = layBatch(memory, 0, 0n, 10n, { readings: [[1, 1, now, 1]] });
      await setForAll('default_transaction_read_only', 'on');
      await assert.rejects(writer.write(batch, memory.buffer), { code: '25006' });
      await sql`set default_transaction_read_only = off`;
      await sql.begin('read write', async (tx) => {
        const [row] = await tx`select current_database() as name`;
        await tx.unsafe(`alter database ${row?.name} reset default_transaction_read_only`);
      });
      await writer.write(batch, memory.buffer);
      assert.equal(await count('readings'), 1);
    });

    test('a statement that the server ends for its time is tried again, exactly once', async () => {
      const batch = layBatch(memory, 0, 0n, 10n, { readings: [[1, 1, now, 1]] });
      await setForAll('statement_timeout', '200');
      const holder = await sql.reserve();
      await holder`begin`;
      await holder`update pipeline_offsets set updated_at = now() where consumer_group = ${GROUP} and partition_id = 0`;
      await assert.rejects(writer.write(batch, memory.buffer), { code: '57014' });
      await holder`rollback`;
      holder.release();
      await setForAll('statement_timeout', undefined);
      await writer.write(batch, memory.buffer);
      assert.equal(await count('readings'), 1);
    });

    test('a batch that lost a deadlock is tried again, exactly once', async () => {
      const batch = layBatch(memory, 0, 0n, 10n, { readings: [[1, 1, now, 1]] });
      // Whoever looks first is the one that loses: the writer, but not before the other waits for it.
      const url = new URL(database.url);
      url.searchParams.set('deadlock_timeout', '3s');
      const patient = new BatchWriter(url.href, GROUP, '');
      const other = await sql.reserve();
      await other`begin`;
      await other`set local deadlock_timeout = '60s'`;
      await other`lock table readings in access exclusive mode`;
      const lost = assert.rejects(patient.write(batch, memory.buffer), { code: '40P01' });
      await until('the COPY to wait', () => isWaiting('%copy%'));
      await other`update pipeline_offsets set updated_at = now() where consumer_group = ${GROUP} and partition_id = 0`;
      await lost;
      await other`rollback`;
      other.release();
      await patient.write(batch, memory.buffer);
      await patient.write(batch, memory.buffer);
      await patient.close();
      assert.equal(await count('readings'), 1);
    });
  });
