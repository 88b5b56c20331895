import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { familyCpuSeconds } from '../../bench/process-cpu.js';

test('CPU of a process counts its ended children, and is null for one that is not there', () => {
  assert.equal(familyCpuSeconds(2 ** 22 + 1), null);
  const before = familyCpuSeconds(process.pid);
  if (process.platform !== 'linux') {
    assert.equal(before, null);
    return;
  }
  spawnSync(process.execPath, ['-e', 'const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);']);
  const used = (familyCpuSeconds(process.pid) as number) - (before as number);
  assert.ok(used > 0.25 && used < 30, `${used} s`);
});
