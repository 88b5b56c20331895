import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FromStore, RowBatch } from '../../../src/contract/threads/store.js';
import { NOTHING_REFUSED } from '../../../src/store/refused/isolation.js';
import { CommitQueue } from '../../../src/store/write/commit-queue.js';
import { Health } from '../../../src/store/write/health.js';
import { TransactionGate } from '../../../src/store/write/transaction-gate.js';
import { layBatch, sharedMemory } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

const memory = sharedMemory();

/** A queue whose database and topic fail as often as they are told to; `steps` is what it did. */
function open() {
  const steps: string[] = [];
  const posted: FromStore[] = [];
  const committed: bigint[] = [];
  const failures = { announce: 0, publish: 0, write: 0 };
  const step = (name: keyof typeof failures, batch: RowBatch) => {
    const fails = failures[name]-- > 0;
    steps.push(`${name} ${batch.to}${fails ? ' fails' : ''}`);
    return fails;
  };
  const down = () => Promise.reject(new Error('it is down'));
  const queue = new CommitQueue({
    writer: {
      traffic: 0,
      abandon: () => {},
      announce: (batch) => (step('announce', batch) ? down() : Promise.resolve(batch.to !== 30n)),
      write: (batch) => (step('write', batch) ? down() : Promise.resolve(NOTHING_REFUSED)),
      close: async () => {},
    },
    memory: () => memory.buffer as SharedArrayBuffer,
    committed: (batch) => void committed.push(batch.to),
    publish: async (batch) => (step('publish', batch) ? 'the brokers are away' : undefined),
    post: (message) => void posted.push(message),
    health: new Health((message) => void posted.push(message)),
    gate: new TransactionGate(),
    wait: () => new Promise(setImmediate),
  });
  const events = () => posted.flatMap((message) => (message.kind === 'event' ? [message.name] : []));
  return { queue, steps, failures, committed, posted, events };
}

function batch(from: bigint, to: bigint): RowBatch {
  return layBatch(memory, 0, from, to, { readings: [[1, 1, new Date(), 1]] });
}

test('a batch is announced, then published, then committed, and the next one after it', async () => {
  const { queue, steps, committed } = open();
  queue.push(batch(0n, 10n), 0);
  queue.push(batch(10n, 20n), 0);
  await until('both are committed', () => committed.length === 2);
  assert.deepEqual(steps, ['announce 10', 'publish 10', 'write 10', 'announce 20', 'publish 20', 'write 20']);
  await queue.stop();
});

test('what the topic does not take is not committed, tried again, and no failure of the database', async () => {
  const { queue, steps, failures, committed, events, posted } = open();
  failures.publish = 2;
  queue.push(batch(0n, 10n), 0);
  await until('it is committed', () => committed.length === 1);
  assert.deepEqual(
    steps.filter((step) => !step.startsWith('announce')),
    ['publish 10 fails', 'publish 10 fails', 'publish 10', 'write 10'],
  );
  assert.deepEqual(events(), []);
  assert.ok(posted.every((message) => message.kind !== 'health' || message.database === 'up'));
  await queue.stop();
});

test('retries a failed commit without publishing again, and reports a failure of the database', async () => {
  const { queue, steps, failures, committed, events } = open();
  Object.assign(failures, { announce: 1, write: 1 });
  queue.push(batch(0n, 10n), 0);
  await until('it is committed', () => committed.length === 1);
  assert.deepEqual(steps, ['announce 10 fails', 'announce 10', 'publish 10', 'write 10 fails', 'write 10']);
  assert.deepEqual(events(), ['store-failing', 'store-recovered']);
  await queue.stop();
});

test('a batch that is committed already is not published', async () => {
  const { queue, steps, committed } = open();
  queue.push(batch(20n, 30n), 0);
  await until('it is done', () => committed.length === 1);
  assert.deepEqual(steps, ['announce 30', 'write 30']);
  await queue.stop();
});

test('a queue that is stopped while the topic refuses gives up, and leaves the batch to the log', async () => {
  const { queue, steps, failures, committed } = open();
  failures.publish = Number.POSITIVE_INFINITY;
  queue.push(batch(0n, 10n), 0);
  await until('it was tried', () => steps.includes('publish 10 fails'));
  await queue.stop();
  assert.deepEqual(committed, []);
  assert.ok(!steps.includes('write 10'));
});
