import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { FromStore, RowBatch, StoreStart } from '../../../src/contract/threads/store.js';
import { DOORBELLS, Doorbell, pipelineDoorbell } from '../../../src/host/doorbell.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { startEmbedded } from '../../../src/store/embedded/embedded.js';
import { loadOffsets } from '../../../src/store/offsets.js';
import { startTestDatabase, type TestDatabase } from '../../support/database.js';
import { layBatch, sharedMemory } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

const PARTITIONS = 2;
const now = new Date();

interface Store {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly messages: FromStore[];
  readonly committed: number[];
  readonly memories: WebAssembly.Memory[];
  readonly progress: Progress;
  readonly doorbell: Doorbell;
  stop(): Promise<void>;
}

/** What a test that failed did not end. */
const ends: (() => Promise<unknown>)[] = [];

function startStore(databaseUrl: string | null, consumerGroup: string): Store {
  const { port1, port2 } = new MessageChannel();
  const memories = Array.from({ length: PARTITIONS }, () => sharedMemory());
  const shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(PARTITIONS) };
  const own = { owner: '', publishes: false, isHeld: false };
  const workerData: StoreStart = { databaseUrl, consumerGroup, ...own, pipelines: [port2], memories, shared };
  const worker = new Worker(new URL('../../../src/store/write/thread.js', import.meta.url), { workerData, transferList: [port2] });
  const messages: FromStore[] = [];
  const committed: number[] = [];
  worker.on('message', (message: FromStore) => messages.push(message));
  port1.on('message', (message: { slot: number }) => committed.push(message.slot));
  const stop = async () => {
    worker.postMessage({ kind: 'stop' });
    await once(worker, 'exit');
    port1.close();
  };
  ends.push(() => {
    port1.close();
    return worker.terminate();
  });
  const doorbell = new Doorbell(shared.doorbells, pipelineDoorbell(0));
  return { worker, port: port1, messages, committed, memories, progress: new Progress(shared.progress), doorbell, stop };
}

function send(store: Store, partition: number, slot: number, from: bigint, to: bigint): RowBatch {
  const memory = store.memories[partition] as WebAssembly.Memory;
  const batch = { ...layBatch(memory, partition, from, to, { readings: [[partition, slot, now, Number(from)]] }), slot };
  store.port.postMessage(batch);
  return batch;
}

function named(store: Store, name: string): FromStore[] {
  return store.messages.filter((message) => message.kind === 'event' && message.name === name);
}

describe('store thread', () => {
  let database: TestDatabase;
  before(async () => {
    database = await startTestDatabase();
  });
  after(async () => {
    await Promise.all(ends.map((end) => end()));
    await database.stop();
  });

  test('commits, says so, and has committed all it took when it stops', async () => {
    await loadOffsets(database.sql, 'commits', PARTITIONS);
    const store = startStore(database.url, 'commits');
    const seen = store.doorbell.seen();
    const batch = send(store, 0, 3, 0n, 100n);
    await until('the first commit', () => store.committed.length === 1);
    assert.deepEqual(store.committed, [3]);
    assert.equal(store.progress.get(0, ProgressWord.committed), 100n);
    assert.equal(store.progress.get(0, ProgressWord.committedUs), BigInt(batch.lastReceiveUs));
    // It is rung behind the message, as who waits at it looks for messages next.
    await until('the bell', () => store.doorbell.seen() !== seen);
    send(store, 1, 0, 0n, 70n);
    await store.stop();
    assert.deepEqual(await loadOffsets(database.sql, 'commits', PARTITIONS), [100n, 70n]);
    assert.deepEqual(
      store.messages.filter(({ kind }) => kind === 'ready' || kind === 'health').map(({ kind }) => kind),
      ['ready', 'health'],
    );
  });

  test('waits for a database that is stopped, says so, and catches up exactly once', async () => {
    await loadOffsets(database.sql, 'outage', PARTITIONS);
    await database.sql`truncate readings_days`;
    const store = startStore(database.url, 'outage');
    send(store, 0, 0, 0n, 10n);
    await until('the first commit', () => store.committed.length === 1);
    const server = await startEmbedded(database.folder, { sync: false });
    await server.stop();
    send(store, 0, 1, 10n, 20n);
    await until('the outage to be told', () => named(store, 'store-failing').length > 0);
    assert.ok(store.messages.some((message) => message.kind === 'health' && message.database === 'down'));
    assert.equal(store.progress.get(0, ProgressWord.committed), 10n);
    const again = await startEmbedded(database.folder, { sync: false });
    assert.equal(again.url, database.url);
    await until('the second commit', () => store.committed.length === 2);
    send(store, 0, 2, 20n, 30n);
    await store.stop();
    assert.equal(named(store, 'store-recovered').length, 1);
    const rows = await database.sql`select value::int from readings order by value`;
    assert.deepEqual(
      rows.map(({ value }) => value),
      [0, 10, 20],
    );
    assert.deepEqual(await loadOffsets(database.sql, 'outage', PARTITIONS), [30n, 0n]);
  });

  test('stops also while the database is down', async () => {
    const store = startStore(`postgres://nobody:none@127.0.0.1:1/none`, 'down');
    send(store, 0, 0, 0n, 10n);
    await until('the outage to be told', () => named(store, 'store-failing').length > 0);
    await store.stop();
    assert.deepEqual(store.committed, []);
    assert.equal(store.progress.get(0, ProgressWord.committed), 0n);
  });

  test('an offset that another writer moved stops the thread', async () => {
    await loadOffsets(database.sql, 'fenced', PARTITIONS);
    await database.sql`update pipeline_offsets set committed_offset = 15 where consumer_group = 'fenced' and partition_id = 0`;
    const store = startStore(database.url, 'fenced');
    const failed = once(store.worker, 'error');
    send(store, 0, 0, 10n, 20n);
    const [error] = (await failed) as [Error];
    assert.match(error.message, /cannot commit partition 0 of fenced from 10 to 20: the database has it at 15/);
    store.port.close();
  });

  test('without a database batches are counted', async () => {
    const store = startStore(null, 'null');
    send(store, 0, 0, 0n, 10n);
    send(store, 0, 1, 10n, 30n);
    send(store, 1, 2, 0n, 5n);
    await until('three commits', () => store.committed.length === 3);
    assert.deepEqual(store.committed.sort(), [0, 1, 2]);
    assert.equal(store.progress.get(0, ProgressWord.committed), 30n);
    await store.stop();
  });
});
