import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OUTGOING } from '../../src/broker/store/store.js';
import { TRAFFIC_TAKEN } from '../../src/contract/broker/traffic.js';
import { Process, rest, Topic } from './exchange-site.js';
import { TestClock, writeId, writePublish } from './site.js';

const EXPIRY_60 = Buffer.from([2, 0, 0, 0, 60]);

function processes(count = 2): { topic: Topic; all: Process[] } {
  const topic = new Topic();
  const clock = new TestClock();
  return { topic, all: Array.from({ length: count }, () => new Process(topic, clock)) };
}

test('a message reaches subscribers at another process once it is in the exchange, and no sooner its publisher is answered', async () => {
  const { topic, all } = processes();
  const [here, there] = all as [Process, Process];
  const subscriber = there.site.client('s').subscribe('a/+', { qos: 2 });
  const publisher = here.site.client('p');
  await rest(all);
  for (const qos of [0, 1, 2]) publisher.publish('a/b', String(qos), { qos });
  const number = publisher.publish('c', 'nobody wants it', { qos: 1 });
  const length = topic.records.length;
  await here.site.rest();
  assert.ok(publisher.double.settled < number, 'not answered before the exchange has it');
  await rest(all);
  assert.equal(publisher.double.settled, number);
  assert.deepEqual(
    subscriber.messages.map(({ payload, qos }) => [payload, qos]),
    [
      ['0', 0],
      ['1', 1],
      ['2', 2],
    ],
  );
  assert.equal(topic.records.length, length + 1);
  assert.equal(here.site.broker.counts.exchangeSent, 3);
  assert.equal(here.store.size(OUTGOING), 0);
});

test('what nobody at another process wants costs the exchange nothing', async () => {
  const { topic, all } = processes();
  const [here, there] = all as [Process, Process];
  const own = here.site.client('o').subscribe('a', { qos: 1 });
  const left = there.site.client('l').subscribe('a', { qos: 1 });
  await rest(all);
  left.unsubscribe('a');
  await rest(all);
  const { length } = topic.records;
  here.site.publish('a', '1', { qos: 1 });
  await rest(all);
  assert.deepEqual([own.texts, topic.records.length], [['1'], length]);
});

test('a message on its way grows older', async () => {
  const { all } = processes();
  const [here, there] = all as [Process, Process];
  const subscriber = there.site.client('s').subscribe('a', { qos: 1 });
  await rest(all);
  here.site.publish('a', 'late', { qos: 1, properties: EXPIRY_60 });
  await here.site.rest();
  here.clock.pass(20_000);
  await rest(all);
  assert.deepEqual(
    subscriber.messages.map(({ properties }) => properties.readUInt32BE(1)),
    [40],
  );
  here.site.publish('a', 'too late', { qos: 1, properties: EXPIRY_60 });
  await here.site.rest();
  here.clock.pass(60_000);
  await rest(all);
  assert.deepEqual(subscriber.texts, ['late']);
});

test('of a group over two processes one member gets each message, one that is connected if there is one', async () => {
  const { all } = processes(3);
  const [here, there, third] = all as [Process, Process, Process];
  const members = [here, there].map((one, index) => one.site.client(`m${index}`).subscribe('$share/g/a', { qos: 1 }));
  await rest(all);
  here.site.publish('a', '1', { qos: 1 });
  there.site.publish('a', '2', { qos: 1 });
  third.site.publish('a', '3', { qos: 1 });
  await rest(all);
  assert.deepEqual(members.flatMap(({ texts }) => texts).sort(), ['1', '2', '3']);
  members[0]?.detach();
  here.site.publish('a', '4', { qos: 1 });
  await rest(all);
  assert.equal(members[1]?.texts.at(-1), '4');
});

test('retained messages of all processes are everywhere the same, those deleted by an operator too', async () => {
  const { topic, all } = processes();
  const [here, there] = all as [Process, Process];
  await rest(all);
  // Both before they read what the other one did.
  here.site.publish('a', 'here', { qos: 1, retain: true });
  there.site.publish('a', 'there', { qos: 1, retain: true });
  here.site.publish('b', 'b', { qos: 0, retain: true });
  await rest(all);
  const added = new Process(topic, here.clock);
  const seen = async (filter: string) => {
    const clients = [...all, added].map(({ site }) => site.client(`r-${filter}`).subscribe(filter));
    await rest([...all, added]);
    return clients.map(({ texts }) => texts);
  };
  assert.deepEqual(await seen('a'), [['there'], ['there'], ['there']]);
  await there.site.ask({ kind: 'drop-retained', tenant: 'acme', topic: 'b' });
  await rest([...all, added]);
  assert.deepEqual(await seen('b'), [[], [], []]);
});

test('a session waits at a process that is down, and gets what was published meanwhile', async () => {
  const { all } = processes();
  const [here, there] = all as [Process, Process];
  there.site.client('s').subscribe('a', { qos: 1 });
  await rest(all);
  there.crash();
  here.crash();
  here.site.publish('a', '1', { qos: 1 });
  await rest([here]);
  there.crash();
  const back = there.site.client('s');
  await rest(all);
  assert.deepEqual([back.attached?.isPresent, back.texts], [true, ['1']]);
});

test('a process that is away for longer than sessions last is forgotten, and learnt again when it is back', async () => {
  const { all } = processes();
  const [here, there] = all as [Process, Process];
  there.site.client('s').subscribe('a', { qos: 1 });
  await rest(all);
  await here.site.second(86_401);
  assert.equal(here.site.events.filter(({ name }) => name === 'mqtt-process-forgotten').length, 1);
  there.crash();
  const back = there.site.client('s', { cleanStart: true }).subscribe('a', { qos: 1 });
  await rest(all);
  here.site.publish('a', '1', { qos: 1 });
  await rest(all);
  assert.deepEqual(back.texts, ['1']);
});

test('records that were removed unread are reported', async () => {
  const { topic, all } = processes();
  const [here] = all as [Process];
  await rest(all);
  here.site.broker.exchangeRecords([{ offset: topic.records.length + 5, bytes: new Uint8Array(0) }]);
  const gap = here.site.events.find(({ name }) => name === 'mqtt-exchange-gap');
  assert.deepEqual(gap?.fields, { from: topic.records.length, to: topic.records.length + 4 });
});

test('gateways learn which telemetry clients at another process want', async () => {
  const { all } = processes();
  const [here, there] = all as [Process, Process];
  const subscriber = there.site.client('s').subscribe('devices/+/telemetry');
  await rest(all);
  const taps = () => here.site.gateways[0]?.of('taps').map(({ added, removed }) => [added, removed]);
  assert.deepEqual(taps(), [[['devices/+/telemetry'], []]]);
  const own = here.site.client('o').subscribe('devices/+/telemetry');
  subscriber.unsubscribe('devices/+/telemetry');
  await rest(all);
  assert.equal(taps()?.length, 1, 'a client here wants it still');
  own.unsubscribe('devices/+/telemetry');
  await rest(all);
  assert.deepEqual(taps()?.at(-1), [[], ['devices/+/telemetry']]);
});

test('a batch of the store never has the id of a message at QoS 2 without the message itself', async () => {
  const { all } = processes();
  const [here, there] = all as [Process, Process];
  const subscriber = there.site.client('s').subscribe('a', { qos: 2 });
  await rest(all);
  const { session } = here.site.client('p');
  await rest(all);
  const publish = (id: number) =>
    here.site.traffic(0, (writer) => {
      writePublish(writer, session, '', 'a', String(id), { qos: 2 });
      writeId(writer, TRAFFIC_TAKEN, session, id);
    });
  here.store.hold();
  publish(1);
  await new Promise(setImmediate);
  publish(2);
  // The store has the first batch, and the journal begins the second one before the broker's turn.
  here.store.release();
  await new Promise<void>((resolve) => process.nextTick(resolve));
  here.crash();
  const back = here.site.client('p');
  await rest(all);
  assert.deepEqual([...(back.attached?.unreleased ?? [])].map(String), subscriber.texts);
});
