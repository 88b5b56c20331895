import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_DEVICE_OVER_RATE, CODE_TENANT_OVER_RATE } from '../../assembly/abi/codes.js';
import { EVENT_DATA, NEEDED_PAUSED } from '../../assembly/abi/gateway.js';
import { type IntakeLimits, UNLIMITED } from '../../src/contract/limits/intake-limits.js';
import { rateOf } from '../../src/contract/limits/rate.js';
import { packMessages } from '../../src/contract/threads/packed-messages.js';
import { hashToken } from '../../src/contract/token.js';
import { PINGREQ, PINGRESP, puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { CASE_TOKEN } from '../cases/mqtt-devices.js';
import { until } from '../support/until.js';
import { CoapClient, codeOf, request } from './coap-client.js';
import { device, GatewayThread, unrouted } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';
import { RawClient } from './raw-client.js';

const OWN = 'devices/dev-1/telemetry';
const RATE = 10;
/** What comes at once before the rate holds. */
const BURST = rateOf(RATE).burst;

const tested = (number: number, id: string, more: Parameters<typeof device>[2] = {}) =>
  device(number, id, { tokenHash: hashToken('default', id, CASE_TOKEN), ...more });

/** So many messages at QoS 1, with packet ids from `first` on. */
function messages(count: number, level: 4 | 5 = 5, first = 1, topic = OWN): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => publish({ level, topic, qos: 1, packetId: first + i })));
}

function connected(devices = [tested(1, 'dev-1')], clientId = 'dev-1'): KernelDriver {
  const driver = new KernelDriver(devices, 4, false, { ...UNLIMITED, deviceRate: RATE });
  driver.open(0);
  driver.feed(0, connectAs(5, { clientId }));
  assert.deepEqual(driver.sent(0), connackAccepted[5]);
  return driver;
}

test('a device over its rate is not read: what it sent stays unread, unacknowledged and uncounted until its time', () => {
  const driver = connected();
  driver.feed(0, Buffer.concat([messages(BURST + 5), PINGREQ]));
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, BURST);
  assert.equal(driver.peer(0).needed, NEEDED_PAUSED);
  assert.deepEqual(driver.paced, [[0, CODE_DEVICE_OVER_RATE, 1000 / RATE / 2]]);
  assert.equal(driver.counter(CODE_DEVICE_OVER_RATE), 0);
  driver.sent(0);
  // Half a second later five more of them may come.
  driver.nowMs += (5 * 1000) / RATE;
  driver.turn([[0, EVENT_DATA]]);
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, BURST + 5);
  const acknowledged = Array.from({ length: 5 }, (_, i) => puback(BURST + 1 + i));
  assert.deepEqual(driver.sent(0), Buffer.concat([PINGRESP, ...acknowledged]));
});

test('a device that keeps to its rate is never paused', () => {
  const driver = connected();
  for (let i = 0; i < 100; i++, driver.nowMs += 1000 / RATE) driver.feed(0, messages(1, 5, 1 + i));
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 100);
  assert.deepEqual(driver.paced, []);
});

test('a keep-alive does not run out while a device is not read', () => {
  const driver = new KernelDriver([tested(1, 'dev-1')], 4, false, { ...UNLIMITED, deviceRate: RATE });
  driver.open(0);
  driver.feed(0, connectAs(5, { keepAlive: 1 }));
  driver.feed(0, messages(BURST + 1));
  driver.nowMs += 5000;
  driver.sweep();
  assert.equal(driver.peer(0).isClosed, false);
});

test('all devices of a tenant together keep to its rates of messages and of bytes', () => {
  const devices = [tested(1, 'dev-1'), tested(2, 'dev-2')];
  const takenOf = (limits: Partial<IntakeLimits>, payload: string) => {
    const driver = new KernelDriver(devices, 4, false, { ...UNLIMITED, ...limits });
    for (const [connection, { id }] of devices.entries()) {
      driver.open(connection);
      driver.feed(connection, connectAs(5, { clientId: id }));
      const topic = `devices/${id}/telemetry`;
      const sent = Array.from({ length: 10 }, (_, i) => publish({ level: 5, topic, qos: 1, packetId: 1 + i, payload }));
      driver.feed(connection, Buffer.concat(sent));
    }
    driver.sealAndReleaseAll();
    assert.deepEqual(
      driver.paced.map(([connection, code]) => [connection, code]),
      [[1, CODE_TENANT_OVER_RATE]],
    );
    return driver.records.map((record) => record.device).sort();
  };
  const expected = [...Array(10).fill(1), 2, 2];
  assert.deepEqual(takenOf({ tenantRate: 6 }, 'x'), expected);
  assert.deepEqual(takenOf({ tenantBytesPerSecond: 580 }, 'x'.repeat(100)), expected);
});

test('a gateway device may send what the devices that are registered with it may, and itself', () => {
  const devices = [tested(1, 'gw'), tested(2, 'a', { via: 1 }), tested(3, 'b', { via: 1 }), tested(4, 'c')];
  const driver = connected(devices, 'gw');
  driver.directory.put(tested(4, 'c', { via: 1 }));
  driver.directory.delete(2);
  driver.feed(0, messages(5 * BURST, 5, 1, 'devices/b/telemetry'));
  driver.sealAndReleaseAll();
  assert.equal(driver.records.length, 3 * BURST, 'of itself, b and c');
});

for (const level of [4, 5] as const) {
  test(`over a socket of MQTT ${level}: what is over the rate comes later, each message once, and others are not slowed`, async () => {
    const gateway = await GatewayThread.start([tested(1, 'dev-1'), tested(2, 'dev-2')], 4, { deviceRate: 50 });
    try {
      const client = await RawClient.login(gateway.port, 'dev-1', level);
      const other = await RawClient.login(gateway.port, 'dev-2', level);
      const { burst } = rateOf(50);
      const begunMs = performance.now();
      client.write(messages(burst + 25, level));
      await until('the burst', () => gateway.records.length >= burst);
      other.write(messages(1, level, 1, 'devices/dev-2/telemetry'));
      await other.expect(puback(1));
      await client.expect(Buffer.concat(Array.from({ length: burst + 25 }, (_, i) => puback(1 + i))));
      assert.ok(performance.now() - begunMs >= 400, 'the last come half a second later');
      assert.equal(gateway.records.length, burst + 26);
      assert.deepEqual(gateway.refusals(), {});
      const events = gateway.of('event').filter(({ name }) => name === 'device-over-rate');
      assert.deepEqual(
        events.map(({ fields }) => fields),
        [{ tenant: 'default', device: 'dev-1', code: 'device_over_rate' }],
      );
      await until('the report', () => gateway.of('over-rate').length > 0);
    } finally {
      await gateway.stop();
    }
  });

  test(`a device of MQTT ${level} that stays over its rate is disconnected, after it has its acknowledgements`, async () => {
    const gateway = await GatewayThread.start([tested(1, 'dev-1')], 4, { deviceRate: 10, excessMs: 1 });
    try {
      const client = await RawClient.login(gateway.port, 'dev-1', level);
      client.write(messages(BURST + 50, level));
      await until('the end of the connection', () => client.hasEnded);
      const acknowledged = Array.from({ length: gateway.records.length }, (_, i) => puback(1 + i));
      const { heard } = client;
      const last = heard.subarray(Buffer.concat(acknowledged).length);
      assert.deepEqual(heard.subarray(0, Buffer.concat(acknowledged).length), Buffer.concat(acknowledged));
      if (level === 5) assert.deepEqual([last[0], last[2]], [0xe0, 0x97]);
      else assert.equal(last.length, 0);
      assert.deepEqual(gateway.refusals(), { device_over_rate: 1 });
      const disconnected = gateway.of('disconnected').map(({ code }) => code);
      assert.deepEqual(disconnected, [CODE_DEVICE_OVER_RATE]);
    } finally {
      await gateway.stop();
    }
  });
}

test('CoAP answers 4.29 with Max-Age, counts what it refuses, and reports the device', async () => {
  const gateway = await GatewayThread.start([device(1, 'ts1')], 4, { deviceRate: 1 });
  const client = new CoapClient(gateway.ports.coap!);
  try {
    const { burst } = rateOf(1);
    const answers = [];
    for (let i = 0; i < burst + 1; i++) answers.push(await client.ask(request()));
    assert.deepEqual(answers.map(codeOf), ['2.04', '2.04', '4.29']);
    const maxAge = answers[burst]?.options.find(({ number }) => number === 14)?.value.readUInt8(0);
    assert.equal(maxAge, 1);
    assert.deepEqual(gateway.refusals(), { device_over_rate: 1 });
    await until('the event', () => gateway.of('event').some(({ name }) => name === 'device-over-rate'));
  } finally {
    client.close();
    await gateway.stop();
  }
});

test('a request of HTTP is taken or refused as one, and after a large one the device waits for longer', async () => {
  const gateway = await GatewayThread.start([device(1, 'dev-1')], 4, { deviceRate: 10 });
  try {
    let token = 0;
    const send = (body: number, count: number) => {
      for (let i = 0; i < count; i++) {
        gateway.post(packMessages([{ ...unrouted, token: ++token, body, device: 1, flags: 0, payload: Buffer.from('{}') }]));
      }
    };
    const sentMs = Date.now();
    send(1, 120);
    send(2, 2);
    await until('the refusals', () => gateway.of('ingest-refused').length === 2);
    const [over] = gateway.of('ingest-refused').map((refused) => refused.over);
    assert.equal(over?.code, CODE_DEVICE_OVER_RATE);
    assert.ok((over?.untilMs ?? 0) - sentMs > 9000, 'what is over the burst is paid off');
    await until('the others to be durable', () => gateway.of('ingested').flatMap(({ tokens }) => tokens).length === 120);
    assert.deepEqual(gateway.refusals(), { device_over_rate: 2 });
  } finally {
    await gateway.stop();
  }
});
