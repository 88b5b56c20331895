import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { PIPELINE_END } from '../../../assembly/abi/state.js';
import type { FromPipeline } from '../../../src/contract/threads/pipeline.js';
import type { ThreadEvent } from '../../../src/contract/threads/shared.js';
import type { RowBatch } from '../../../src/contract/threads/store.js';
import { DOORBELLS, Doorbell, pipelineDoorbell } from '../../../src/host/doorbell.js';
import { kernelMemory } from '../../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { sealBlock } from '../../support/blocks.js';
import { until } from '../../support/until.js';

const NOW_US = 1_790_000_000_000_000;
const NEVER_MS = 1e9;

let state: string;
let log: FileLog;
let sequence = 0;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'spillway-checkpoints-'));
  log = FileLog.open({ folder: join(state, 'log'), partitions: 1, floors: [], report: () => {} });
  sequence = 0;
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.kill()));
  log.close();
  rmSync(state, { recursive: true, force: true });
});

function durable(): bigint {
  return log.partitions[0]?.durable ?? 0n;
}

/** Makes messages durable in the log, one a block; all of them are readings that were never sent before. */
function append(messages: number): void {
  for (let left = messages; left > 0; left--) {
    const payload = JSON.stringify({ ts: NOW_US / 1000 + ++sequence, metrics: { level: sequence }, seq: sequence });
    log.append(0, [sealBlock(0, [{ device: 5, receiveUs: NOW_US + sequence, payload }])]);
  }
  log.commit();
}

function checkpoints(ending = '.checkpoint'): string[] {
  const folder = join(state, 'checkpoints', '00');
  return readdirSync(join(state), { recursive: true, encoding: 'utf8' }).filter(
    (name) => join(state, name).startsWith(folder) && name.endsWith(ending),
  );
}

/** Those that a test that failed did not end. */
const started: { kill(): Promise<void> }[] = [];

/** A pipeline thread and its checkpoint thread; the test is their store and commits what it wants to. */
function start(committed: bigint, checkpointEveryMs: number) {
  const shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(1) };
  const progress = new Progress(shared.progress);
  progress.set(0, ProgressWord.durable, durable());
  progress.set(0, ProgressWord.committed, committed);
  const [store, checkpoint] = [new MessageChannel(), new MessageChannel()];
  const folder = join(state, 'checkpoints');
  const writer = new Worker(new URL('../../../src/pipeline/checkpoints/thread.js', import.meta.url), {
    workerData: { folder, pipelines: [checkpoint.port1], shared, partitions: [{ number: 0, committed }] },
    transferList: [checkpoint.port1],
  });
  const workerData = {
    index: 0,
    logFolder: join(state, 'log'),
    partitions: [{ number: 0, memory: kernelMemory(PIPELINE_END), committed }],
    lostDevices: [],
    shared,
    batchAgeMsMax: 1,
    store: store.port2,
    checkpointFolder: folder,
    checkpointEveryMs,
    checkpoints: checkpoint.port2,
  };
  const transferList = [store.port2, checkpoint.port2];
  const pipeline = new Worker(new URL('../../../src/pipeline/thread.js', import.meta.url), { workerData, transferList });
  const bell = new Doorbell(shared.doorbells, pipelineDoorbell(0));
  const batches: RowBatch[] = [];
  const events: ThreadEvent[] = [];
  store.port1.on('message', (batch: RowBatch) => batches.push(batch));
  writer.on('message', (message) => events.push(message));
  pipeline.on('message', (message: FromPipeline) => {
    if (message.kind === 'event') events.push(message);
  });
  const tell = (message: object) => {
    pipeline.postMessage(message);
    bell.ring();
  };
  tell({ kind: 'metrics', entries: [['level', 1]] });
  const running = {
    batches,
    progress,
    event: (name: string) => events.find((event) => event.name === name)?.fields,
    grow() {
      progress.set(0, ProgressWord.durable, durable());
      bell.ring();
    },
    commit(batch: RowBatch) {
      progress.set(0, ProgressWord.committed, batch.to);
      store.port1.postMessage({ kind: 'committed', partition: 0, slot: batch.slot });
      bell.ring();
    },
    async stop() {
      tell({ kind: 'stop' });
      await once(pipeline, 'exit');
      writer.postMessage({ kind: 'stop' });
      await once(writer, 'exit');
      store.port1.close();
    },
    async kill() {
      await Promise.all([pipeline.terminate(), writer.terminate()]);
      store.port1.close();
    },
  };
  started.push(running);
  return running;
}

type Running = ReturnType<typeof start>;

/** Commits whatever comes until all that is durable is committed; answers the readings in it. */
async function commitAll(running: Running, from = 0): Promise<number> {
  let taken = from;
  await until('all to be committed', () => {
    for (; taken < running.batches.length; taken++) running.commit(running.batches[taken] as RowBatch);
    return running.progress.get(0, ProgressWord.committed) === durable();
  });
  return running.batches.slice(from).reduce((sum, { readings }) => sum + readings.rows, 0);
}

test('killed with rows on the way to the database: they come again, since no checkpoint knows them', async () => {
  append(20);
  const killed = start(0n, 1);
  try {
    await until('the rows to be on their way', () => killed.batches.length > 0);
    // The state was written aside and waits.
    await until('the state to be written aside', () => checkpoints('.new').length === 1);
    append(10);
    killed.grow();
    await until('more to be processed', () => killed.progress.get(0, ProgressWord.processed) === durable());
    assert.deepEqual(checkpoints(), []);
    assert.equal(killed.progress.get(0, ProgressWord.checkpointMs), 0n);
  } finally {
    await killed.kill();
  }
  // The transaction was rolled back.
  const again = start(0n, 1);
  try {
    assert.equal(await commitAll(again), 30);
    await until('a checkpoint', () => again.progress.get(0, ProgressWord.checkpoint) === durable());
    assert.equal(again.event('checkpoint-loaded'), undefined);
    assert.deepEqual(checkpoints('.new'), []);
  } finally {
    await again.kill();
  }
});

test('after a partial commit, a checkpoint of committed rows is published, and the rows after it are written again', async () => {
  append(20);
  const killed = start(0n, 1);
  const middle = durable();
  try {
    await commitAll(killed);
    await until('a checkpoint', () => killed.progress.get(0, ProgressWord.checkpoint) === middle);
    append(10);
    killed.grow();
    await until('more rows to be on their way', () => killed.batches.at(-1)?.to === durable());
    await until('their state to be written aside', () => checkpoints('.new').length === 1);
  } finally {
    await killed.kill();
  }
  const again = start(middle, 1);
  try {
    assert.equal(await commitAll(again), 10);
    assert.deepEqual([again.event('checkpoint-loaded')?.offset, again.event('checkpoint-loaded')?.replayBytes], [String(middle), '0']);
  } finally {
    await again.kill();
  }
});

test('a checkpoint that is ahead of the database is refused, and all rows come again', async () => {
  append(20);
  const first = start(0n, NEVER_MS);
  await commitAll(first);
  await first.stop();
  assert.equal(checkpoints().length, 1);
  const restored = start(0n, NEVER_MS);
  try {
    assert.equal(await commitAll(restored), 20);
    assert.equal(restored.event('checkpoint-refused')?.code, 'checkpoint_not_committed');
  } finally {
    await restored.kill();
  }
  assert.deepEqual(checkpoints(), [], 'it would be taken for usable once the database is past it');
});

test('a clean stop leaves a checkpoint at the end of the log, and the next start continues from it without replay', async () => {
  append(20);
  const first = start(0n, NEVER_MS);
  await commitAll(first);
  await first.stop();
  const end = durable();
  // Sent once more, and one that is new.
  const twice = sealBlock(0, [
    { device: 5, receiveUs: NOW_US, payload: JSON.stringify({ ts: NOW_US / 1000 + 3, metrics: { level: 3 }, seq: 3 }) },
  ]);
  log.append(0, [twice]);
  append(1);
  const second = start(end, NEVER_MS);
  try {
    assert.equal(await commitAll(second), 1);
    const { offset, replayBytes } = second.event('checkpoint-loaded') ?? assert.fail('none was loaded');
    assert.deepEqual([offset, replayBytes], [String(end), '0']);
    assert.equal(second.progress.get(0, ProgressWord.stateFloor), end);
  } finally {
    await second.stop();
  }
  assert.equal(checkpoints().length, 2);
});

test('where no checkpoint can be written, rows go on, and the log need not be kept for it', async () => {
  writeFileSync(join(state, 'checkpoints'), 'a file, no folder');
  append(20);
  const running = start(0n, 1);
  await commitAll(running);
  await until('the operator to be told', () => running.event('checkpoint-failed') !== undefined);
  append(5);
  running.grow();
  await commitAll(running, running.batches.length);
  await until('the floor to move on', () => running.progress.get(0, ProgressWord.stateFloor) === durable());
  await running.stop();
  assert.equal(running.progress.get(0, ProgressWord.checkpointMs), 0n);
});
