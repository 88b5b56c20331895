import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatestCache } from '../../../src/control/queries/latest-cache.js';
import type { StoredLatest } from '../../../src/control/queries/stored-latest.js';

const none = new Set<number>();

/** A cache over a database that holds one value a device, which a test changes. */
function cached(options: { readonly heldMax?: number } = {}) {
  const clock = { nowMs: 0 };
  const asked: (readonly number[])[] = [];
  const database = { value: 1, fail: undefined as Error | undefined };
  const read = async (devices: readonly number[]): Promise<StoredLatest[]> => {
    asked.push(devices);
    if (database.fail) {
      clock.nowMs += 1000;
      throw database.fail;
    }
    return devices.map((device) => ({ device, metric: 1, tsMs: 1, value: database.value }));
  };
  const cache = new LatestCache({ read, nowMs: () => clock.nowMs, ...options });
  const values = async (devices: readonly number[], stale = none) =>
    (await cache.of(devices, stale)).map(({ device, value }) => [device, value]);
  return { values, asked, database, clock };
}

test('the database is asked once for a device, for a page of them in one question, and by two at once as by one', async () => {
  const { values, asked, database } = cached();
  const both = await Promise.all([values([1, 2]), values([2, 1])]);
  assert.deepEqual(both, [
    [
      [1, 1],
      [2, 1],
    ],
    [
      [2, 1],
      [1, 1],
    ],
  ]);
  database.value = 2;
  assert.deepEqual(await values([3, 1, 2]), [
    [3, 2],
    [1, 1],
    [2, 1],
  ]);
  assert.deepEqual(asked, [[1, 2], [3]]);
});

test('what memory does not know all about is read each time, and anything after a while', async () => {
  const { values, asked, database, clock } = cached();
  await values([1, 2]);
  database.value = 2;
  assert.deepEqual(await values([1, 2], new Set([2])), [
    [1, 1],
    [2, 2],
  ]);
  clock.nowMs += 600_000;
  assert.deepEqual(await values([1]), [[1, 2]]);
  assert.deepEqual(asked, [[1, 2], [2], [1]]);
});

test('a failure is not kept; after one of a page the next page waits in proportion, and a single device does not', async () => {
  const { values, asked, database, clock } = cached();
  database.fail = new Error('too slow');
  await assert.rejects(values([1, 2]), /too slow/);
  database.fail = undefined;
  await assert.rejects(values([1, 2]), /too slow/);
  assert.deepEqual(await values([1]), [[1, 1]]);
  clock.nowMs += 4000;
  assert.equal((await values([1, 2])).length, 2);
  assert.deepEqual(asked, [[1, 2], [1], [2]]);
});

test('no more is held than there is room for, and the oldest goes first', async () => {
  const { values, asked } = cached({ heldMax: 6 });
  for (const device of [1, 2, 3, 4]) await values([device]);
  await values([4]);
  await values([3]);
  await values([2]);
  await values([1]);
  assert.deepEqual(asked, [[1], [2], [3], [4], [1]]);
});
