import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastLine } from './run-bench.js';

test('bench:registry, small: every device is loaded and found, and a change reaches the other process', async () => {
  const result = await lastLine('registry', '--devices', '2000', '--changes', '3');
  assert.equal(result.devices, 2000);
  for (const figure of ['loadSeconds', 'registryMib', 'searchMs', 'changeMsMax']) assert.ok(result[figure] > 0, figure);
  assert.ok(result.changeMsMax >= result.changeMsMedian);
});
