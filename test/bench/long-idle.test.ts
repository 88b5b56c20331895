import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { settledMemory } from '../../bench/memory.js';
import { Mosquitto } from '../../bench/peers/mosquitto.js';
import { lastLine } from './run-bench.js';

test('bench:idle, small: every connection is authenticated and held', { skip: generatorMissing() ?? false }, async () => {
  const result = await lastLine('idle', '--connections', '300');
  const servers = [result.spillway, result.sink, ...(Mosquitto.find() ? [result.mosquitto] : [])];
  for (const server of servers) {
    assert.equal(server.opened, 300);
    assert.ok(Number.isInteger(server.pssBytes) && Number.isInteger(server.anonymousBytes));
  }
  assert.ok(result.openFilesMax > 300);
  assert.equal(result.limitFound, null);
});

test('settledMemory returns once two samples agree', { skip: process.platform === 'linux' ? false : 'there is no /proc' }, async () => {
  const { pss, anonymous } = await settledMemory(process.ppid);
  assert.ok(pss > 1e6 && anonymous > 1e6);
});
