import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { Mosquitto } from '../../bench/peers/mosquitto.js';
import { lastLine } from './run-bench.js';

test('bench:peers, small: each server takes all messages, and each that stores has all rows', {
  skip: generatorMissing() ?? false,
}, async () => {
  const args = ['--qos', '1', '--without', 'aedes', '--seconds', '0.3', '--connections', '2', '--devices', '20', '--bridge-rate', '3000'];
  const { qos0, qos1, versions } = await lastLine('peers', ...args);
  assert.equal(qos0, undefined);
  assert.equal(qos1.aedes, null);
  for (const server of [qos1.spillwayNull, qos1.spillwayEmbedded]) assert.ok(server.messages > 0 && server.cpuUsPerMessage > 0);
  if (Mosquitto.find()) {
    assert.ok(qos1.mosquitto.messages > 0);
    assert.equal(qos1.bridge.messages, 900);
    assert.equal(qos1.bridge.rows, 1800);
    assert.match(versions.mosquitto, /^\d+\.\d+/);
  } else assert.deepEqual([qos1.mosquitto, qos1.bridge, versions.mosquitto], [null, null, null]);
});
