import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine } from './run-bench.js';

test('bench:soak, small: samples until the end, and every row is there', { skip: generatorMissing() ?? false }, async () => {
  const args = ['--minutes', '0.02', '--every', '0.05', '--rate', '5000', '--connections', '2', '--devices', '20'];
  const result = await lastLine('soak', ...args);
  assert.equal(result.messages, 6000);
  assert.equal(result.rows, 12_000);
  assert.ok(result.curve.length >= 3);
  for (const { rssBytes, heapBytes, lagBytes } of result.curve) assert.ok(rssBytes > heapBytes && heapBytes > 0 && lagBytes >= 0);
  assert.equal(result.flat, null);
});
