import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/telemetry/log.js';

test('an event is one JSON line with its level and time, and credentials are cut out', () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => void lines.push(line) });
  log.debug('left out');
  log.warn({ device: 'dev-1', token: 'T', request: { authorization: 'Bearer T' }, err: new Error('cannot x: y') }, 'device refused');
  assert.equal(lines.length, 1);
  const { time, err, ...line } = JSON.parse(lines[0]!);
  assert.match(time, /^\d{4}-\d\d-\d\dT/);
  assert.equal(err.message, 'cannot x: y');
  assert.deepEqual(line, {
    level: 'warn',
    device: 'dev-1',
    token: '[redacted]',
    request: { authorization: '[redacted]' },
    msg: 'device refused',
  });
});
