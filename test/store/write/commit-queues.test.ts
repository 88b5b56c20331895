import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import postgres from 'postgres';
import { loadOffsets } from '../../../src/store/offsets.js';
import { openDialect } from '../../../src/store/schema/detect.js';
import { BatchWriter } from '../../../src/store/write/batch-writer.js';
import { type StoreDatabase, storeDatabases } from '../../support/database.js';
import { layBatch, sharedMemory } from '../../support/row-batch.js';

const GROUP = 'commit-queues';
const PARTITIONS = 4;
const BATCHES = 4;
const ROWS = 6000;
const HOUR_MS = 3_600_000;
const thisHourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

/** A partition's rows, in the order of the table: each batch brings all devices, over three hours, the newest of them new. */
function rowsOf(partition: number, batch: number): [device: number, metric: number, ts: Date, value: number][] {
  return Array.from({ length: ROWS }, (_, index) => [
    index * PARTITIONS + partition,
    1,
    new Date(thisHourMs - (BATCHES - batch + (index % 3)) * HOUR_MS),
    batch,
  ]);
}

for (const [name, start] of storeDatabases) {
  describe(`commit queues side by side, ${name}`, () => {
    let database: StoreDatabase;
    before(async () => {
      database = await start();
      await loadOffsets(database.sql, GROUP, PARTITIONS);
    });
    after(() => database.stop());

    test('write the same new chunks while maintenance runs, wait for nobody for ever, and store every row once', async () => {
      let writing = true;
      const maintained = maintainWhile(() => writing);
      try {
        await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => writeAll(partition)));
      } finally {
        writing = false;
      }
      assert.deepEqual(
        (await maintained).filter(({ level }) => level !== 'info'),
        [],
      );
      const [found] =
        await database.sql`select count(*)::int as rows, count(distinct device_id)::int as devices, sum(value)::int as sum from readings`;
      const sum = PARTITIONS * ROWS * ((BATCHES * (BATCHES - 1)) / 2);
      assert.deepEqual({ ...found }, { rows: PARTITIONS * BATCHES * ROWS, devices: PARTITIONS * ROWS, sum });
      assert.deepEqual(await loadOffsets(database.sql, GROUP, PARTITIONS), Array(PARTITIONS).fill(BigInt(BATCHES)));
    });

    async function writeAll(partition: number): Promise<void> {
      const memory = sharedMemory();
      const writer = new BatchWriter(database.url, GROUP, '');
      try {
        for (let batch = 0; batch < BATCHES; batch++) {
          const rows = rowsOf(partition, batch);
          const laid = layBatch(memory, partition, BigInt(batch), BigInt(batch + 1), { readings: rows });
          await writer.write({ ...laid, sorted: true }, memory.buffer);
        }
      } finally {
        await writer.close();
      }
    }

    async function maintainWhile(writing: () => boolean) {
      const sql = postgres(database.url, { max: 1, onnotice: () => {} });
      try {
        const dialect = await openDialect(sql);
        const events = [];
        while (writing()) {
          events.push(...(await dialect.maintain(sql, new Date())).events);
          // A dialect with nothing to do answers at once, and the writers are to have their turn.
          await nextTurn();
        }
        return events;
      } finally {
        await sql.end({ timeout: 1 });
      }
    }
  });
}
