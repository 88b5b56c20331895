import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Captures, type CapturesOptions } from '../../../src/control/debug/captures.js';
import { PlaneDouble } from '../../support/plane-double.js';

function captures(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_790_000_000_000 });
  const plane = new PlaneDouble();
  const events: [string, Record<string, unknown>][] = [];
  const registry = { get: () => undefined, byNumber: () => undefined, count: () => 0 } as unknown as CapturesOptions['registry'];
  const made = new Captures({ views: plane, registry, event: (_, name, fields) => void events.push([name, fields]) });
  t.after(() => made.close());
  const begin = (seconds: number) => {
    const capture = made.begin({ tenant: undefined, deviceId: undefined, seconds, messagesMax: 10, key: 3 });
    assert.ok('id' in capture);
    return capture;
  };
  return { plane, events, made, begin };
}

test('a capture ends by itself, is audited with the key that asked, and is forgotten after a while', (t) => {
  const { plane, events, made, begin } = captures(t);
  const { id } = begin(30);
  plane.turnAway({ atMs: 1, transport: 'mqtt', claim: { tenant: 'a', id: 'b' }, code: 'device_unknown' });
  t.mock.timers.tick(29_999);
  assert.deepEqual([plane.doorWatches, made.get(id)?.ended], [1, undefined]);
  t.mock.timers.tick(1);
  assert.deepEqual([plane.doorWatches, made.get(id)?.ended, made.get(id)?.after(0, 10).length], [0, 'time', 1]);
  assert.deepEqual(events, [
    ['debug-capture-began', { capture: id, seconds: 30, key: 3 }],
    ['debug-capture-ended', { capture: id, because: 'time', messages: 1, skipped: 0 }],
  ]);
  t.mock.timers.tick(600_000);
  assert.equal(made.get(id), undefined);
});

test('captures that have ended make room for others, and a shutdown ends those that run', (t) => {
  const { plane, events, made, begin } = captures(t);
  const running = begin(600);
  for (let at = 0; at < 20; at++) made.end(begin(10).id);
  assert.equal(made.all.length, 16);
  assert.ok(made.get(running.id));
  made.close();
  assert.deepEqual([plane.doorWatches, running.ended], [0, 'shutdown']);
  assert.equal(events.at(-1)?.[1].because, 'shutdown');
});
