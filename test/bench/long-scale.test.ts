import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine } from './run-bench.js';

for (const of of ['gateways', 'partitions'] as const) {
  test(`bench:scale --of ${of}, small: both appliances commit everything, and the ratios are of the pair`, {
    skip: generatorMissing() ?? false,
  }, async () => {
    const { fewer, more, settings, throughputRatio, cpuRatio } = await lastLine('scale', '--of', of, '--more', '3', '--seconds', '0.3');
    assert.ok(fewer.messages > 0 && more.messages > 0);
    assert.ok(Math.abs(throughputRatio - more.messagesPerSecond / fewer.messagesPerSecond) < 0.001 * throughputRatio);
    assert.ok(cpuRatio > 0);
    assert.deepEqual([settings.fewer[of], settings.more[of]], [1, 3]);
  });
}
