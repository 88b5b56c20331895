import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketed, bucketMs } from '../../src/console/data/buckets.js';

test('points are drawn one by one until there are more of them than pixels', () => {
  assert.equal(bucketMs(3_600_000, 900, 1000), undefined);
  assert.equal(bucketMs(3_600_000, 3600, 1000), 15_000);
  assert.equal(bucketMs(60_000, 60_000, 300), 1000);
  assert.equal(bucketMs(365 * 86_400_000, 1e6, 300), 600_000);
});

test('a bucket holds the lowest, the mean and the highest of its points, at its middle', () => {
  const times = Float64Array.of(1000, 1500, 1999, 2000, 9000);
  const values = Float64Array.of(4, -2, 1, 7, 0);
  const { times: middles, mean, low, high } = bucketed(times, values, 1000);
  assert.deepEqual([...middles], [1500, 2500, 9500]);
  assert.deepEqual([...mean], [1, 7, 0]);
  assert.deepEqual([...low], [-2, 7, 0]);
  assert.deepEqual([...high], [4, 7, 0]);
});

test('buckets stay as they are while the window moves on', () => {
  const times = Float64Array.from({ length: 5000 }, (_, at) => 1_700_000_000_123 + at * 700);
  const values = times.map((ms) => Math.sin(ms));
  const whole = bucketed(times, values, 5000);
  const later = bucketed(times.subarray(70), values.subarray(70), 5000);
  assert.deepEqual([...later.mean.subarray(1)], [...whole.mean.subarray(whole.mean.length - later.mean.length + 1)]);
  assert.equal(bucketed(times.subarray(0, 0), values.subarray(0, 0), 5000).times.length, 0);
});
