import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bisect } from '../../../src/store/refused/bisection.js';
import { fuzzScale, Random } from '../../support/random.js';

/** What bisection did with rows of which some are bad. */
async function run(rows: number, bad: ReadonlySet<number>) {
  const stored: number[] = [];
  const refused: number[] = [];
  let attempts = 0;
  await bisect(rows, {
    async attempt(from, to) {
      attempts++;
      for (let row = from; row < to; row++) if (bad.has(row)) return { sqlstate: '23514', message: `row ${row}` };
      for (let row = from; row < to; row++) stored.push(row);
      return undefined;
    },
    async refused(row, why) {
      assert.equal(why.message, `row ${row}`);
      refused.push(row);
    },
  });
  return { stored, refused, attempts };
}

function expected(rows: number, bad: ReadonlySet<number>) {
  return Array.from({ length: rows }, (_, row) => row).filter((row) => !bad.has(row));
}

test('no row and no bad row cost no attempt and one', async () => {
  assert.deepEqual(await run(0, new Set()), { stored: [], refused: [], attempts: 0 });
  assert.deepEqual((await run(1000, new Set())).attempts, 1);
});

test('one bad row of 100,000 is found in 2 log2 n attempts wherever it is, and all rows bad cost two attempts a row', async () => {
  for (const row of [0, 1, 49_999, 50_000, 77_777, 99_999]) {
    const { stored, refused, attempts } = await run(100_000, new Set([row]));
    assert.deepEqual([stored.length, refused], [99_999, [row]]);
    assert.ok(attempts <= 2 * Math.ceil(Math.log2(100_000)) + 1, `${attempts} attempts for row ${row}`);
  }
  const all = await run(1000, new Set(Array.from({ length: 1000 }, (_, row) => row)));
  assert.deepEqual([all.stored.length, all.refused.length], [0, 1000]);
  assert.ok(all.attempts <= 2000, `${all.attempts} attempts`);
});

test('any set of bad rows is found, in order and within the bound', async () => {
  const random = new Random();
  for (let round = 0; round < 300 * fuzzScale; round++) {
    const rows = random.int(1, 3000);
    const bad = new Set(Array.from({ length: random.pick([1, 2, 5, rows >> 4, rows]) }, () => random.below(rows)));
    const { stored, refused, attempts } = await run(rows, bad);
    const seed = `SEED=${random.seed}, round ${round}`;
    assert.deepEqual(stored, expected(rows, bad), seed);
    assert.deepEqual(
      refused,
      [...bad].sort((a, b) => a - b),
      seed,
    );
    const k = Math.max(1, bad.size);
    assert.ok(attempts <= 2 * k * (Math.ceil(Math.log2(rows / k)) + 2) + 1, `${attempts} attempts for ${k} of ${rows}; ${seed}`);
  }
});

test('a row that is taken when it comes alone is stored, and its neighbours too', async () => {
  const stored: number[] = [];
  // Only together: a constraint over the rows of one statement.
  const attempt = async (from: number, to: number) => {
    if (to - from > 1) return { sqlstate: 'P0001', message: 'too many' };
    stored.push(from);
    return undefined;
  };
  await bisect(10, { attempt, refused: async () => assert.fail('nothing is bad alone') });
  assert.deepEqual(stored, expected(10, new Set()));
});
