import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_MQTT_UNRELEASED_EXHAUSTED } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_ACKED, COUNTER_GATEWAY_RECEIVED } from '../../assembly/abi/counters.js';
import { POOL_BYTES, RECEIVE_MAX } from '../../assembly/abi/gateway.js';
import { TRAFFIC_RELEASED, TRAFFIC_TAKEN, TrafficReader } from '../../src/contract/broker/traffic.js';
import { hashToken } from '../../src/contract/token.js';
import { disconnect, puback, pubcomp, publish, pubrec, pubrel } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs, OWN } from '../cases/mqtt-case.js';
import { CASE_TOKEN, caseDevices } from '../cases/mqtt-devices.js';
import { Random } from '../support/random.js';
import { device } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';

const IDS_MAX = 65_535;
const QUOTA_EXCEEDED = 0x97;
/** Clients that take all packet ids they get: tables of the largest size until half of the pool is taken, then smaller ones. */
const HOGS = POOL_BYTES / 2 / (8 * (IDS_MAX + 1)) + 8;
/** Ids of a connection that has its share of the pool, and no more. */
const SHARE_IDS = 512;

const idOf = (connection: number) => `dev-${String(connection).padStart(3, '0')}`;
const topicOf = (connection: number) => `devices/${idOf(connection)}/telemetry`;

function driverOf(connections: number, keepsNotTaken = false): KernelDriver {
  const entries = Array.from({ length: connections }, (_, i) =>
    device(i + 1, idOf(i), { tokenHash: hashToken('default', idOf(i), CASE_TOKEN) }),
  );
  return new KernelDriver(entries, 4, keepsNotTaken);
}

function login(driver: KernelDriver, connection: number, level: 4 | 5): void {
  driver.open(connection);
  driver.feed(connection, connectAs(level, { clientId: idOf(connection) }));
  assert.deepEqual(driver.sent(connection), connackAccepted[level]);
}

function feed(driver: KernelDriver, connection: number, level: 4 | 5, packetIds: Iterable<number>): void {
  const sent = Array.from(packetIds, (packetId) => publish({ level, topic: topicOf(connection), qos: 2, packetId, payload: '' }));
  driver.feed(connection, Buffer.concat(sent));
}

const idsUpTo = (highest: number) => Array.from({ length: highest }, (_, i) => i + 1);

/** A PUBLISH with each packet id there is, at version 3.1.1; made once, as there are millions. */
const everyId = Buffer.concat(
  Array.from({ length: IDS_MAX }, (_, i) => publish({ level: 4, topic: topicOf(0), qos: 2, packetId: i + 1, payload: '' })),
);

function feedEveryId(driver: KernelDriver, connection: number): void {
  const number = Buffer.from(idOf(connection).slice(4));
  const bytes = everyId.length / IDS_MAX;
  const at = everyId.indexOf('dev-') + 4;
  for (let i = 0; i < IDS_MAX; i++) number.copy(everyId, i * bytes + at);
  driver.feed(connection, everyId);
}

test('PUBREC waits for the log, PUBCOMP does not, and neither overtakes the other', () => {
  const driver = driverOf(1);
  login(driver, 0, 5);
  feed(driver, 0, 5, [7]);
  assert.equal(driver.sent(0).length, 0);
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), pubrec(7));
  feed(driver, 0, 5, [8]);
  driver.feed(0, pubrel(7));
  assert.deepEqual(driver.sent(0), pubcomp(7), 'the log has message 8, and 7 need not wait for it');
  driver.feed(0, pubrel(8));
  assert.equal(driver.sent(0).length, 0, 'the client could not know that 8 is durable');
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), Buffer.concat([pubrec(8), pubcomp(8)]));
  assert.equal(driver.counter(COUNTER_GATEWAY_ACKED), 2, 'each message counts once');
  assert.equal(driver.records.length, 2);
});

test('a message that is sent again before it is durable is one message, and its second PUBREC waits too', () => {
  const driver = driverOf(1);
  login(driver, 0, 4);
  const again = publish({ level: 4, topic: topicOf(0), qos: 2, packetId: 7, dup: true, payload: 'x' });
  feed(driver, 0, 4, [7]);
  driver.feed(0, again);
  assert.equal(driver.sent(0).length, 0);
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), Buffer.concat([pubrec(7), pubrec(7)]));
  driver.feed(0, again);
  assert.deepEqual(driver.sent(0), pubrec(7), 'nothing is before it');
  assert.equal(driver.records.length, 1);
  assert.equal(driver.counter(COUNTER_GATEWAY_RECEIVED), 1);
  assert.equal(driver.counter(COUNTER_GATEWAY_ACKED), 1);
});

/** Operations on packet ids that the broker got, as [operation, packet id]. */
function idsAtBroker(driver: KernelDriver): number[][] {
  return driver.broker.received.flatMap((message) => {
    if (message.kind !== 'traffic') return [];
    const traffic = new TrafficReader(message.bytes);
    const ids: number[][] = [];
    while (!traffic.isDone) {
      const operation = traffic.u8();
      traffic.f64();
      ids.push([operation, traffic.u16()]);
    }
    return ids;
  });
}

test('the broker keeps the id of a message once the log has the message, and PUBREC waits for both', () => {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  driver.feed(0, connectAs(4, { flags: 0xc0 }));
  driver.sent(0);
  driver.feed(0, publish({ level: 4, topic: OWN, qos: 2, packetId: 7, payload: '{}' }));
  driver.feed(0, publish({ level: 4, topic: OWN, qos: 2, packetId: 8, payload: '{}' }));
  assert.deepEqual(idsAtBroker(driver), [], 'a crash now loses the messages: their ids must not outlive it');
  driver.kernel.sealAll();
  driver.push();
  assert.deepEqual([idsAtBroker(driver), driver.sent(0).length], [[], 0]);
  driver.release();
  assert.deepEqual(idsAtBroker(driver), [
    [TRAFFIC_TAKEN, 7],
    [TRAFFIC_TAKEN, 8],
  ]);
  assert.deepEqual(driver.sent(0), Buffer.concat([pubrec(7), pubrec(8)]));
  assert.equal(driver.link.isSettled, true);
});

test('PUBCOMP of a session that is kept waits until its id is kept no longer', () => {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  driver.feed(0, connectAs(4, { flags: 0xc0 }));
  driver.feed(0, publish({ level: 4, topic: OWN, qos: 2, packetId: 7, payload: '{}' }));
  driver.sealAndReleaseAll();
  driver.sent(0);
  const { broker } = driver;
  const drain = broker.drain.bind(broker);
  broker.drain = () => false;
  driver.feed(0, pubrel(7));
  assert.deepEqual(idsAtBroker(driver).at(-1), [TRAFFIC_RELEASED, 7]);
  assert.equal(driver.sent(0).length, 0, 'a crash now keeps the id, so the client must not use it again');
  broker.drain = drain;
  driver.turn([]);
  assert.deepEqual(driver.sent(0), pubcomp(7));
});

test('an id that is released before the log has its message is never kept', () => {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  driver.feed(0, connectAs(4, { flags: 0xc0 }));
  driver.sent(0);
  driver.feed(0, publish({ level: 4, topic: OWN, qos: 2, packetId: 7, payload: '{}' }));
  driver.feed(0, pubrel(7));
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), Buffer.concat([pubrec(7), pubcomp(7)]));
  assert.deepEqual([idsAtBroker(driver), driver.link.isSettled], [[], true]);
});

test('packet ids end with their connection', () => {
  const driver = driverOf(1);
  login(driver, 0, 5);
  feed(driver, 0, 5, [1, 2, 3]);
  driver.close(0);
  login(driver, 0, 5);
  driver.sealAndReleaseAll();
  assert.equal(driver.sent(0).length, 0, 'what was owed to the earlier connection');
  driver.feed(0, pubrel(2));
  assert.deepEqual(driver.sent(0), pubcomp(2, 0x92));
  feed(driver, 0, 5, [1]);
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), pubrec(1));
  assert.equal(driver.records.length, 4);
});

/** Orders in which clients choose packet ids. */
const choices: Record<string, (random: Random, count: number) => number> = {
  'counted up': (_, count) => 1 + (count % IDS_MAX),
  'at random': (random) => 1 + random.below(IDS_MAX),
  'all in one slot of small tables': (random) => 256 * random.below(256) || 1,
  'few, again and again': (random) => 1 + random.below(12),
};

for (const [how, choose] of Object.entries(choices)) {
  test(`held ids are those of a plain set: ${how}`, () => {
    const random = new Random();
    const driver = driverOf(1);
    login(driver, 0, 5);
    const held = new Set<number>();
    let messages = 0;
    for (let count = 0; count < 30_000; count++) {
      // The number of ids held goes up and down, so that tables grow, shrink and are given back.
      const isFilling = count % 6000 < 3000;
      const packetId = choose(random, count);
      const known = held.has(packetId);
      const hasRoom = known || held.size < RECEIVE_MAX;
      if (hasRoom && (isFilling || random.below(4) === 0)) {
        driver.feed(0, publish({ level: 5, topic: topicOf(0), qos: 2, packetId, dup: known, payload: '' }));
        if (!known) messages++;
        held.add(packetId);
      } else {
        const [oldest] = held;
        const released = oldest !== undefined && random.below(3) > 0 ? oldest : packetId;
        if (driver.counter(COUNTER_GATEWAY_ACKED) < messages) driver.sealAndReleaseAll();
        driver.sent(0);
        driver.feed(0, pubrel(released));
        const answer = pubcomp(released, held.delete(released) ? 0 : 0x92);
        assert.equal(driver.sent(0).toString('hex'), answer.toString('hex'), `seed ${random.seed}, step ${count}`);
      }
    }
    driver.sealAndReleaseAll();
    assert.equal(driver.records.length, messages, `seed ${random.seed}`);
    driver.close(0);
  });
}

test('a client of version 5 that sends more than the Receive Maximum is disconnected', () => {
  const driver = driverOf(1);
  login(driver, 0, 5);
  feed(driver, 0, 5, idsUpTo(RECEIVE_MAX));
  driver.sealAndReleaseAll();
  driver.sent(0);
  driver.feed(0, pubrel(1));
  feed(driver, 0, 5, [1]);
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), Buffer.concat([pubcomp(1), pubrec(1)]), 'an id that was released makes room');
  feed(driver, 0, 5, [RECEIVE_MAX + 1]);
  assert.deepEqual(driver.sent(0), disconnect(0x93));
  assert.equal(driver.peer(0).isClosed, true);
});

test('clients that release no packet id leave half of the pool to others, and QoS 1 to themselves', () => {
  const driver = driverOf(HOGS + 3);
  const durable = () => {
    driver.kernel.sealAll();
    while (driver.kernel.nextSealed() >= 0) while (driver.kernel.release() === 0) driver.flush();
    driver.flush();
  };
  for (let connection = 0; connection < HOGS; connection++) {
    login(driver, connection, 4);
    feedEveryId(driver, connection);
    durable();
  }
  assert.equal(driver.sent(0).length, 4 * IDS_MAX, 'a client alone has all its ids');
  const [newer, older] = [HOGS + 1, HOGS + 2];
  login(driver, newer, 5);
  login(driver, older, 4);
  const before = driver.counter(CODE_MQTT_UNRELEASED_EXHAUSTED);
  feed(driver, newer, 5, idsUpTo(SHARE_IDS + 1));
  durable();
  assert.equal(driver.counter(CODE_MQTT_UNRELEASED_EXHAUSTED) - before, 1);
  const answers = driver.sent(newer);
  assert.deepEqual(answers.subarray(0, -5), Buffer.concat(idsUpTo(SHARE_IDS).map((packetId) => pubrec(packetId))));
  assert.deepEqual(answers.subarray(-5), pubrec(SHARE_IDS + 1, QUOTA_EXCEEDED));
  driver.feed(newer, publish({ level: 5, topic: topicOf(newer), qos: 1, packetId: 9 }));
  durable();
  assert.deepEqual(driver.sent(newer), puback(9), 'QoS 1 needs no room');
  feedEveryId(driver, older);
  durable();
  assert.equal(driver.peer(older).isClosed, true, 'version 3.1.1 cannot be told otherwise');
  driver.close(0);
  feed(driver, newer, 5, [SHARE_IDS + 1]);
  durable();
  assert.deepEqual(driver.sent(newer), pubrec(SHARE_IDS + 1), 'what one client gave back another may have');
});

test('a client of 3.1.1 for whose packet id there is no room is not acknowledged, whatever is kept of its other refusals', () => {
  const driver = driverOf(HOGS + 1, true);
  for (let connection = 0; connection < HOGS; connection++) {
    login(driver, connection, 4);
    feedEveryId(driver, connection);
    driver.sealAndReleaseAll();
  }
  login(driver, HOGS, 4);
  feed(driver, HOGS, 4, idsUpTo(SHARE_IDS + 1));
  driver.sealAndReleaseAll();
  assert.equal(driver.sent(HOGS).length, 4 * SHARE_IDS);
  assert.equal(driver.peer(HOGS).isClosed, true, 'it sends the message again');
});
