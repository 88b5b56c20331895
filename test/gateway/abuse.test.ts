import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_CONNECT_TIMEOUT, CODE_KEEP_ALIVE_EXPIRED, CODE_MQTT_PACKET_OVERSIZE } from '../../assembly/abi/codes.js';
import { PACKET_BYTES_MAX } from '../../assembly/abi/limits.js';
import type { AclRule } from '../../src/contract/acl/acl.js';
import { hashSecret } from '../../src/contract/identity/service.js';
import { bytes, connect, properties, publish, variable } from '../cases/mqtt-bytes.js';
import { connectAs, OWN } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { KernelDriver } from './kernel-driver.js';

const SECRET = 'sps_of-the-talker';

function opened(): KernelDriver {
  const driver = new KernelDriver(caseDevices);
  driver.open(0);
  return driver;
}

/** Lets `seconds` go by, `each` before every one; answers how many it took until the connection was closed. */
function secondsUntilClosed(driver: KernelDriver, seconds: number, each: (second: number) => void): number {
  for (let second = 1; second <= seconds; second++) {
    each(second);
    driver.nowMs += 1000;
    driver.sweep();
    if (driver.peer(0).isClosed) return second;
  }
  return Number.POSITIVE_INFINITY;
}

test('a stranger that sends its CONNECT byte by byte has as long for it as one that sends nothing', () => {
  const packet = connectAs(5);
  const [slow, silent] = [opened(), opened()];
  const ended = secondsUntilClosed(slow, 30, (second) => slow.feed(0, packet.subarray(second - 1, second)));
  assert.ok(ended < packet.length && ended <= 6, `${ended} s`);
  assert.equal(
    secondsUntilClosed(silent, 30, () => {}),
    ended,
  );
  assert.equal(slow.counter(CODE_CONNECT_TIMEOUT), 1);
});

test('a stranger that announces a large CONNECT is closed by its first bytes, before any memory is kept for it', () => {
  const driver = opened();
  driver.feed(0, bytes(0x10, variable(PACKET_BYTES_MAX)));
  assert.equal(driver.peer(0).isClosed, true);
  assert.equal(driver.counter(CODE_MQTT_PACKET_OVERSIZE), 1);
});

test('a client that never ends a packet is closed a minute after its keep-alive at the latest, however it sends', () => {
  const driver = opened();
  driver.feed(0, connectAs(5, { keepAlive: 2 }));
  driver.sent(0);
  const packet = publish({ level: 5, topic: OWN, qos: 1, payload: 'x'.repeat(1000) });
  const ended = secondsUntilClosed(driver, 500, (second) => driver.feed(0, packet.subarray(second - 1, second)));
  assert.ok(ended > 3 && ended <= 70, `${ended} s`);
  assert.equal(driver.counter(CODE_KEEP_ALIVE_EXPIRED), 1);
});

test('a right that is revoked ends with the next message, also where it was asked for a moment before', () => {
  const driver = opened();
  const services = [{ id: 1, name: 'talker', secretHash: hashSecret('default', 'talker', SECRET) }];
  driver.sessions.setIdentity({ subject: 'services', tenant: 'default', services });
  const allow: AclRule = { id: 1, subject: 'service:talker', action: 'publish', filter: 'news/#', effect: 'allow' };
  const answer = (...rules: AclRule[]) => {
    driver.sessions.setIdentity({ subject: 'acl', tenant: 'default', rules });
    driver.routes.rightsChanged();
    driver.feed(0, publish({ level: 5, topic: 'news/a', qos: 1, packetId: 3, payload: 'x' }));
    driver.sealAndReleaseAll();
    return driver.sent(0)[4] ?? 0;
  };
  driver.feed(0, connect({ level: 5, clientId: 't', user: 'talker', password: SECRET, properties: properties(bytes(0x17, 0)) }));
  driver.sent(0);
  assert.deepEqual([answer(allow), answer(allow), answer(), answer({ ...allow, filter: 'other/#' }), answer(allow)], [0, 0, 0x87, 0x87, 0]);
});

test('no client publishes on topics of the server, whatever rules it has', () => {
  const driver = opened();
  const services = [{ id: 1, name: 'talker', secretHash: hashSecret('default', 'talker', SECRET) }];
  driver.sessions.setIdentity({ subject: 'services', tenant: 'default', services });
  const rules: AclRule[] = ['#', '$SYS/#', '$share/g/#'].map((filter) => ({
    id: 1,
    subject: 'all',
    action: 'both',
    filter,
    effect: 'allow',
  }));
  driver.sessions.setIdentity({ subject: 'acl', tenant: 'default', rules });
  driver.feed(0, connect({ level: 5, clientId: 't', user: 'talker', password: SECRET, properties: properties(bytes(0x17, 0)) }));
  driver.sent(0);
  for (const topic of ['$SYS/broker/uptime', '$share/g/a', '$']) {
    driver.feed(0, publish({ level: 5, topic, qos: 1, packetId: 3, payload: 'x' }));
    driver.sealAndReleaseAll();
    assert.equal(driver.sent(0)[4], 0x87, topic);
  }
});
