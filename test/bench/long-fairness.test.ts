import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine } from './run-bench.js';

test('bench:fairness, small: the quiet tenant is acknowledged everything beside each flood, and the ratios are told', {
  skip: generatorMissing() ?? false,
}, async () => {
  const result = await lastLine('fairness', '--rate', '200', '--seconds', '1');
  for (const flood of [result.device, result.tenant, result.thin]) {
    assert.ok(flood.alone.p50 > 0 && flood.flooded.p99 > 0);
    assert.ok(flood.p50Ratio > 0 && flood.p99Ratio > 0);
  }
  assert.ok(result.device.floodMessagesPerSecond < 1000, 'a device is held at its rate');
  assert.ok(result.tenant.floodMessagesPerSecond > 1000);
});
