import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceRejections } from '../../../src/control/ledger/device-rejections.js';

function start() {
  const told: Record<string, string | number>[] = [];
  const clock = { nowMs: 1_000_000 };
  const rejections = new DeviceRejections({
    tenantAndId: (device) => (device === 404 ? undefined : { tenant: 'acme', id: `dev-${device}` }),
    event: (level, name, fields) => void told.push({ level, name, ...fields }),
    nowMs: () => clock.nowMs,
  });
  return { rejections, told, clock };
}

test('the last rejection of a device is kept, and logged once in ten minutes', () => {
  const { rejections, told, clock } = start();
  rejections.noteAll([{ device: 1, code: 'topic_unknown', topic: 'tele/x' }]);
  assert.deepEqual(told, [
    { level: 'warn', name: 'device-rejected', tenant: 'acme', device: 'dev-1', code: 'topic_unknown', topic: 'tele/x' },
  ]);
  clock.nowMs += 599_999;
  rejections.note(1, 'payload_oversize', undefined);
  const { code, topic, atMs } = rejections.of(1)!;
  assert.deepEqual([code, topic, atMs, told.length], ['payload_oversize', undefined, clock.nowMs, 1]);
  clock.nowMs += 1;
  rejections.note(1, 'payload_oversize', undefined);
  assert.deepEqual(told[1], { level: 'warn', name: 'device-rejected', tenant: 'acme', device: 'dev-1', code: 'payload_oversize' });
  rejections.note(404, 'topic_unknown', 'x');
  assert.equal(told.length, 2);
  assert.equal(rejections.of(2), undefined);
});

test('at most ten lines a second are logged, the others later; memory has a bound', () => {
  const { rejections, told, clock } = start();
  for (let device = 1000; device < 12_000; device++) rejections.note(device, 'topic_unknown', 'x');
  assert.equal(told.length, 10);
  assert.equal(rejections.of(1000), undefined);
  assert.ok(rejections.of(2000) && rejections.of(11_999));
  clock.nowMs += 1000;
  rejections.note(11_999, 'topic_unknown', 'x');
  assert.deepEqual([told.length, told[10]!.device], [11, 'dev-11999']);
});
