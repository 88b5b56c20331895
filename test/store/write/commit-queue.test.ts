import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FromStore } from '../../../src/contract/threads/store.js';
import { loadOffsets, takeOffsets } from '../../../src/store/offsets.js';
import { BatchWriter } from '../../../src/store/write/batch-writer.js';
import { CommitQueue } from '../../../src/store/write/commit-queue.js';
import { Health } from '../../../src/store/write/health.js';
import { TransactionGate } from '../../../src/store/write/transaction-gate.js';
import { openDatabase, type StoreDatabase } from '../../support/database.js';
import { layBatch, sharedMemory } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

const GROUP = 'commit-queue';
const now = new Date();

describe('commit queue', () => {
  let database: StoreDatabase;
  before(async () => {
    database = await openDatabase();
    await loadOffsets(database.sql, GROUP, 1);
  });
  /** Those that a test that failed did not end; they try for as long as they have a batch. */
  const queues: CommitQueue[] = [];
  after(async () => {
    await Promise.all([database.stop(), ...queues.map((queue) => queue.stop())]);
  });

  function start(memory: WebAssembly.Memory) {
    const posted: FromStore[] = [];
    const committed: bigint[] = [];
    const post = (message: FromStore) => void posted.push(message);
    const queue = new CommitQueue(
      {
        writer: new BatchWriter(database.url, GROUP, ''),
        memory: () => memory.buffer as SharedArrayBuffer,
        committed: (batch) => void committed.push(batch.to),
        post,
        health: new Health(post),
        gate: new TransactionGate(),
        wait: () => new Promise(setImmediate),
      },
      { lookEveryMs: 10, reportedMs: 100, abandonedMs: 300, abandonedMsMax: 1000 },
    );
    queues.push(queue);
    const events = () => posted.flatMap((message) => (message.kind === 'event' ? [message.name] : []));
    const health = () => posted.flatMap((message) => (message.kind === 'health' ? [message.database] : []));
    const fenced = () => posted.flatMap((message) => (message.kind === 'fenced' ? [message.message] : []));
    return { queue, committed, events, health, fenced };
  }

  test('a server that says nothing counts as down, its connection is given up, and the batch goes in once', async () => {
    const memory = sharedMemory();
    const { queue, committed, events, health } = start(memory);
    const holder = await database.sql.reserve();
    await holder`begin`;
    await holder`select from pipeline_offsets where consumer_group = ${GROUP} for update`;
    queue.push(layBatch(memory, 0, 0n, 10n, { readings: [[1, 1, now, 1]] }), 0);
    await until('the second connection to wait', () => events().filter((name) => name === 'store-silent').length === 2);
    assert.deepEqual(events().slice(0, 4), ['store-silent', 'store-connection-abandoned', 'store-failing', 'store-silent']);
    assert.deepEqual([health()[0], committed], ['down', []]);
    await holder`rollback`;
    holder.release();
    await until('the commit', () => committed.length === 1);
    queue.push(layBatch(memory, 0, 10n, 20n, { readings: [[1, 1, now, 2]] }), 0);
    await until('the next commit', () => committed.length === 2);
    await queue.stop();
    assert.deepEqual([events().at(-1), health().at(-1)], ['store-recovered', 'up']);
    const rows = await database.sql`select value::int from readings order by value`;
    assert.deepEqual(
      rows.map(({ value }) => value),
      [1, 2],
    );
  });

  test('once another process holds the partition nothing more is committed, and that is said once', async () => {
    const memory = sharedMemory();
    const { queue, committed, fenced } = start(memory);
    const [{ committed: at } = { committed: -1n }] = await takeOffsets(database.sql, GROUP, 'another', [0]);
    queue.push(layBatch(memory, 0, at, at + 10n, { readings: [[1, 1, now, 3]] }), 0);
    await until('it is fenced', () => fenced().length > 0);
    queue.push(layBatch(memory, 0, at + 10n, at + 20n, { readings: [[1, 1, now, 4]] }), 0);
    await queue.stop();
    assert.match(fenced()[0] ?? '', /^cannot commit partition 0 .* held by another process;/);
    assert.deepEqual([fenced().length, committed], [1, []]);
    assert.deepEqual(await loadOffsets(database.sql, GROUP, 1), [at]);
  });
});
