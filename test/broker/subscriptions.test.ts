import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilterTree, TopicTree } from '../../src/broker/topic-tree.js';
import { MemoryStore } from './memory-store.js';
import { Site } from './site.js';

const PUBACK = 4;

/** The rule of MQTT 5 §4.7 written down once more, level by level. */
function matches(filter: string, topic: string): boolean {
  const [levels, names] = [filter.split('/'), topic.split('/')];
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  for (const [index, level] of levels.entries()) {
    if (level === '#') return true;
    if (index >= names.length || (level !== '+' && level !== names[index])) return false;
  }
  return levels.length === names.length;
}

const topics = ['a', 'a/b', 'a/b/c', '/a', 'a/', '/', '//', '$SYS/a', '$SYS', 'a/$SYS', 'b/b', 'A'];
const filters = ['a', '+', '#', 'a/#', 'a/+', '+/b', '+/+', '/+', '/#', '+/#', 'a/+/c', '$SYS/#', '$SYS/+', 'a/b', '+/$SYS', '//'];

test('filters find their topics and topics their filters, whatever comes and goes', () => {
  const [tree, retained] = [new FilterTree<string>(), new TopicTree<string>()];
  for (const filter of filters) tree.set(filter, filter);
  for (const topic of topics) retained.set(topic, topic);
  const check = (live: readonly string[]) => {
    for (const topic of topics) assert.deepEqual(tree.match(topic).sort(), live.filter((filter) => matches(filter, topic)).sort(), topic);
  };
  check(filters);
  for (const filter of filters)
    assert.deepEqual(retained.find(filter).sort(), topics.filter((topic) => matches(filter, topic)).sort(), filter);
  for (const [index, filter] of filters.entries()) {
    tree.delete(filter);
    check(filters.slice(index + 1));
  }
  for (const topic of topics) retained.delete(topic);
  assert.deepEqual([retained.find('#'), retained.size], [[], 0]);
});

test('overlapping subscriptions of a client give one message, at the highest QoS and with all identifiers', async () => {
  const site = new Site();
  const client = site
    .client('c')
    .subscribe('a/#', { qos: 0, identifier: 1 })
    .subscribe('a/+', { qos: 2, identifier: 2 })
    .subscribe('a/b', { qos: 1 });
  site.publish('a/b', 'x', { qos: 2 });
  await site.rest();
  assert.deepEqual(
    client.messages.map(({ qos, identifiers }) => [qos, [...identifiers].sort()]),
    [[2, [1, 2]]],
  );
});

test('a subscription to the same filter takes the place of the one before', async () => {
  const site = new Site();
  const client = site.client('c').subscribe('a', { qos: 2, identifier: 1 }).subscribe('a', { qos: 0, identifier: 2 });
  site.publish('a', 'x', { qos: 2 });
  client.unsubscribe('a', 'a', 'b');
  site.publish('a', 'y', { qos: 2 });
  await site.rest();
  assert.deepEqual(
    client.messages.map(({ qos, identifiers }) => [qos, identifiers]),
    [[0, [2]]],
  );
  assert.deepEqual(client.double.of('unsubscribed')[0]?.codes, [0, 0x11, 0x11]);
});

test('No Local keeps a client from its own messages, as far as no other subscription wants them', async () => {
  const site = new Site();
  const client = site.client('c').subscribe('a/#', { noLocal: true, qos: 2 });
  const other = site.client('o').subscribe('a/#');
  client.publish('a/b', 'first', { qos: 2 });
  client.subscribe('a/b', { qos: 1 });
  client.publish('a/b', 'second', { qos: 2 });
  site.publish('a/b', 'third', { qos: 2 });
  await site.rest();
  assert.deepEqual(
    client.messages.map(({ payload, qos }) => [payload, qos]),
    [
      ['second', 1],
      ['third', 2],
    ],
  );
  assert.deepEqual(other.texts, ['first', 'second', 'third']);
});

test('RETAIN goes on only where a subscription asks for it', async () => {
  const site = new Site();
  const [plain, kept] = [site.client('p').subscribe('a'), site.client('k').subscribe('a', { retainAsPublished: true })];
  site.publish('a', 'x', { retain: true });
  site.publish('a', 'y');
  await site.rest();
  assert.deepEqual(
    [plain, kept].map(({ messages }) => messages.map(({ isRetained }) => isRetained)),
    [
      [false, false],
      [true, false],
    ],
  );
});

test('retained messages follow SUBACK, as Retain Handling says, and shared subscriptions get none', async () => {
  const site = new Site();
  site.publish('a/b', 'kept', { qos: 1, retain: true });
  site.publish('a/c', 'deleted', { qos: 1, retain: true });
  site.publish('a/c', '', { retain: true });
  const client = site.client('c').subscribe('a/#', { retainHandling: 1, qos: 2 });
  await site.rest();
  assert.deepEqual(
    client.messages.map(({ payload, isRetained, qos }) => [payload, isRetained, qos]),
    [['kept', true, 1]],
  );
  assert.ok(
    client.double.all.findIndex(({ kind }) => kind === 'subscribed') < client.double.all.findIndex(({ kind }) => kind === 'message'),
  );
  client.subscribe('a/#', { retainHandling: 1 }).subscribe('+/b', { retainHandling: 2 }).subscribe('$share/g/a/#');
  await site.rest();
  assert.equal(client.messages.length, 1);
  client.subscribe('a/#', { retainHandling: 0 });
  await site.rest();
  assert.equal(client.messages.length, 2);
});

test('retained messages are bounded, and say so; they expire', async () => {
  const site = new Site({ limits: { retainedPerTenantMax: 2 } });
  site.publish('a', 'a', { retain: true, properties: Buffer.from([2, 0, 0, 0, 10]) });
  for (const topic of ['b', 'c']) site.publish(topic, topic, { retain: true });
  assert.deepEqual(
    site.events.filter(({ name }) => name === 'mqtt-retained-full').map(({ fields }) => fields),
    [{ tenant: 'acme', topic: 'c' }],
  );
  assert.deepEqual([site.broker.counts.retainedNow, site.broker.counts.retainedFull], [2, 1]);
  await site.second(11);
  site.publish('c', 'c', { retain: true });
  const client = site.client('c').subscribe('#');
  await site.rest();
  assert.deepEqual(client.texts.sort(), ['b', 'c']);
});

test('members of a shared subscription take turns; one that is away gets messages only when all are', async () => {
  const site = new Site();
  const members = ['a', 'b', 'c'].map((name) => site.client(name).subscribe('$share/g/t/#', { qos: 1 }));
  const other = site.client('other').subscribe('$share/h/t/#');
  for (let n = 1; n <= 6; n++) site.publish('t/x', String(n), { qos: 1 });
  await site.rest();
  assert.deepEqual(
    members.map(({ texts }) => texts),
    [
      ['1', '4'],
      ['2', '5'],
      ['3', '6'],
    ],
  );
  assert.equal(other.texts.length, 6);
  members[0]?.detach();
  members[1]?.detach();
  for (let n = 7; n <= 9; n++) site.publish('t/x', String(n), { qos: 1 });
  await site.rest();
  assert.deepEqual(members[2]?.texts, ['3', '6', '7', '8', '9']);
  members[2]?.detach();
  site.publish('t/x', '10', { qos: 1 });
  assert.equal(site.broker.counts.queuedNow, 10 + 10);
});

test('what a member that leaves for good has not acknowledged goes to another, but for QoS 2 under way', async () => {
  const site = new Site();
  const leaving = site.client('a', { expirySeconds: 0, receiveMax: 2 }).subscribe('$share/g/t', { qos: 2 });
  site.publish('t', '1', { qos: 1 });
  site.publish('t', '2', { qos: 2 });
  site.publish('t', '3', { qos: 2 });
  const staying = site.client('b').subscribe('$share/g/t', { qos: 2 });
  await site.rest();
  assert.deepEqual(leaving.texts, ['1', '2']);
  leaving.detach(false);
  await site.rest();
  assert.deepEqual(staying.texts, ['1', '3']);
});

test('a client has so many subscriptions, and is told which ones are too many', async () => {
  const site = new Site({ limits: { subscriptionsPerClientMax: 2 } });
  const client = site.client('c').subscribe('a').subscribe('b').subscribe('c').subscribe('a', { qos: 2 });
  await site.rest();
  assert.deepEqual(client.codes, [[1], [1], [0x97], [2]]);
});

test('gateways learn which filters there are, once each and without those that nobody has any more', async () => {
  const site = new Site();
  const client = site
    .client('c')
    .subscribe('a/+')
    .subscribe('$share/g/a/+')
    .subscribe('$share/g/b')
    .subscribe('$SYS/#')
    .subscribe('x')
    .unsubscribe('x');
  await site.rest();
  client.unsubscribe('a/+');
  await site.rest();
  const known = new Set<string>();
  for (const { added, removed } of site.gateways[1]?.of('taps') ?? []) {
    for (const filter of added) {
      assert.ok(!known.has(filter), 'a filter is made known once');
      known.add(filter);
    }
    for (const filter of removed) known.delete(filter);
  }
  assert.deepEqual([...known], ['a/+', 'b']);
  client.detach(true, 0);
  await site.rest();
  assert.deepEqual(site.gateways[1]?.of('taps').at(-1), { kind: 'taps', tenant: 'acme', added: [], removed: ['a/+', 'b'] });
});

test('gateways learn of a filter before its client learns that it has subscribed', async () => {
  const site = new Site();
  site.client('c').subscribe('a');
  await site.rest();
  const kinds = site.gateways[0]?.all.map(({ kind }) => kind).filter((kind) => kind === 'taps' || kind === 'subscribed');
  assert.deepEqual(kinds, ['taps', 'subscribed']);
});

test('filters of sessions that were loaded are made known as well', async () => {
  const store = new MemoryStore();
  const site = new Site({ store });
  site.client('c').subscribe('a').detach();
  await site.rest();
  const next = new Site({ store: store.crashed() });
  await next.rest();
  assert.deepEqual(next.gateways[0]?.of('taps'), [{ kind: 'taps', tenant: 'acme', added: ['a'], removed: [] }]);
});

test('a route that was remembered is found anew once a filter changes it', async () => {
  const site = new Site();
  const client = site.client('c').subscribe('a/+');
  site.publish('a/b', '1', { qos: 1 });
  const late = site.client('l').subscribe('a/b').subscribe('#');
  site.publish('a/b', '2', { qos: 1 });
  late.unsubscribe('#');
  client.unsubscribe('a/+');
  site.publish('a/b', '3', { qos: 1 });
  await site.rest();
  assert.deepEqual(
    [client.texts, late.texts],
    [
      ['1', '2'],
      ['2', '3'],
    ],
  );
  for (const { packetId } of late.messages) late.answer(PUBACK, packetId);
});
