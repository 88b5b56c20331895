import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldLines } from '../../src/telemetry/held-lines.js';
import { createLog } from '../../src/telemetry/log.js';

function heldLog(): { lines: string[]; held: HeldLines; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  const held = new HeldLines({ write: (line) => lines.push(JSON.parse(String(line)).msg) > 0 });
  return { lines, held, log: createLog('info', held) };
}

test('lines wait for their release, and come in order', () => {
  const { lines, held, log } = heldLog();
  log.info('log-opened');
  log.info('listening');
  assert.deepEqual(lines, []);
  held.release();
  log.info('later');
  held.release();
  assert.deepEqual(lines, ['log-opened', 'listening', 'later']);
});

test('a warning is written at once, with the lines before and after it', () => {
  const { lines, log } = heldLog();
  log.info('log-opened');
  log.warn('database-awaited');
  log.info('still waiting');
  assert.deepEqual(lines, ['log-opened', 'database-awaited', 'still waiting']);
});
