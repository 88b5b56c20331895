import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_CONNECT_TIMEOUT, CODE_KEEP_ALIVE_EXPIRED } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_ACKED, COUNTER_GATEWAY_BLOCKS, COUNTER_GATEWAY_RECEIVED } from '../../assembly/abi/counters.js';
import { EVENT_DATA, READ_BYTES } from '../../assembly/abi/gateway.js';
import {
  BLOCK_AGE_US_MAX,
  BLOCK_RECORDS_MAX,
  DEVICE_ID_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  TENANT_ID_BYTES_MAX,
} from '../../assembly/abi/limits.js';
import { cpuMs } from '../../bench/kernel/cpu-clock.js';
import { mqttCases } from '../cases/mqtt.js';
import { PINGREQ, PINGRESP, packet, puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { SLOWNESS } from '../support/until.js';
import { device } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';

const OWN = 'devices/dev-1/telemetry';

function connected(level: 4 | 5, keepAlive = 0): KernelDriver {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  driver.feed(0, connectAs(level, { keepAlive }));
  assert.deepEqual(driver.sent(0), connackAccepted[level]);
  return driver;
}

test('the export list is the one that the host knows', () => {
  const driver = new KernelDriver([]);
  assert.deepEqual(Object.keys(driver.kernel).sort(), [
    'abiVersion',
    'acceptHanded',
    'addDevice',
    'addRoute',
    'aliasOf',
    'allowAliases',
    'answered',
    'blockHash',
    'callCount',
    'clearRoutes',
    'coapClosed',
    'coapJudged',
    'connected',
    'countRefused',
    'durableTo',
    'earlyMs',
    'ended',
    'findDevice',
    'freeSlots',
    'heldRecords',
    'ingest',
    'ingestPart',
    'initSlots',
    'keepNotTaken',
    'keepUnreleased',
    'leave',
    'levelOf',
    'memory',
    'nextSealed',
    'nudge',
    'openedMs',
    'overRateOf',
    'placeOfPubrec',
    'refuseHanded',
    'refuseOfDevice',
    'release',
    'releaseHeld',
    'resumed',
    'sealAll',
    'sealDue',
    'seedRoutes',
    'sendCount',
    'setClock',
    'setHeld',
    'setTaps',
    'starved',
    'sweep',
    'takeHeld',
    'taken',
    'turn',
  ]);
});

test('every case of the catalogue ends the same however it is cut in two', () => {
  for (const each of mqttCases) {
    const step = Math.max(1, Math.floor(each.bytes.length / 64));
    const driver = new KernelDriver(caseDevices);
    for (let cut = 0; cut < each.bytes.length; cut += step) {
      const where = `${each.name}, cut at ${cut}`;
      const codeBefore = driver.counter(each.code ?? 0);
      const recordsBefore = driver.records.length;
      driver.open(0);
      if (each.level !== 0) {
        driver.feed(0, connectAs(each.level));
        assert.deepEqual(driver.sent(0), connackAccepted[each.level], where);
      }
      driver.feed(0, each.bytes.subarray(0, cut));
      driver.feed(0, each.bytes.subarray(cut));
      driver.sealAndReleaseAll();
      assert.equal(driver.sent(0).toString('hex'), Buffer.from(each.answer ?? []).toString('hex'), where);
      assert.equal(driver.peer(0).isClosed, each.closes ?? false, where);
      if (each.code !== undefined) assert.equal(driver.counter(each.code), codeBefore + 1, where);
      assert.deepEqual(
        driver.records.slice(recordsBefore).map((record) => record.device),
        each.records ?? [],
        where,
      );
      driver.close(0);
    }
  }
});

test('a sender of single bytes is looked at only when its packet may be whole', () => {
  const driver = connected(4);
  const sent = publish({ level: 4, topic: OWN, payload: 'x'.repeat(20_000) });
  let turns = 0;
  const turn = driver.turn.bind(driver);
  driver.turn = (events) => {
    turns++;
    turn(events);
  };
  for (const byte of sent) driver.feed(0, Buffer.of(byte));
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 1);
  assert.ok(turns <= 5, `${turns} turns`);
});

test('PUBACK comes when the block is durable, not before, and in one send for one connection', () => {
  const driver = connected(5);
  for (let id = 1; id <= 100; id++) driver.feed(0, publish({ level: 5, topic: OWN, qos: 1, packetId: id }));
  driver.kernel.sealAll();
  driver.push();
  driver.flush();
  assert.equal(driver.sent(0).length, 0);
  assert.equal(driver.kernel.release(), 1);
  assert.equal(driver.kernel.sendCount(), 1);
  driver.flush();
  assert.deepEqual(driver.sent(0), Buffer.concat(Array.from({ length: 100 }, (_, i) => puback(i + 1))));
  assert.equal(driver.counter(COUNTER_GATEWAY_ACKED), 100);
});

test('an answer that comes late does not reach the next holder of the connection number', () => {
  const driver = connected(4);
  driver.feed(0, publish({ level: 4, topic: OWN, qos: 1, packetId: 9 }));
  driver.kernel.sealAll();
  driver.push();
  driver.close(0);
  driver.open(0);
  driver.feed(0, connectAs(4));
  driver.sent(0);
  driver.release();
  assert.equal(driver.sent(0).length, 0);
});

test('a block is sealed at its age, and at once when the log is idle and somebody waits', () => {
  const driver = connected(4);
  driver.feed(0, publish({ level: 4, topic: OWN }));
  driver.kernel.sealDue(1);
  assert.equal(driver.kernel.nextSealed(), -1, 'nobody waits for QoS 0');
  assert.equal(driver.kernel.openedMs(), driver.nowMs);
  driver.nowMs += BLOCK_AGE_US_MAX / 1000;
  driver.kernel.setClock(driver.nowMs * 1000, driver.nowMs);
  driver.kernel.sealDue(0);
  driver.push();
  assert.equal(driver.records.length, 1);
  driver.feed(0, publish({ level: 4, topic: OWN, qos: 1 }));
  driver.kernel.sealDue(0);
  assert.equal(driver.kernel.nextSealed(), -1, 'the log is busy');
  driver.kernel.sealDue(1);
  driver.push();
  assert.equal(driver.records.length, 2);
  assert.equal(driver.kernel.openedMs(), -1);
});

test('a block is sealed at its record limit and when the next record does not fit', () => {
  const driver = connected(4);
  const small = publish({ level: 4, topic: OWN, payload: '' });
  driver.feed(0, Buffer.concat(Array.from({ length: BLOCK_RECORDS_MAX + 1 }, () => small)));
  driver.push();
  assert.equal(driver.records.length, BLOCK_RECORDS_MAX);
  driver.sealAndReleaseAll();
  const large = publish({ level: 4, topic: OWN, payload: Buffer.alloc(PAYLOAD_BYTES_MAX, 'x') });
  for (let i = 0; i < 5; i++) driver.feed(0, large);
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, BLOCK_RECORDS_MAX + 6);
  assert.equal(driver.counter(COUNTER_GATEWAY_BLOCKS), 7, 'two payloads of the maximum do not fit one block');
});

test('without a free slot nothing is consumed, and everything comes through later in its order', () => {
  const driver = connected(4);
  const messages = 600;
  const sent = Array.from({ length: messages }, (_, i) => {
    const payload = String(i).padEnd(PAYLOAD_BYTES_MAX, '.');
    return publish({ level: 4, topic: OWN, qos: 1, packetId: i + 1, payload });
  });
  let starvedTurns = 0;
  for (const bytes of sent) {
    driver.feed(0, bytes);
    while (driver.peer(0).rest.length > 0) {
      assert.equal(driver.kernel.starved(), 1);
      starvedTurns++;
      driver.push();
      driver.release();
      driver.turn([[0, EVENT_DATA]]);
    }
  }
  driver.sealAndReleaseAll();
  assert.ok(starvedTurns > 100, `${starvedTurns} turns found no slot`);
  assert.deepEqual(
    driver.records.map((record) => Number.parseInt(record.payload, 10)),
    Array.from({ length: messages }, (_, i) => i),
  );
  assert.equal(driver.sent(0).length, messages * 4);
  assert.equal(driver.counter(COUNTER_GATEWAY_RECEIVED), messages);
});

test('a full outbox stops the turn, and the next call resumes at the same event', () => {
  const driver = connected(4);
  const pings = READ_BYTES / 2;
  driver.feed(0, Buffer.concat(Array.from({ length: pings }, () => PINGREQ)));
  assert.equal(driver.sent(0).length, pings * PINGRESP.length);
  assert.equal(driver.peer(0).rest.length, 0);
});

test('deadlines: CONNECT in five seconds, keep-alive times one and a half, pauses not counted', () => {
  const driver = connected(5, 10);
  driver.open(1);
  driver.nowMs += 5000;
  driver.sweep();
  assert.equal(driver.peer(1).isClosed, false);
  driver.nowMs += 1;
  driver.sweep();
  assert.equal(driver.peer(1).isClosed, true);
  assert.equal(driver.counter(CODE_CONNECT_TIMEOUT), 1);
  driver.feed(0, PINGREQ);
  driver.sent(0);
  driver.nowMs += 20_000;
  driver.turn([]);
  driver.kernel.resumed();
  driver.sweep();
  driver.nowMs += 15_000;
  driver.feed(0, packet(0xc0).subarray(0, 1)); // The head of a packet is no sign of life.
  driver.sweep();
  assert.equal(driver.peer(0).isClosed, false);
  driver.nowMs += 1;
  driver.sweep();
  assert.deepEqual(driver.sent(0), packet(0xe0, 0x8d, 0));
  assert.equal(driver.peer(0).isClosed, true);
  assert.equal(driver.counter(CODE_KEEP_ALIVE_EXPIRED), 1);
});

test('a packet that is under way has a minute for the rest of it, however short the keep-alive', () => {
  for (const isWhole of [true, false]) {
    const driver = connected(4, 10);
    const message = publish({ level: 4, topic: OWN, payload: 'x'.repeat(300) });
    driver.feed(0, message.subarray(0, 100));
    driver.nowMs += 60_000;
    driver.turn([]);
    driver.sweep();
    assert.equal(driver.peer(0).isClosed, false);
    if (isWhole) driver.feed(0, message.subarray(100));
    driver.nowMs += 15_000;
    driver.turn([]);
    driver.sweep();
    assert.equal(driver.peer(0).isClosed, false);
    driver.nowMs += 1;
    driver.turn([]);
    driver.sweep();
    assert.equal(driver.peer(0).isClosed, true, isWhole ? 'from the last byte on' : 'a packet that never ends');
  }
});

test('the device table: names at their limits, replaced in place, refused when they are no topic level', () => {
  const driver = new KernelDriver([]);
  const tenant = 't'.repeat(TENANT_ID_BYTES_MAX);
  const id = 'd'.repeat(DEVICE_ID_BYTES_MAX);
  const entry = driver.directory.put(device(1, id, { tenant }));
  assert.equal(entry, 0);
  assert.equal(driver.directory.find(tenant, id), 0);
  assert.equal(driver.directory.put(device(1, id, { tenant, status: 'inactive' })), 0);
  assert.equal(driver.directory.isActive(0), false);
  assert.equal(driver.directory.find(`${tenant}t`, id.slice(1)), undefined, 'names are compared part by part');
  assert.equal(driver.directory.put(device(2, `${id}d`)), undefined);
  for (const wrong of ['', 'a/b', 'a+', '#', 'a\0b']) assert.equal(driver.directory.put(device(3, wrong)), undefined, wrong);
  assert.equal(driver.directory.put(device(0, 'zero')), undefined);
});

test('ten thousand devices are taken in well under a second and all are found', () => {
  const driver = new KernelDriver([]);
  const tokenHash = Buffer.alloc(32);
  const startedMs = cpuMs();
  for (let i = 1; i <= 10_000; i++) driver.directory.put(device(i, `dev-${String(i).padStart(6, '0')}`, { tokenHash }));
  assert.ok(cpuMs() - startedMs < 1000 * SLOWNESS);
  for (let i = 1; i <= 10_000; i++) {
    const entry = driver.directory.find('default', `dev-${String(i).padStart(6, '0')}`);
    assert.equal(entry, i - 1);
  }
  assert.equal(driver.directory.find('default', 'dev-010001'), undefined);
});
