import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_MQTT_PROTOCOL_ERROR } from '../../assembly/abi/codes.js';
import { Site } from './site.js';

const PUBACK = 4;
const PUBREC = 5;
const PUBCOMP = 7;

test('a message at QoS 0 reaches connected subscribers, and no other', async () => {
  const site = new Site();
  const one = site.client('one').subscribe('a/+', { qos: 0 });
  const other = site.client('other', { gateway: 1 }).subscribe('a/b');
  const foreign = site.client('foreign', { tenant: 'umbrella' }).subscribe('#');
  const publisher = site.client('publisher');
  publisher.publish('a/b', 'hello');
  publisher.publish('b/b', 'nobody');
  await site.rest();
  assert.deepEqual([one.texts, other.texts, foreign.texts, publisher.texts], [['hello'], ['hello'], [], []]);
  assert.equal(one.messages[0]?.topic, 'a/b');
  assert.equal(one.messages[0]?.connection, one.session + 100);
  assert.equal(site.gateways[0]?.settled, 2);
});

test('the QoS of a delivery is the lower one of message and subscription', async () => {
  const site = new Site();
  const clients = [0, 1, 2].map((qos) => site.client(`c${qos}`).subscribe('t', { qos: qos as 0 | 1 | 2 }));
  for (const qos of [0, 1, 2]) site.publish('t', String(qos), { qos });
  await site.rest();
  assert.deepEqual(
    clients.map(({ messages }) => messages.map(({ qos }) => qos)),
    [
      [0, 0, 0],
      [0, 1, 1],
      [0, 1, 2],
    ],
  );
  assert.deepEqual(
    clients[2]?.messages.map(({ packetId }) => packetId),
    [0, 1, 2],
  );
});

test('no more than Receive Maximum is under way, and each acknowledgement lets the next one go', async () => {
  const site = new Site();
  const client = site.client('slow', { receiveMax: 2 }).subscribe('t', { qos: 2 });
  for (let n = 1; n <= 4; n++) site.publish('t', String(n), { qos: n === 2 ? 2 : 1 });
  await site.rest();
  assert.deepEqual(client.texts, ['1', '2']);
  client.answer(PUBACK, 1);
  await site.rest();
  assert.deepEqual(client.texts, ['1', '2', '3']);
  client.answer(PUBREC, 2);
  await site.rest();
  assert.deepEqual([client.texts.length, client.pubrels], [3, [2]]);
  client.answer(PUBCOMP, 2);
  await site.rest();
  assert.deepEqual(client.texts, ['1', '2', '3', '4']);
});

test('PUBREC with an error ends the exchange', async () => {
  const site = new Site();
  const client = site.client('refuses', { receiveMax: 1 }).subscribe('t', { qos: 2 });
  site.publish('t', '1', { qos: 2 });
  site.publish('t', '2', { qos: 2 });
  client.answer(PUBREC, 1, 0x97);
  await site.rest();
  assert.deepEqual([client.texts, client.pubrels], [['1', '2'], []]);
});

test('PUBREC of an unknown id gets PUBREL, so that the client can finish', async () => {
  const site = new Site();
  const client = site.client('c');
  client.answer(PUBREC, 77);
  await site.rest();
  assert.deepEqual(client.pubrels, [77]);
});

test('an offline client gets what waited at QoS 1 and 2, in order, when it is back', async () => {
  const site = new Site();
  site.client('c').subscribe('#', { qos: 2 }).detach();
  for (const [n, qos] of [1, 0, 2, 1].entries()) site.publish(`t/${n}`, String(n), { qos });
  const back = site.client('c');
  await site.rest();
  assert.equal(back.attached?.isPresent, true);
  assert.deepEqual(back.texts, ['0', '2', '3']);
  assert.ok(back.messages.every(({ isAgain }) => !isAgain));
});

test('what was under way is sent again on reconnect only, with its id and DUP, before everything else', async () => {
  const site = new Site();
  const first = site.client('c', { receiveMax: 3 }).subscribe('t', { qos: 2 });
  for (let n = 1; n <= 5; n++) site.publish('t', String(n), { qos: n === 1 ? 1 : 2 });
  first.answer(PUBREC, 2);
  await site.rest();
  assert.deepEqual(first.texts, ['1', '2', '3']);
  first.detach(false);
  const back = site.client('c', { receiveMax: 4 });
  await site.rest();
  assert.deepEqual(
    back.messages.map(({ payload, packetId, isAgain }) => [payload, packetId, isAgain]),
    [
      ['1', 1, true],
      ['3', 3, true],
      ['4', 4, false],
    ],
  );
  assert.deepEqual(back.pubrels, [2]);
});

test('a window that has become smaller holds for what is sent again, too', async () => {
  const site = new Site();
  const first = site.client('c', { receiveMax: 3 }).subscribe('t');
  for (let n = 1; n <= 3; n++) site.publish('t', String(n), { qos: 1 });
  await site.rest();
  first.detach(false);
  const back = site.client('c', { receiveMax: 1 });
  await site.rest();
  assert.deepEqual(back.texts, ['1']);
  back.answer(PUBACK, 1);
  await site.rest();
  assert.deepEqual(
    back.messages.map(({ packetId }) => packetId),
    [1, 2],
  );
});

test('a full queue does not take the newest message; it is counted, and reported once a minute', async () => {
  const site = new Site({ limits: { queuedPerClientMax: 2 } });
  site.client('c').subscribe('t').detach();
  for (let n = 1; n <= 5; n++) site.publish('t', String(n), { qos: 1 });
  const back = site.client('c');
  await site.rest();
  assert.deepEqual(back.texts, ['1', '2']);
  assert.equal(site.broker.counts.droppedFull, 3);
  assert.deepEqual(
    site.events.filter(({ name }) => name === 'mqtt-queue-full').map(({ fields }) => fields),
    [{ tenant: 'acme', client: 'c', dropped: 1 }],
  );
  await site.second(61);
  site.publish('t', '6', { qos: 1 });
  assert.equal(site.events.filter(({ name }) => name === 'mqtt-queue-full').length, 2);
});

test('queues are bounded by bytes, for a client and for its tenant', async () => {
  const bytes = 8 + 't'.length + 100;
  const site = new Site({ limits: { queuedBytesPerClientMax: 3 * bytes, queuedBytesPerTenantMax: 4 * bytes } });
  for (const name of ['a', 'b']) site.client(name).subscribe('t').detach();
  for (let n = 0; n < 5; n++) site.publish('t', 'x'.repeat(100), { qos: 1 });
  assert.equal(site.broker.counts.queuedBytesNow, 4 * bytes);
  const [a, b] = [site.client('a'), site.client('b')];
  await site.rest();
  assert.deepEqual([a.messages.length, b.messages.length], [2, 2]);
  for (const client of [a, b]) for (const { packetId } of client.messages) client.answer(PUBACK, packetId);
  assert.equal(site.broker.counts.queuedBytesNow, 0);
  assert.equal(site.broker.counts.queuedNow, 0);
});

test('a message expires in its queue, and what is delivered says how long it still has', async () => {
  const site = new Site();
  site.client('c').subscribe('t').detach();
  const expiry = (seconds: number) => Buffer.from([1, 1, 2, 0, 0, 0, seconds, 0x26, 0, 1, 97, 0, 1, 98]);
  site.publish('t', 'short', { qos: 1, properties: expiry(5) });
  site.publish('t', 'long', { qos: 1, properties: expiry(60) });
  await site.second(10);
  const back = site.client('c');
  await site.rest();
  assert.deepEqual(back.texts, ['long']);
  assert.deepEqual([...(back.messages[0]?.properties ?? [])], [...expiry(50)]);
  assert.equal(site.broker.counts.expired, 1);
});

for (const [qos, answers] of [
  [1, [PUBREC]],
  [1, [PUBCOMP]],
  [2, [PUBACK]],
  [2, [PUBCOMP]],
  [2, [PUBREC, PUBACK]],
] as const) {
  test(`an answer of another QoS ends the connection, and the message is sent again: ${qos}, ${answers.join(' ')}`, async () => {
    const site = new Site();
    const client = site.client('one').subscribe('t', { qos: 2 });
    site.publish('t', 'x', { qos });
    await site.rest();
    for (const answer of answers) client.answer(answer, 1);
    await site.rest();
    assert.equal(client.ended, CODE_MQTT_PROTOCOL_ERROR);
    client.detach();
    const next = site.client('one');
    await site.rest();
    if (answers.length === 1) assert.deepEqual(next.texts, ['x']);
    else assert.deepEqual(next.pubrels, [1]);
  });
}
