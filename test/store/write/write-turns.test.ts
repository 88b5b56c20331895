import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { WriteTurns } from '../../../src/store/write/write-turns.js';

const [first, second, third] = [{ lane: 1 }, { lane: 2 }, { lane: 3 }];

let turns: WriteTurns;
let taken: object[];
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  turns = new WriteTurns();
  taken = [];
});
afterEach(() => mock.timers.reset());

const take = (lane: object, isBehind = false) => void turns.take(lane, isBehind).then(() => taken.push(lane));
/** Who was let in so far, in this order, once all promises are settled. */
const hasLetIn = async (...lanes: object[]) => {
  await new Promise(setImmediate);
  assert.deepEqual(taken, lanes);
};

test('lanes that keep up write one after the other, in the order in which they came', async () => {
  for (const lane of [first, second, third]) take(lane);
  await hasLetIn(first);
  turns.end();
  await hasLetIn(first, second);
  turns.end();
  await hasLetIn(first, second, third);
});

test('a lane that is behind, or falls behind while it waits, writes beside the others', async () => {
  take(first);
  take(second, true);
  take(third);
  await hasLetIn(first, second);
  turns.hurry(third);
  turns.hurry(third);
  await hasLetIn(first, second, third);
});

test('nobody waits for a transaction that hangs', async () => {
  take(first);
  take(second);
  mock.timers.tick(1000);
  await hasLetIn(first, second);
  // The first one is still at it: the next waits for both, or as long again.
  take(third);
  turns.end();
  await hasLetIn(first, second);
  turns.end();
  await hasLetIn(first, second, third);
});
