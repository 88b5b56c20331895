import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NoticeLog } from '../../../src/store/client/notices.js';

function log() {
  const state = { nowMs: 0 };
  const events: [string, string, Record<string, string | number | boolean>][] = [];
  const notices = new NoticeLog(
    (level, name, fields) => events.push([level, name, fields]),
    () => state.nowMs,
  );
  return { state, events, notices };
}

const warning = { severity: 'WARNING', code: '0A000', message: 'disabling direct compress because of a trigger', hint: 'drop it' };

test('a warning is an event with its state and its hint, and the same text is one again after ten minutes', () => {
  const { state, events, notices } = log();
  for (let batch = 0; batch < 100; batch++) notices.take(warning);
  const fields = { severity: 'WARNING', sqlstate: '0A000', message: warning.message, hint: 'drop it' };
  assert.deepEqual(events, [['warn', 'database-notice', fields]]);
  state.nowMs = 600_000;
  notices.take(warning);
  assert.equal(events.length, 2);
});

test('a notice is information; that something exists already is none', () => {
  const { events, notices } = log();
  notices.take({ severity: 'NOTICE', code: '42P07', message: 'relation "schema_migrations" already exists, skipping' });
  notices.take({ severity: 'NOTICE', code: '00000', message: 'the chunk was moved' });
  assert.deepEqual(events, [['info', 'database-notice', { severity: 'NOTICE', sqlstate: '00000', message: 'the chunk was moved' }]]);
});

test('a trigger that writes another text for each row does not fill the log: what was left out is counted', () => {
  const { state, events, notices } = log();
  for (let row = 0; row < 1000; row++) notices.take({ severity: 'NOTICE', code: '00000', message: `row ${row}` });
  assert.equal(events.length, 50);
  state.nowMs = 600_000;
  notices.take(warning);
  assert.deepEqual(events.slice(50, 51), [['warn', 'database-notices-omitted', { notices: 950 }]]);
});
