import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_BY_SHAPE, FORMAT_CBOR, FORMAT_JSON, FORMAT_TEXT } from '../../assembly/abi/block.js';
import { CODE_DEVICE_INACTIVE, CODE_PAYLOAD_OVERSIZE, CODE_TOPIC_FORBIDDEN, CODE_TOPIC_UNKNOWN } from '../../assembly/abi/codes.js';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED, COUNTER_GATEWAY_REFUSED } from '../../assembly/abi/counters.js';
import { EVENT_DATA, ROUTE_TOPIC_BYTES_MAX } from '../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../assembly/abi/limits.js';
import { PROFILE_NOTHING, PROFILE_PLAIN, PROFILE_TASMOTA, PROFILE_ZIGBEE2MQTT } from '../../assembly/abi/profiles.js';
import { contentTypes } from '../../src/contract/content-types.js';
import { encodeContext } from '../../src/contract/record-context.js';
import { PARTS_MAX } from '../../src/contract/topic-rules/parts.js';
import { bytes, puback, publish, pubrec, pubrel } from '../cases/mqtt-bytes.js';
import { connectAs } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { device } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';

const CONTENT_TYPE = 3;

function connected(level: 4 | 5 = 4, devices = caseDevices): KernelDriver {
  const driver = new KernelDriver(devices);
  driver.open(0);
  driver.feed(0, connectAs(level));
  driver.sent(0);
  return driver;
}

/** Publishes at QoS 1, has everything durable, and answers what came back. */
function published(
  driver: KernelDriver,
  topic: string,
  payload: string,
  level: 4 | 5 = 4,
  more: Partial<Parameters<typeof publish>[0]> = {},
) {
  driver.feed(0, publish({ level, topic, qos: 1, packetId: 7, payload, ...more }));
  driver.sealAndReleaseAll();
  return driver.sent(0);
}

function assertAccounts(driver: KernelDriver): void {
  const received = driver.counter(COUNTER_GATEWAY_RECEIVED);
  assert.equal(received, driver.counter(COUNTER_GATEWAY_ACCEPTED) + driver.counter(COUNTER_GATEWAY_REFUSED));
}

test('a topic of a convention is asked about once, and its messages have the context that the rules give', () => {
  const driver = connected();
  const topic = 'tele/plug/SENSOR';
  for (let i = 0; i < 3; i++) assert.deepEqual(published(driver, topic, `{"v":${i}}`), puback(7));
  assert.equal(driver.routesAsked, 1);
  const context = Buffer.from(encodeContext({ profile: PROFILE_TASMOTA, topic }));
  assert.deepEqual(
    driver.records.map(({ device: number, format, payload, ...record }) => [number, format, record.context, payload]),
    [0, 1, 2].map((i) => [1, FORMAT_JSON, context, `{"v":${i}}`]),
  );
  assertAccounts(driver);
});

test('own topics ask nobody and have no context', () => {
  const driver = connected();
  published(driver, 'devices/dev-1/telemetry', '{}');
  published(driver, 'tenant/default/device/sub-1/data', '{}');
  assert.equal(driver.routesAsked, 0);
  assert.deepEqual(
    driver.records.map(({ context, format }) => [context, format]),
    [
      [undefined, FORMAT_BY_SHAPE],
      [undefined, FORMAT_BY_SHAPE],
    ],
  );
});

test('packets of one read keep their order around a topic that has to be asked about', () => {
  const driver = connected();
  const topics = ['devices/dev-1/telemetry', 'tele/a/SENSOR', 'devices/dev-1/telemetry', 'zigbee2mqtt/b', 'tele/a/SENSOR'];
  driver.feed(0, Buffer.concat(topics.map((topic, i) => publish({ level: 4, topic, qos: 1, packetId: i + 1, payload: String(i) }))));
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), Buffer.concat([1, 2, 3, 4, 5].map((id) => puback(id))));
  assert.deepEqual(
    driver.records.map(({ payload }) => payload),
    ['0', '1', '2', '3', '4'],
  );
  assert.equal(driver.routesAsked, 2);
});

test('identity binds: a topic names the connection, its own device, one of another, or nobody', () => {
  const driver = connected(5);
  assert.deepEqual(published(driver, 'zigbee2mqtt/dev-1', '{}', 5), puback(7));
  assert.deepEqual(published(driver, 'zigbee2mqtt/sub-1', '{}', 5), puback(7));
  assert.deepEqual(published(driver, 'zigbee2mqtt/lamp', '{}', 5), puback(7));
  assert.deepEqual(published(driver, 'zigbee2mqtt/dev-2', '{}', 5), puback(7, 0x87));
  assert.deepEqual(published(driver, 'zigbee2mqtt/sub-of-2', '{}', 5), puback(7, 0x87));
  assert.deepEqual(published(driver, 'zigbee2mqtt/sub-off', '{}', 5), puback(7, 0x87));
  assert.deepEqual([driver.counter(CODE_TOPIC_FORBIDDEN), driver.counter(CODE_DEVICE_INACTIVE)], [2, 1]);
  const prefixed = { profile: PROFILE_ZIGBEE2MQTT, topic: 'zigbee2mqtt/lamp', prefix: 'lamp.', isUnsequenced: true };
  assert.deepEqual(
    driver.records.map(({ device: number, context }) => [number, context]),
    [
      [1, Buffer.from(encodeContext({ profile: PROFILE_ZIGBEE2MQTT, topic: 'zigbee2mqtt/dev-1' }))],
      [4, Buffer.from(encodeContext({ profile: PROFILE_ZIGBEE2MQTT, topic: 'zigbee2mqtt/sub-1' }))],
      [1, Buffer.from(encodeContext(prefixed))],
    ],
  );
  assertAccounts(driver);
});

test('a device that is registered later, set inactive or deleted changes what its topics mean', () => {
  const driver = connected(5);
  published(driver, 'zigbee2mqtt/lamp', '{}', 5);
  const lamp = device(20, 'lamp', { via: 1 });
  driver.directory.put(lamp);
  driver.routes.registered(lamp);
  published(driver, 'zigbee2mqtt/lamp', '{}', 5);
  assert.deepEqual(
    driver.records.map(({ device: number }) => number),
    [1, 20],
  );
  driver.directory.put({ ...lamp, status: 'inactive' });
  assert.deepEqual(published(driver, 'zigbee2mqtt/lamp', '{}', 5), puback(7, 0x87));
  driver.directory.delete(20);
  driver.routes.deleted();
  published(driver, 'zigbee2mqtt/lamp', '{}', 5);
  assert.equal(driver.records.at(-1)?.device, 1);
});

test('a gateway device that may register others reports each that nobody has, once', () => {
  const gateway = device(1, 'dev-1', { addsSubdevices: true, tokenHash: caseDevices[0]!.tokenHash });
  const driver = connected(5, [gateway, ...caseDevices.slice(1)]);
  const named = () => driver.messages.flatMap((message) => (message.kind === 'subdevice-named' ? [message.id] : []));
  for (const id of ['lamp', 'lamp', 'sub-1', 'plug']) published(driver, `zigbee2mqtt/${id}`, '{}', 5);
  published(driver, 'v1/gateway/telemetry', '{"valve":{"t":1},"lamp":{"t":1}}', 5);
  assert.deepEqual([...new Set(named())], ['lamp', 'plug', 'valve']);
  const lamp = device(20, 'lamp', { via: 1 });
  driver.directory.put(lamp);
  driver.routes.registered(lamp);
  published(driver, 'zigbee2mqtt/lamp', '{}', 5);
  assert.equal(driver.records.at(-1)?.device, 20);
  driver.routes.registered(gateway);
  published(driver, 'tele/bulb/SENSOR', '{}', 5);
  const prefixOf = () => driver.records.at(-1)?.context?.[10];
  assert.equal(prefixOf(), 'bulb.'.length, 'a gateway device speaks for many');
  const { addsSubdevices: _, ...lone } = gateway;
  driver.directory.put(lone);
  driver.routes.registered(lone);
  published(driver, 'tele/bulb/SENSOR', '{}', 5);
  assert.equal(prefixOf(), 0);
  const plain = connected(5);
  published(plain, 'zigbee2mqtt/lamp', '{}', 5);
  assert.ok(plain.messages.every(({ kind }) => kind !== 'subdevice-named'));
});

test('rules of a tenant come before the built-in ones, at once, and for that tenant alone', () => {
  const driver = connected(5);
  assert.deepEqual(published(driver, 'site/a/t', '1', 5), puback(7, 0x90));
  assert.equal(driver.counter(CODE_TOPIC_UNKNOWN), 1);
  const rule = {
    name: 'site',
    pattern: 'site/{area}/{metric}',
    device: 'connection',
    decoder: 'text',
    prefix: '{area}',
    valueName: '{metric}',
  };
  driver.routes.setRules('acme', [rule as never]);
  assert.deepEqual(published(driver, 'site/a/t', '1', 5), puback(7, 0x90));
  driver.routes.setRules('default', [rule as never]);
  assert.deepEqual(published(driver, 'site/a/t', '1', 5), puback(7));
  const context = encodeContext({ profile: PROFILE_PLAIN, prefix: 'a.', name: 't', topic: 'site/a/t' });
  assert.deepEqual([driver.records[0]?.format, driver.records[0]?.context], [FORMAT_TEXT, Buffer.from(context)]);
  driver.routes.setRules('default', []);
  assert.deepEqual(published(driver, 'site/a/t', '1', 5), puback(7, 0x90));
});

test('version 3.1.1 ends on a topic that no rule takes, and asks about it each connection at most once', () => {
  const driver = connected(4);
  published(driver, 'nobody/knows', '{}');
  assert.equal(driver.peer(0).isClosed, true);
  assert.equal(driver.counter(CODE_TOPIC_UNKNOWN), 1);
  assertAccounts(driver);
});

test('RETAIN is noted where there is a context', () => {
  const driver = connected(5);
  published(driver, 'zigbee2mqtt/lamp', '{}', 5, { retain: true });
  published(driver, 'zigbee2mqtt/lamp', '{}', 5);
  assert.deepEqual(
    driver.records.map(({ context }) => context?.[3]),
    [3, 2],
  );
});

test('Content Type chooses the format, on own topics too', () => {
  const driver = connected(5);
  const typed = (topic: string, type: string) => published(driver, topic, '', 5, { properties: Buffer.from(propertiesOf(type)) });
  for (const [type] of contentTypes) typed('devices/dev-1/telemetry', type);
  assert.deepEqual(
    driver.records.map(({ format }) => format),
    [...contentTypes.values()],
  );
  driver.records.length = 0;
  for (const type of ['Application/CBOR; v=1', 'application/cbo', 'image/png', '', 'x'.repeat(300)]) typed('devices/dev-1/telemetry', type);
  typed('tele/a/SENSOR', 'application/cbor');
  published(driver, 'devices/dev-1/telemetry', '', 5);
  assert.deepEqual(
    driver.records.map(({ format }) => format),
    [FORMAT_CBOR, 0, 0, 0, 0, FORMAT_CBOR, 0],
  );
});

function propertiesOf(contentType: string): Buffer {
  const property = bytes(CONTENT_TYPE, contentType);
  return Buffer.concat([
    property.length < 128 ? Buffer.of(property.length) : Buffer.of((property.length & 127) | 128, property.length >> 7),
    property,
  ]);
}

test('a payload and its context together have the limit of a payload', () => {
  const driver = connected(5);
  const topic = 'tele/a/SENSOR';
  const room = PAYLOAD_BYTES_MAX - encodeContext({ profile: PROFILE_TASMOTA, topic }).length;
  assert.deepEqual(published(driver, topic, 'x'.repeat(room), 5), puback(7));
  assert.deepEqual(published(driver, topic, 'x'.repeat(room + 1), 5), puback(7, 0x83));
  assert.equal(driver.counter(CODE_PAYLOAD_OVERSIZE), 1);
});

test('hostile topics: malformed, long, many, and made to collide', () => {
  for (const topic of [Buffer.from('a/+/b'), Buffer.from('a\0b'), Buffer.from([0xff, 0x2f]), Buffer.alloc(0)]) {
    const driver = connected(5);
    driver.feed(0, publish({ level: 5, topic }));
    assert.equal(driver.peer(0).isClosed, true);
    assert.equal(driver.routesAsked, 0);
  }
  const driver = connected(5);
  assert.deepEqual(published(driver, `tele/${'x'.repeat(ROUTE_TOPIC_BYTES_MAX)}`, '', 5), puback(7, 0x90));
  assert.equal(driver.routesAsked, 0);
  const longest = `tele/${'x'.repeat(ROUTE_TOPIC_BYTES_MAX - 7)}/y`;
  assert.deepEqual(published(driver, longest, '', 5), puback(7));
  for (let i = 0; i < 20_000; i++) driver.feed(0, publish({ level: 5, topic: `tele/${i}/x` }));
  driver.sealAndReleaseAll();
  assert.equal(driver.routesAsked, 20_001);
  assert.equal(driver.records.length, 20_001);
  assert.ok(driver.records.every(({ context }) => context?.[2] === PROFILE_NOTHING));
  assertAccounts(driver);
});

test('a packet that speaks of several devices is one message each, and has one acknowledgement when all are durable', () => {
  const driver = connected(5);
  const topic = 'v1/gateway/telemetry';
  const values = { 'sub-1': [{ ts: 1796029200000, values: { t: 21.4 } }], lamp: [{ t: 9007199254740993n }], 'dev-1': { t: 1 } };
  const payload = JSON.stringify(values, (_, value) => (typeof value === 'bigint' ? `#${value}#` : value)).replace(/"#(\d+)#"/, '$1');
  driver.feed(0, publish({ level: 5, topic, qos: 1, packetId: 9, payload }));
  driver.kernel.sealAll();
  driver.push();
  assert.equal(driver.inLog.length > 1, true, 'the devices are of several partitions');
  while (driver.inLog.length > 1) {
    driver.release();
    assert.equal(driver.sent(0).length, 0);
  }
  driver.release();
  assert.deepEqual(driver.sent(0), puback(9));
  const context = (prefix = '') => Buffer.from(encodeContext({ profile: PROFILE_PLAIN, topic, prefix, isUnsequenced: prefix !== '' }));
  assert.deepEqual(
    new Map(driver.records.map((record) => [record.payload, [record.device, record.context]])),
    new Map([
      ['[{"ts":1796029200000,"values":{"t":21.4}}]', [4, context()]],
      ['[{"t":9007199254740993}]', [1, context('lamp.')]],
      ['{"t":1}', [1, context()]],
    ]),
  );
  assertAccounts(driver);
});

test('a packet of which one device may not be written is refused whole', () => {
  const driver = connected(5);
  const topic = 'v1/gateway/telemetry';
  assert.deepEqual(published(driver, topic, '{"sub-1":{"t":1},"dev-2":{"t":2}}', 5), puback(7, 0x87));
  assert.deepEqual(published(driver, topic, '{"sub-1":{"t":1},"sub-off":{"t":2}}', 5), puback(7, 0x87));
  const many = JSON.stringify(Object.fromEntries(Array.from({ length: PARTS_MAX + 1 }, (_, i) => [`d${i}`, 1])));
  assert.deepEqual(published(driver, topic, many, 5), puback(7, 0x83));
  assert.equal(driver.records.length, 0);
  assertAccounts(driver);
  const older = connected(4);
  published(older, topic, '{"dev-2":{"t":2}}');
  assert.equal(older.peer(0).isClosed, true);
  assertAccounts(older);
});

test("what does not speak of devices is kept as the connection's own, for the decoder to judge", () => {
  const driver = connected(5);
  for (const payload of ['{', '[]', '{}', '', '7', 'null']) published(driver, 'v1/gateway/telemetry', payload, 5);
  assert.deepEqual(
    driver.records.map(({ device: number, payload }) => [number, payload]),
    ['{', '[]', '{}', '', '7', 'null'].map((payload) => [1, payload]),
  );
});

test('a packet of several devices at QoS 2 is taken once', () => {
  const driver = connected(4);
  const message = publish({ level: 4, topic: 'v1/gateway/telemetry', qos: 2, packetId: 3, dup: true, payload: '{"a":1,"b":2}' });
  driver.feed(0, message);
  driver.feed(0, message);
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), Buffer.concat([pubrec(3), pubrec(3)]));
  assert.equal(driver.records.length, 2);
  driver.feed(0, pubrel(3));
  driver.feed(0, message);
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 4);
});

test('without room for all its parts a packet is not taken, and comes through later', () => {
  const driver = connected(4);
  const filler = publish({ level: 4, topic: 'devices/dev-1/telemetry', payload: Buffer.alloc(PAYLOAD_BYTES_MAX, 'x') });
  while (driver.kernel.freeSlots() > 10) driver.feed(0, filler);
  driver.feed(0, publish({ level: 4, topic: 'v1/gateway/telemetry', qos: 1, packetId: 4, payload: '{"a":1,"b":2}' }));
  assert.equal(driver.kernel.starved(), 1);
  assert.equal(driver.sent(0).length, 0);
  driver.sealAndReleaseAll();
  driver.turn([[0, EVENT_DATA]]);
  driver.sealAndReleaseAll();
  assert.deepEqual(driver.sent(0), puback(4));
  assertAccounts(driver);
});

test('the question of ThingsBoard clients is answered', () => {
  const driver = connected(5);
  driver.feed(0, publish({ level: 5, topic: 'v1/devices/me/rpc/request/1', payload: '{"method":"getSessionLimits","params":{}}' }));
  const answer = driver.sent(0).toString('latin1');
  assert.match(answer, /v1\/devices\/me\/rpc\/response\/1.*"maxPayloadSize":130036,"rateLimits":\{\}/s);
  driver.feed(0, publish({ level: 5, topic: 'v1/devices/me/rpc/request/2', payload: '{"method":"other"}' }));
  driver.feed(0, publish({ level: 5, topic: 'v1/devices/me/rpc/request/3', payload: 'x' }));
  assert.equal(driver.sent(0).length, 0);
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 3);
});
