import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passSelftest } from './real-selftest.js';

const faults = ['process-kill', 'database-pause', 'database-kill', 'duplicate-flood', 'reconnect-storm', 'clock-jump'];

test('each fault is survived with nothing lost and nothing doubled, and nothing is left behind', async (t) => {
  assert.ok((await passSelftest(t, faults, '--minutes', '0.15')) > faults.length);
});
