import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_DEVICE_UNKNOWN, CODE_SESSION_DROPPED } from '../../assembly/abi/codes.js';
import { MemoryStore } from './memory-store.js';
import { ofDevice, Site } from './site.js';

test('sessions are listed page by page', async () => {
  const site = new Site();
  for (const name of ['c', 'a', 'b']) site.client(name);
  site.client('z', { tenant: 'other' });
  const keys: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < 4; page++) {
    const answer = await site.ask({ kind: 'sessions', limit: 2, after });
    assert.equal(answer.kind, 'sessions');
    if (answer.kind !== 'sessions') return;
    keys.push(...answer.sessions.map(({ tenant, label }) => `${tenant}/${label}`));
    after = answer.next;
    if (after === undefined) break;
  }
  assert.deepEqual(keys, ['acme/a', 'acme/b', 'acme/c', 'other/z']);
  const one = await site.ask({ kind: 'sessions', tenant: 'other', limit: 10 });
  assert.ok(one.kind === 'sessions' && one.sessions.length === 1 && one.next === undefined);
  const named = await site.ask({ kind: 'sessions', client: 'b', limit: 1 });
  assert.ok(named.kind === 'sessions');
  assert.deepEqual(
    named.sessions.map(({ label }) => label),
    ['b'],
  );
});

test('a session is shown with what it has', async () => {
  const site = new Site();
  site.client('c', { receiveMax: 1 }).subscribe('t', { qos: 2 });
  for (let n = 0; n < 3; n++) site.publish('t', 'x', { qos: 1 });
  const answer = await site.ask({ kind: 'session', tenant: 'acme', key: 's:1:c' });
  assert.ok(answer.kind === 'session' && answer.session);
  const { isConnected, queued, inFlight, queuedBytes, filters, hasWill, sinceMs } = answer.session;
  assert.deepEqual([isConnected, queued, inFlight, queuedBytes, hasWill, sinceMs], [true, 2, 1, 30, false, site.clock.wall]);
  assert.deepEqual(filters, [{ filter: 't', qos: 2 }]);
  assert.deepEqual(await site.ask({ kind: 'session', tenant: 'acme', key: 'nobody' }), { kind: 'session', session: undefined });
});

test('a session that is dropped ends with its connection and its queue', async () => {
  const site = new Site({ store: new MemoryStore() });
  const client = site.client('c').subscribe('t');
  site.publish('t', 'x', { qos: 1 });
  assert.deepEqual(await site.ask({ kind: 'drop-session', tenant: 'acme', key: 's:1:c' }), { kind: 'dropped', found: true });
  assert.deepEqual(await site.ask({ kind: 'drop-session', tenant: 'acme', key: 's:1:c' }), { kind: 'dropped', found: false });
  assert.equal(client.ended, CODE_SESSION_DROPPED);
  assert.deepEqual([site.broker.counts.sessionsNow, site.broker.counts.queuedNow, site.broker.counts.connectedNow], [0, 0, 0]);
});

test('sessions of deleted devices end', async () => {
  const site = new Site();
  const device = site.client('d', { client: ofDevice(5, 'd') });
  site.client('other');
  site.broker.dropDevices([5, 6]);
  await site.rest();
  assert.equal(device.ended, CODE_DEVICE_UNKNOWN);
  assert.equal(site.broker.counts.sessionsNow, 1);
});

test('retained messages are listed and dropped', async () => {
  const site = new Site();
  for (const topic of ['a/2', 'a/1', 'b']) site.publish(topic, `of ${topic}`, { qos: 1, retain: true });
  const answer = await site.ask({ kind: 'retained', tenant: 'acme', filter: 'a/#', limit: 1 });
  const payloadStart = Buffer.from('of a/1').toString('base64');
  assert.deepEqual(answer, {
    kind: 'retained',
    entries: [{ topic: 'a/1', bytes: 6, qos: 1, payloadStart, atMs: site.clock.wall }],
    next: 'a/1',
  });
  assert.deepEqual(await site.ask({ kind: 'drop-retained', tenant: 'acme', topic: 'a/1' }), { kind: 'dropped', found: true });
  const rest = await site.ask({ kind: 'retained', tenant: 'acme', filter: '#', limit: 10 });
  assert.deepEqual(rest.kind === 'retained' && rest.entries.map(({ topic }) => topic), ['a/2', 'b']);
});

test('the operator publishes, with an answer once it is durable', async () => {
  const site = new Site({ store: new MemoryStore() });
  const client = site.client('c').subscribe('t');
  site.client('away').subscribe('t').detach();
  const payload = Buffer.from('hello');
  const answer = await site.ask({ kind: 'publish', tenant: 'acme', topic: 't', payload, qos: 1, retain: false, expirySeconds: 9 });
  assert.deepEqual(answer, { kind: 'published', clients: 2 });
  assert.deepEqual([client.texts, [...(client.messages[0]?.properties ?? [])]], [['hello'], [2, 0, 0, 0, 9]]);
});

test('clients that ask for it learn who comes and goes, and the counts of their tenant', async () => {
  const site = new Site();
  const watcher = site.client('watcher').subscribe('$SYS/broker/#', { qos: 0 });
  const all = site.client('all').subscribe('#');
  site.client('c').detach(false);
  site.client('foreign', { tenant: 'other' });
  await site.second(11);
  const at = new Date(site.clock.wall - 11_000).toISOString();
  const said = new Map(watcher.messages.map(({ topic, payload }) => [topic, payload]));
  assert.equal(said.get('$SYS/broker/clients/c/connected'), JSON.stringify({ at, client: 'c' }));
  assert.equal(said.get('$SYS/broker/clients/c/disconnected'), JSON.stringify({ at, client: 'c', reason: 'connection-lost' }));
  assert.equal(said.has('$SYS/broker/clients/foreign/connected'), false);
  assert.equal(said.get('$SYS/broker/clients/connected'), '2');
  assert.equal(said.get('$SYS/broker/clients/total'), '3');
  assert.equal(said.get('$SYS/broker/subscriptions/count'), '2');
  assert.deepEqual(all.texts, []);
});
