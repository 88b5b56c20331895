import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_TOPIC_FORBIDDEN } from '../../assembly/abi/codes.js';
import type { AclRule } from '../../src/contract/acl/acl.js';
import type { DeviceEntry } from '../../src/contract/devices.js';
import { hashSecret } from '../../src/contract/identity/service.js';
import { ownTopic } from '../../src/contract/topic-rules/own-topics.js';
import { bytes, connect, properties, publish } from '../cases/mqtt-bytes.js';
import { connectAs } from '../cases/mqtt-case.js';
import { CASE_TOKEN, caseDevices } from '../cases/mqtt-devices.js';
import { CoapClient, codeOf, request } from './coap-client.js';
import { device, GatewayThread } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';

const SECRET = 'sps_of-the-bridge';
const NOT_AUTHORIZED = 0x87;

function deny(filter: string, subject: AclRule['subject'] = 'all', action: AclRule['action'] = 'publish'): AclRule {
  return { id: 1, subject, action, filter, effect: 'deny' };
}

function setRules(driver: KernelDriver, ...rules: AclRule[]): void {
  driver.sessions.setIdentity({ subject: 'acl', tenant: 'default', rules });
  driver.routes.rightsChanged();
}

function connected({ level = 5 as 4 | 5, devices = caseDevices, keepsNotTaken = false } = {}): KernelDriver {
  const driver = new KernelDriver(devices, 4, keepsNotTaken);
  driver.open(0);
  driver.feed(0, connectAs(level));
  driver.sent(0);
  return driver;
}

/** Publishes at QoS 1; answers the reason of the PUBACK, or 'closed'. */
function answerTo(driver: KernelDriver, topic: string, level: 4 | 5 = 5): number | 'closed' {
  driver.feed(0, publish({ level, topic, qos: 1, packetId: 7, payload: '{}' }));
  driver.sealAndReleaseAll();
  const sent = driver.sent(0);
  if (driver.peer(0).isClosed) return 'closed';
  assert.equal(sent.readUInt16BE(2), 7);
  return sent.length > 4 ? (sent[4] as number) : 0;
}

const topics = [
  'devices/dev-1/telemetry',
  'tenant/default/device/dev-1/data',
  'devices/sub-1/telemetry',
  'tele/plug/SENSOR',
  'zigbee2mqtt/a',
];

for (const [name, rule, denied] of [
  ['own topic', deny('devices/%d/telemetry'), ['devices/dev-1/telemetry']],
  ['own topic of the other form', deny('tenant/+/device/+/data'), ['tenant/default/device/dev-1/data']],
  ['topic of a sub-device', deny('devices/sub-1/telemetry'), ['devices/sub-1/telemetry']],
  ['topics of a convention', deny('tele/#'), ['tele/plug/SENSOR']],
  ['everything', deny('#', 'all', 'both'), topics],
  ['everything for this device', deny('#', 'device:dev-1'), topics],
  ['everything for another device', deny('#', 'device:dev-2'), []],
  ['subscriptions only', deny('#', 'all', 'subscribe'), []],
] as [string, AclRule, string[]][]) {
  test(`a rule that denies: ${name}`, () => {
    const driver = connected();
    for (const topic of topics) assert.equal(answerTo(driver, topic), 0, topic);
    setRules(driver, rule);
    const answers = topics.map((topic) => [topic, answerTo(driver, topic)]);
    assert.deepEqual(
      answers,
      topics.map((topic) => [topic, denied.includes(topic) ? NOT_AUTHORIZED : 0]),
    );
    assert.equal(driver.records.length, 2 * topics.length - denied.length);
    setRules(driver);
    for (const topic of topics) assert.equal(answerTo(driver, topic), 0, topic);
  });
}

test('what is allowed beside a denied topic is laid down as before, and the host is asked once', () => {
  const driver = connected();
  setRules(driver, deny('devices/sub-1/telemetry'));
  for (const topic of ['devices/dev-1/telemetry', 'devices/dev-1/telemetry', 'devices/sub-1/telemetry', 'devices/sub-1/telemetry']) {
    answerTo(driver, topic);
  }
  assert.equal(driver.routesAsked, 2);
  assert.deepEqual(
    driver.records.map(({ device: number, context }) => [number, context]),
    [
      [1, undefined],
      [1, undefined],
    ],
  );
});

test('a class decides as it is now, and a device that is registered later is judged too', () => {
  const driver = connected();
  setRules(driver, deny('devices/+/telemetry', 'class:meter'));
  assert.equal(answerTo(driver, topics[0] as string), 0);
  driver.sessions.putDevice({ ...(caseDevices[0] as DeviceEntry), deviceClass: 'meter' });
  assert.equal(answerTo(driver, topics[0] as string), NOT_AUTHORIZED);
  driver.sessions.putDevice(caseDevices[0] as DeviceEntry);
  assert.equal(answerTo(driver, topics[0] as string), 0);
});

test('a 3.1.1 client is acknowledged and its message kept apart, or its connection ends', () => {
  for (const keepsNotTaken of [true, false]) {
    const driver = connected({ level: 4, keepsNotTaken });
    setRules(driver, deny('devices/%d/telemetry'));
    assert.equal(answerTo(driver, topics[0] as string, 4), keepsNotTaken ? 0 : 'closed');
    assert.equal(driver.records.length, keepsNotTaken ? 1 : 0);
    assert.equal(driver.records[0]?.context === undefined, !keepsNotTaken);
    assert.ok(driver.counter(CODE_TOPIC_FORBIDDEN) === (keepsNotTaken ? 0 : 1));
  }
});

test('a will on a denied topic is refused with its CONNECT', () => {
  const driver = new KernelDriver(caseDevices);
  const will = [properties(), ownTopic('dev-1'), '{}'];
  const answers = [[], [deny('devices/%d/telemetry')]].map((rules, id) => {
    setRules(driver, ...rules);
    driver.open(id);
    driver.feed(id, connectAs(5, { flags: 0xc6, rest: [...will, 'default', CASE_TOKEN] }));
    return driver.sent(id)[3];
  });
  assert.deepEqual(answers, [0, NOT_AUTHORIZED]);
});

test('a service client writes telemetry of devices of its tenant where a rule lets it, and nowhere else', () => {
  const driver = new KernelDriver(caseDevices);
  const services = [{ id: 1, name: 'bridge', secretHash: hashSecret('default', 'bridge', SECRET) }];
  driver.sessions.setIdentity({ subject: 'services', tenant: 'default', services });
  setRules(driver, { id: 1, subject: 'service:bridge', action: 'publish', filter: 'devices/+/telemetry', effect: 'allow' });
  driver.open(0);
  driver.feed(0, connect({ level: 5, clientId: 'b', user: 'bridge', password: SECRET, properties: properties(bytes(0x17, 0)) }));
  driver.sent(0);
  const answers = [
    'devices/dev-2/telemetry',
    'devices/sub-1/telemetry',
    'devices/nobody/telemetry',
    'devices/dev-off/telemetry',
    'tenant/default/device/dev-2/data',
    'tenant/acme/device/dev-1/data',
    'tele/plug/SENSOR',
  ].map((topic) => answerTo(driver, topic));
  // What the kernel says of a device that nobody has is the same as of a topic that is another's.
  assert.deepEqual(answers, [0, 0, NOT_AUTHORIZED, NOT_AUTHORIZED, NOT_AUTHORIZED, NOT_AUTHORIZED, NOT_AUTHORIZED]);
  assert.deepEqual(
    driver.records.map(({ device: number, payload }) => [number, payload]),
    [
      [2, '{}'],
      [4, '{}'],
    ],
  );
  for (const rules of [[], [{ id: 1, subject: 'service:bridge', action: 'both', filter: '#', effect: 'allow' } as const]]) {
    setRules(driver, ...rules);
    assert.equal(answerTo(driver, 'devices/dev-2/telemetry'), NOT_AUTHORIZED, 'a rule has to name telemetry');
  }
});

test('a device whose own topic is denied is refused over CoAP', async () => {
  const gateway = await GatewayThread.start([device(1, 'ts1')]);
  const client = new CoapClient(gateway.ports.coap!);
  const rules = async (...all: AclRule[]) => {
    gateway.post({ kind: 'identity', token: 1_000_000, news: [{ subject: 'acl', tenant: 'default', rules: all }] });
    await gateway.caughtUp();
  };
  try {
    assert.equal(codeOf(await client.ask(request())), '2.04');
    await rules(deny('devices/ts1/telemetry'));
    assert.equal(codeOf(await client.ask(request())), '4.03');
    await rules();
    assert.equal(codeOf(await client.ask(request())), '2.04');
  } finally {
    client.close();
    await gateway.stop();
  }
});
