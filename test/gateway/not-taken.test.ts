import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_DEVICE_INACTIVE, CODE_PAYLOAD_OVERSIZE, CODE_TOPIC_UNKNOWN } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED, COUNTER_GATEWAY_REFUSED } from '../../assembly/abi/counters.js';
import { ROUTE_TOPIC_BYTES_MAX } from '../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { PROFILE_NOT_TAKEN } from '../../assembly/abi/profiles.js';
import { decodeContext } from '../../src/contract/record-context.js';
import { bytes, PINGREQ, PINGRESP, puback, pubcomp, publish, pubrec, pubrel } from '../cases/mqtt-bytes.js';
import { connectAs, OWN } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { KernelDriver } from './kernel-driver.js';

/** A gateway that keeps what 3.1.1 clients may not publish, with a connection of `dev-1`. */
function connected(level: 4 | 5 = 4): KernelDriver {
  const driver = new KernelDriver(caseDevices, 4, true);
  driver.open(0);
  driver.feed(0, connectAs(level));
  driver.sent(0);
  return driver;
}

/** What the records of topics that were not taken say: device, topic, payload. */
function kept(driver: KernelDriver): unknown[] {
  return driver.records.map(({ device, context, payload }) => {
    const { profile, topic } = decodeContext(Buffer.from(context ?? [])) ?? {};
    assert.equal(profile, PROFILE_NOT_TAKEN);
    return [device, topic, payload];
  });
}

function assertAlive(driver: KernelDriver): void {
  driver.feed(0, PINGREQ);
  assert.deepEqual(driver.sent(0), PINGRESP);
  const received = driver.counter(COUNTER_GATEWAY_RECEIVED);
  assert.equal(received, driver.counter(COUNTER_GATEWAY_ACCEPTED) + driver.counter(COUNTER_GATEWAY_REFUSED));
}

const notTaken = ['hello/world', 'devices/dev-2/telemetry', 'devices/sub-of-2/telemetry', 'tenant/acme/device/dev-1/data'];

test('a topic that is not taken costs a 3.1.1 client nothing: its message is kept as its own and acknowledged once it is durable', () => {
  for (const topic of notTaken) {
    const driver = connected();
    const sent = [0, 1, 2].map((qos) => publish({ level: 4, topic, qos, packetId: 10 + qos, payload: `${qos}` }));
    driver.feed(0, bytes(...sent));
    assert.equal(driver.sent(0).length, 0, 'nothing is acknowledged before it is durable');
    driver.sealAndReleaseAll();
    assert.deepEqual(driver.sent(0), bytes(puback(11), pubrec(12)));
    driver.feed(0, pubrel(12));
    assert.deepEqual(driver.sent(0), pubcomp(12));
    assert.deepEqual(
      kept(driver),
      [0, 1, 2].map((qos) => [1, topic, `${qos}`]),
    );
    assertAlive(driver);
  }
});

test('a version 5 client is told of the same topic by a code', () => {
  const driver = connected(5);
  for (const topic of notTaken) {
    driver.feed(0, publish({ level: 5, topic, qos: 1 }));
    assert.equal(driver.sent(0)[4], topic === 'hello/world' ? 0x90 : 0x87, topic);
  }
  driver.open(1);
  driver.feed(1, connectAs(4));
  driver.feed(1, publish({ level: 4, topic: 'hello/world', qos: 1, packetId: 3 }));
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(1).subarray(-4), puback(3), 'what the gateway knows of the topic serves both versions');
  assert.deepEqual(kept(driver), [[1, 'hello/world', '{}']]);
});

test('a message of many devices with one that is not the gateway device’s is kept whole', () => {
  const driver = connected();
  const topic = 'v1/gateway/telemetry';
  const payload = '{"sub-1":[{"t":1}],"dev-2":[{"t":2}]}';
  driver.feed(0, publish({ level: 4, topic, qos: 1, packetId: 5, payload }));
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), puback(5));
  assert.deepEqual(kept(driver), [[1, topic, payload]]);
  assertAlive(driver);
});

test('what cannot be kept is acknowledged and counted: too large, a topic too long, a sub-device that is not active', () => {
  const driver = connected();
  const large = Buffer.alloc(PAYLOAD_BYTES_MAX + 1, 'x');
  driver.feed(0, publish({ level: 4, topic: OWN, qos: 1, packetId: 1, payload: large }));
  driver.feed(0, publish({ level: 4, topic: 'x'.repeat(ROUTE_TOPIC_BYTES_MAX + 1), qos: 1, packetId: 2 }));
  driver.feed(0, publish({ level: 4, topic: 'devices/sub-off/telemetry', qos: 2, packetId: 3 }));
  assert.deepEqual(driver.sent(0), bytes(puback(1), puback(2), pubrec(3)));
  for (const code of [CODE_PAYLOAD_OVERSIZE, CODE_TOPIC_UNKNOWN, CODE_DEVICE_INACTIVE]) assert.equal(driver.counter(code), 1);
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 0);
  assertAlive(driver);
});

test('a device that is not known ends the connection: it may be registered a moment later, and its message is sent again', () => {
  const driver = connected();
  driver.feed(0, publish({ level: 4, topic: 'devices/nobody/telemetry', qos: 1 }));
  assert.equal(driver.peer(0).isClosed, true);
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 0);
});

test('a topic that is no topic still ends the connection', () => {
  const driver = connected();
  driver.feed(0, publish({ level: 4, topic: 'a/+', qos: 1 }));
  assert.equal(driver.peer(0).isClosed, true);
});
