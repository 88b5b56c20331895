import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Will } from '../../src/contract/threads/broker.js';
import { MemoryStore } from './memory-store.js';
import { ofDevice, Site } from './site.js';

function will(more: Partial<Will> = {}): Will {
  const base = { topic: 'gone', payload: Buffer.from('will'), qos: 1, retain: false, delaySeconds: 0 } as const;
  return { ...base, properties: new Uint8Array(0), isTelemetry: false, ...more };
}

test('a will is published when the connection breaks, and not when the client takes its leave', async () => {
  const site = new Site();
  const watcher = site.client('watcher').subscribe('gone');
  site.client('a', { will: will() }).detach(true);
  site.client('b', { will: will({ payload: Buffer.from('b'), retain: true }), expirySeconds: 0 }).detach(false);
  const late = site.client('late').subscribe('gone');
  await site.rest();
  assert.deepEqual([watcher.texts, late.texts], [['b'], ['b']]);
  assert.equal(site.broker.counts.wills, 1);
});

test('a will waits for its delay, and is not published for a client that is back in time', async () => {
  const site = new Site();
  const watcher = site.client('watcher').subscribe('gone');
  site.client('back', { will: will({ delaySeconds: 10 }) }).detach(false);
  site.client('away', { will: will({ delaySeconds: 10, payload: Buffer.from('away') }) }).detach(false);
  await site.second(9);
  site.client('back');
  await site.second(2);
  assert.deepEqual(watcher.texts, ['away']);
});

test('a will comes with the end of the session, should that be first', async () => {
  const site = new Site();
  const watcher = site.client('watcher').subscribe('gone');
  site.client('short', { will: will({ delaySeconds: 100, payload: Buffer.from('short') }), expirySeconds: 5 }).detach(false);
  await site.second(6);
  assert.deepEqual(watcher.texts, ['short']);
  site.client('clean', { will: will({ delaySeconds: 100, payload: Buffer.from('clean') }) }).detach(false);
  site.client('clean', { cleanStart: true });
  await site.rest();
  assert.deepEqual(watcher.texts, ['short', 'clean']);
});

test('a takeover breaks the older connection: its will is published, one with a delay is not', async () => {
  const site = new Site();
  const watcher = site.client('watcher').subscribe('gone');
  site.client('a', { will: will({ payload: Buffer.from('at once') }) });
  site.client('a');
  site.client('b', { will: will({ payload: Buffer.from('later'), delaySeconds: 5 }) });
  site.client('b');
  await site.second(10);
  assert.deepEqual(watcher.texts, ['at once']);
});

test('the will of a device on its telemetry topic is handed to a gateway, too', async () => {
  const site = new Site();
  const [payload, topic] = [Buffer.from('{"online":false}'), 'devices/d1/telemetry'];
  const device = site.client('d1', {
    client: ofDevice(7, 'd1'),
    will: will({ topic, payload, isTelemetry: true }),
  });
  device.detach(false);
  await site.rest();
  assert.deepEqual(site.gateways[0]?.of('will'), [{ kind: 'will', device: 7, topic, payload, qos: 1 }]);
});

test('wills of clients that were connected when the process died are published by the next one, once', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  site.client('watcher').subscribe('gone').detach();
  site.client('a', { will: will() });
  site.client('left', { will: will() }).detach(true);
  await site.rest();
  const after = store.crashed();
  const next = new Site({ store: after, clock: site.clock });
  await next.second();
  const again = new Site({ store: after.crashed(), clock: site.clock });
  await again.second();
  const watcher = again.client('watcher');
  await again.rest();
  assert.deepEqual(watcher.texts, ['will']);
});
