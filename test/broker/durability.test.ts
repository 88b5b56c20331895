import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRIES, MESSAGES, RETAINED, SESSIONS, TAKEN } from '../../src/broker/store/store.js';
import { until } from '../support/until.js';
import { MemoryStore } from './memory-store.js';
import { Site } from './site.js';

const PUBACK = 4;
const PUBREC = 5;
const PUBCOMP = 7;

/** The next broker, after a crash of the one before. */
function restarted(store: MemoryStore, site: Site): { site: Site; store: MemoryStore } {
  const after = store.crashed();
  return { site: new Site({ store: after, clock: site.clock }), store: after };
}

test('sessions, subscriptions, queues and their order survive a crash', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  const client = site.client('c', { receiveMax: 2 }).subscribe('t', { qos: 2, identifier: 9 });
  for (let n = 1; n <= 4; n++) site.publish('t', String(n), { qos: n % 2 === 0 ? 2 : 1 });
  await site.rest();
  client.answer(PUBREC, 2);
  client.taken(300);
  await site.rest();
  const next = restarted(store, site);
  const back = next.site.client('c');
  next.site.publish('t', '5', { qos: 1 });
  await next.site.rest();
  assert.equal(back.attached?.isPresent, true);
  assert.deepEqual([...(back.attached?.unreleased ?? [])], [300]);
  assert.deepEqual(
    back.messages.map(({ payload, packetId, isAgain, identifiers }) => [payload, packetId, isAgain, ...identifiers]),
    [
      ['1', 1, true, 9],
      ['3', 3, false, 9],
      ['4', 4, false, 9],
      ['5', 5, false, 9],
    ],
  );
  assert.deepEqual(back.pubrels, [2]);
  for (const { packetId, qos } of back.messages) back.answer(qos === 1 ? PUBACK : PUBREC, packetId);
  for (const id of [2, 4]) back.answer(PUBCOMP, id);
  await next.site.rest();
  assert.deepEqual(
    [ENTRIES, MESSAGES].map((table) => next.store.size(table)),
    [0, 0],
  );
});

test('traffic is settled once what must survive is durable, in order, and at once where nothing must', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  site.client('persistent').subscribe('t').detach();
  site.client('passing', { expirySeconds: 0 }).subscribe('u');
  await site.rest();
  store.hold();
  const fleeting = site.publish('u', 'x', { qos: 1 });
  await until('it is settled', () => site.gateways[0]?.settled === fleeting);
  site.publish('t', 'x', { qos: 1 });
  const last = site.publish('u', 'x', { qos: 1 });
  await until('it is delivered', () => site.gateways[0]?.messages.length === 2);
  assert.equal(site.gateways[0]?.settled, fleeting);
  store.release();
  await until('all is settled', () => site.gateways[0]?.settled === last);
});

test('what connects and subscribes durably is answered once it is durable', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  store.hold();
  const client = site.client('c').subscribe('t');
  const passing = site.client('p', { expirySeconds: 0 }).subscribe('t');
  await until('the other one is answered', () => passing.codes.length === 1);
  assert.deepEqual([client.attached, client.codes], [undefined, []]);
  store.release();
  await site.rest();
  assert.deepEqual([client.attached?.isPresent, client.codes], [false, [[1]]]);
});

test('a message at QoS 2 is sent, and PUBREL follows, only once the store knows its id', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  const client = site.client('c').subscribe('t', { qos: 2 });
  await site.rest();
  store.hold();
  site.publish('t', '1', { qos: 2 });
  const passing = site.client('p', { expirySeconds: 0 });
  await until('others are served', () => passing.attached !== undefined);
  assert.deepEqual(client.texts, []);
  store.release();
  await until('it is delivered', () => client.texts.length === 1);
  store.hold();
  client.answer(PUBREC, 1);
  const other = site.client('q', { expirySeconds: 0 });
  await until('others are served', () => other.attached !== undefined);
  assert.deepEqual(client.pubrels, []);
  store.release();
  await until('PUBREL is sent', () => client.pubrels.length === 1);
});

test('a message that is acknowledged before its batch is written is never written', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  const client = site.client('c').subscribe('t');
  await site.rest();
  store.hold();
  client.taken(1);
  await until('a write waits', () => site.gateways[0]?.of('subscribed').length === 1);
  await new Promise(setImmediate);
  site.publish('t', '1', { qos: 1 });
  await until('it is delivered', () => client.texts.length === 1);
  client.answer(PUBACK, 1);
  store.release();
  await site.rest();
  assert.equal(store.changes, 2); // The session, and the id that was taken.
});

test('a body is stored once for all its queues, and goes with the last of them', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  for (const name of ['a', 'b', 'c']) site.client(name).subscribe('t').detach();
  site.publish('t', 'x', { qos: 1 });
  await site.rest();
  assert.deepEqual([store.size(ENTRIES), store.size(MESSAGES)], [3, 1]);
  const next = restarted(store, site);
  for (const name of ['a', 'b', 'c']) {
    assert.equal(next.store.size(MESSAGES), 1);
    const client = next.site.client(name);
    await next.site.rest();
    assert.deepEqual(client.texts, ['x']);
    client.answer(PUBACK, 1);
    await next.site.rest();
  }
  assert.deepEqual([next.store.size(ENTRIES), next.store.size(MESSAGES)], [0, 0]);
});

test('bodies that only the store has are delivered like others', async () => {
  const store = new MemoryStore();
  const site = new Site({ store, residentBytesMax: 0 });
  site.client('c').subscribe('t').detach();
  for (let n = 1; n <= 5; n++) site.publish('t', String(n), { qos: 1 });
  await site.rest();
  const back = site.client('c', { expirySeconds: 0 });
  await site.rest();
  assert.deepEqual(back.texts, ['1', '2', '3', '4', '5']);
  assert.deepEqual(
    [SESSIONS, ENTRIES, MESSAGES].map((table) => store.size(table)),
    [0, 0, 0],
  );
});

test('a disk that is full holds acknowledgements and nothing else, and what waited is written later', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  const client = site.client('c').subscribe('t').subscribe('u', { qos: 0 });
  await site.rest();
  store.failure = 'no space left on device';
  const number = site.publish('t', 'kept', { qos: 1 });
  site.publish('u', 'at once');
  await until('both are delivered', () => client.texts.length === 2);
  await until('the disk has refused', () => site.events.length > 1);
  assert.ok((site.gateways[0]?.settled ?? 0) < number);
  assert.deepEqual(
    site.events.filter(({ name }) => name.startsWith('mqtt-store')).map(({ fields }) => fields),
    [{ cause: 'no space left on device' }],
  );
  store.failure = undefined;
  await until('all is settled', () => site.gateways[0]?.settled === number + 1);
  assert.equal(site.events.at(-1)?.name, 'mqtt-store-recovered');
  assert.equal(store.size(ENTRIES), 1);
});

test('expiry goes on while the process is down; a clock that was set back makes nothing last longer', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  site.client('short', { expirySeconds: 60 }).subscribe('t').detach();
  site.client('long', { expirySeconds: 3600 }).subscribe('t').detach();
  site.publish('t', 'expires', { qos: 1, properties: Buffer.from([2, 0, 0, 0, 30]) });
  await site.rest();
  site.clock.wall += 100_000;
  const next = restarted(store, site);
  await next.site.second();
  assert.equal(next.site.broker.counts.sessionsNow, 1);
  const back = next.site.client('long');
  await next.site.rest();
  assert.deepEqual([back.attached?.isPresent, back.texts], [true, []]);
  back.detach();
  await next.site.rest();
  next.site.clock.wall = 0;
  const third = restarted(next.store, next.site);
  await third.site.second(3500);
  assert.equal(third.site.broker.counts.sessionsNow, 1);
  await third.site.second(101);
  assert.deepEqual([third.site.broker.counts.sessionsNow, third.store.size(SESSIONS)], [0, 0]);
});

test('a session that ends leaves nothing in the store', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  const client = site.client('c').subscribe('t', { qos: 2 });
  client.taken(1);
  site.publish('t', 'x', { qos: 2 });
  site.publish('t', 'y', { qos: 1 });
  await site.rest();
  client.detach(true, 0);
  await site.rest();
  assert.deepEqual(
    [SESSIONS, ENTRIES, MESSAGES, TAKEN].map((table) => store.size(table)),
    [0, 0, 0, 0],
  );
});

test('retained messages survive, and those that were deleted do not come back', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  site.publish('a', 'one', { qos: 1, retain: true });
  site.publish('a', 'two', { qos: 1, retain: true });
  site.publish('b', 'gone', { retain: true });
  await site.rest();
  site.publish('b', '', { retain: true });
  await site.rest();
  assert.equal(store.size(RETAINED), 1);
  const next = restarted(store, site);
  const client = next.site.client('c').subscribe('#');
  await next.site.rest();
  assert.deepEqual(
    client.messages.map(({ payload, isRetained, qos }) => [payload, isRetained, qos]),
    [['two', true, 1]],
  );
});

test('a message that is retained and waits for clients keeps its body for all of them, after a restart too', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  site.client('away').subscribe('a').detach();
  site.publish('a', 'x', { qos: 1, retain: true });
  await site.rest();
  const next = restarted(store, site);
  const other = next.site.client('other').subscribe('a');
  await next.site.rest();
  other.answer(PUBACK, 1);
  await next.site.rest();
  const third = restarted(next.store, next.site);
  const back = third.site.client('away');
  await third.site.rest();
  assert.deepEqual([other.texts, back.texts], [['x'], ['x']]);
});

test('an entry whose message the store has lost is counted and removed', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  site.client('c').subscribe('t').detach();
  for (const payload of ['1', '2']) site.publish('t', payload, { qos: 1 });
  await site.rest();
  const [first] = [...store.entries(MESSAGES)].map(([key]) => key);
  await store.write([{ table: MESSAGES, key: first ?? 0, value: undefined }]);
  const next = restarted(store, site);
  const back = next.site.client('c');
  await next.site.rest();
  assert.deepEqual(back.texts, ['2']);
  assert.equal(next.site.events.find(({ name }) => name === 'mqtt-sessions-loaded')?.fields.damaged, 1);
  assert.equal(next.store.size(ENTRIES), 1);
});

test('a shared message whose body only the store has goes to another member when its session ends', async () => {
  const site = new Site({ store: new MemoryStore(), residentBytesMax: 0 });
  site.client('short', { expirySeconds: 5 }).subscribe('$share/g/a').detach();
  site.publish('a', 'shared', { qos: 1 });
  await site.rest();
  const other = site.client('other').subscribe('$share/g/a');
  await site.second(6);
  assert.deepEqual(other.texts, ['shared']);
});
