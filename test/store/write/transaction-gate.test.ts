import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { TransactionGate } from '../../../src/store/write/transaction-gate.js';

const [first, second, third] = [{ queue: 1 }, { queue: 2 }, { queue: 3 }];

let gate: TransactionGate;
let taken: object[];
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  gate = new TransactionGate();
  taken = [];
});
afterEach(() => mock.timers.reset());

const take = (queue: object, isBehind = false) => void gate.enter(queue, isBehind).then(() => taken.push(queue));
/** Asserts which queues were let in so far, in this order, once all promises are settled. */
const hasLetIn = async (...queues: object[]) => {
  await new Promise(setImmediate);
  assert.deepEqual(taken, queues);
};

test('queues that keep up write one after the other, in the order of their arrival', async () => {
  for (const queue of [first, second, third]) take(queue);
  await hasLetIn(first);
  gate.leave();
  await hasLetIn(first, second);
  gate.leave();
  await hasLetIn(first, second, third);
});

test('a queue that lags, or begins to lag while it waits, writes beside the others', async () => {
  take(first);
  take(second, true);
  take(third);
  await hasLetIn(first, second);
  gate.hurry(third);
  gate.hurry(third);
  await hasLetIn(first, second, third);
});

test('nobody waits for a transaction that hangs', async () => {
  take(first);
  take(second);
  mock.timers.tick(1000);
  await hasLetIn(first, second);
  // The first transaction still runs: the third queue waits for both, or for as long again.
  take(third);
  gate.leave();
  await hasLetIn(first, second);
  gate.leave();
  await hasLetIn(first, second, third);
});
