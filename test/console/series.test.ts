import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Series } from '../../src/console/data/series.js';

test('a series holds what a sorted map would, whatever order the points come in', () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.double({ noNaN: true }));
  fc.assert(
    fc.property(fc.array(point, { maxLength: 1500 }), (points) => {
      const series = new Series(2000);
      const model = new Map<number, number>();
      for (const [ms, value] of points) {
        series.add(ms, value);
        model.set(ms, value);
      }
      const expected = [...model].sort(([a], [b]) => a - b);
      const [times, values] = series.view();
      assert.deepEqual(
        [...times],
        expected.map(([ms]) => ms),
      );
      assert.deepEqual(
        [...values],
        expected.map(([, value]) => value),
      );
      assert.equal(series.lastMs, expected.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY);
    }),
    { numRuns: 50 },
  );
});

test('a full series drops its oldest points and takes none older than what it holds', () => {
  const series = new Series(100);
  for (let ms = 0; ms < 10_000; ms++) series.add(ms, ms);
  const [times] = series.view();
  assert.ok(times.length > 70 && times.length <= 100);
  assert.equal(series.lastMs, 9999);
  assert.deepEqual(
    [...times],
    Array.from(times, (_, index) => 10_000 - times.length + index),
  );
  while (series.length < 100) series.add(series.lastMs + 1, 0);
  series.add(5, 5);
  assert.equal(series.length, 100);
  assert.notEqual(series.view()[0][0], 5);
});

test('a silence of five usual intervals is a gap, but none under three seconds', () => {
  const series = new Series();
  assert.equal(series.gapMs(), 3000);
  for (let at = 0; at < 100; at++) series.add(at * 10_000, at);
  series.add(5_000_000, 1);
  assert.equal(series.gapMs(), 50_000);
});
