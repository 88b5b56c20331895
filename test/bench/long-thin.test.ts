import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine } from './run-bench.js';

test('bench:thin, small: both sinks and the appliance acknowledge everything, and the ratios are told', {
  skip: generatorMissing() ?? false,
}, async () => {
  // So many that each server uses many of the ticks of 10 ms in which Linux tells the CPU of another process.
  const result = await lastLine('thin', '--connections', '200', '--devices', '200', '--seconds', '1');
  for (const server of [result.spillway, result.sink, result.laterSink]) {
    assert.ok(server.messages > 0 && server.messagesPerSecond > 0);
    assert.ok(server.ackMs.p50 > 0);
  }
  assert.ok(result.laterSink.ackMs.p50 > 8);
  assert.ok(result.cpuRatio > 0 && result.gatewayCpuRatio > 0 && result.laterCpuRatio > 0);
  assert.equal(result.settings.batch, 1);
  assert.equal(result.settings.connections, 200);
});
