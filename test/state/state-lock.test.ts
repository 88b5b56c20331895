import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockStateFolder, makeStateFolder } from '../../src/state/state-lock.js';

test('one process holds a state folder; the lock goes with it, however it ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-lock-'));
  try {
    const unlock = await lockStateFolder(folder);
    await assert.rejects(lockStateFolder(folder), /another Spillway runs on it/);
    await unlock();

    const module = new URL('../../src/state/state-lock.js', import.meta.url).href;
    const script = `const { lockStateFolder } = await import(${JSON.stringify(module)}); await lockStateFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    await assert.rejects(lockStateFolder(folder), /another Spillway/);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await lockStateFolder(folder))();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a state folder is made with its parents, and refused where none can be made', {
  skip: process.platform !== 'linux' && 'there is no /proc',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-state-'));
  try {
    makeStateFolder(join(folder, 'a', 'b'));
    makeStateFolder(join(folder, 'a', 'b'));
    assert.ok(statSync(join(folder, 'a', 'b')).isDirectory());
    assert.throws(() => makeStateFolder('/proc/spillway/state'), /cannot make state folder .*SPILLWAY_STATE/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
