import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatorMissing } from '../../bench/load/build.js';
import { lastLine } from './run-bench.js';

test('bench:recovery, small: a kill and a database that stands still lose and double nothing', {
  skip: generatorMissing() ?? false,
}, async () => {
  const args = ['--rate', '2000', '--outage-seconds', '2', '--warm-seconds', '1', '--connections', '2', '--devices', '20'];
  const { kill, outage } = await lastLine('recovery', ...args);
  assert.ok(kill.acked > 0 && kill.rows >= kill.acked * 2);
  assert.ok(kill.caughtUpSeconds >= kill.readySeconds && kill.readySeconds >= kill.startedSeconds);
  assert.deepEqual([outage.acked, outage.rows], [14_000, 28_000]);
  assert.ok(outage.lagBytes > 0 && outage.committedPerSecond > 0);
  for (const { missing, doubled } of [kill, outage]) assert.deepEqual([missing, doubled], [0, 0]);
});
