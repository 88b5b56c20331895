import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { builtInPacks } from '../../src/contract/packs/built-in/list.js';
import type { PackVector } from '../../src/contract/packs/pack.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const token = 'a-token-for-all-conventions';
const ways = ['mqtt4', 'mqtt5', 'http'] as const;
type Way = (typeof ways)[number];

let appliance: Appliance;
let sql: postgres.Sql;
before(async () => {
  appliance = await startAppliance();
  sql = postgres(appliance.databaseUrl, { max: 1 });
});
after(async () => {
  await sql.end();
  await appliance.stop();
});

const vectors = builtInPacks.flatMap((pack) => pack.vectors.filter(({ reason }) => reason === undefined));
const conventions = vectors.filter(({ readings }) => readings.length > 0);
/** Messages of the same families that are no telemetry: acknowledged, without readings and without a dead letter. */
const silent = [
  ...vectors.filter(({ readings }) => readings.length === 0).map(({ topic, payload }) => [topic, Buffer.from(payload)] as const),
  ['zigbee2mqtt/removed', Buffer.alloc(0)] as const,
];

/** Values by metric, by device. */
function valuesOf({ device, readings }: PackVector): Map<string, Record<string, number | string>> {
  const found = new Map<string, Record<string, number | string>>();
  for (const { device: id = device, metric, value } of readings) found.set(id, { ...found.get(id), [metric]: value });
  return found;
}

/** Each way has a tenant of its own, in which the devices are called the same. */
async function register(tenant: Way, id: string, via?: string): Promise<void> {
  await call(appliance, 'POST', '/v1/devices', { tenant, device_id: id, token, ...(via === undefined ? {} : { via }) });
}

async function client(tenant: Way, clientId: string): Promise<mqtt.MqttClient> {
  const protocolVersion = tenant === 'mqtt4' ? 4 : 5;
  const options = { clientId, username: tenant, password: token, protocolVersion, reconnectPeriod: 0 } as const;
  return await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
}

interface Sent {
  readonly retain?: boolean;
  readonly contentType?: string | undefined;
}

/** Version 3.1.1 has no content type: what the payload is, its shape has to tell. */
async function send(way: Way, id: string, topic: string, payload: Buffer, { retain = false, contentType }: Sent = {}): Promise<void> {
  if (way === 'http') {
    const url = `${appliance.http}/v1/ingest/${encodeURIComponent(id)}?tenant=${way}&topic=${encodeURIComponent(topic)}`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType ?? 'application/octet-stream' };
    const answer = await fetch(url, { method: 'POST', headers, body: payload });
    assert.equal(answer.status, 202, `${topic}: ${await answer.text()}`);
    return;
  }
  const connected = await client(way, id);
  const properties = way === 'mqtt5' && contentType !== undefined ? { properties: { contentType } } : {};
  await connected.publishAsync(topic, payload, { qos: 1, retain, ...properties });
  await connected.endAsync();
}

interface Latest {
  readonly metrics: Readonly<Record<string, { value: number | string; ts: string }>>;
}

for (const way of ways) {
  test(`every convention is stored as it is: ${way}`, async () => {
    for (const { device, children = [] } of conventions) {
      await register(way, device);
      for (const child of children) await register(way, child, device);
    }
    const sentMs = Date.now();
    for (const { device, topic, payload, contentType } of conventions)
      await send(way, device, topic, Buffer.from(payload), { contentType });
    await committed(appliance);
    for (const each of conventions) {
      for (const [id, readings] of valuesOf(each)) {
        const { metrics } = await call<Latest>(appliance, 'GET', `/v1/devices/${encodeURIComponent(id)}/metrics/latest?tenant=${way}`);
        const values = Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
        assert.deepEqual(values, readings, `${each.name}, device ${id}`);
        for (const { ts } of Object.values(metrics)) {
          const said = each.readings[0]?.ts;
          if (said === undefined) assert.ok(Date.parse(ts) >= sentMs - 1000, `${each.name}: ${ts}`);
          else assert.equal(Date.parse(ts), Date.parse(said), each.name);
        }
      }
    }
    const letters = await sql`select reason, payload from dead_letters`;
    assert.deepEqual([...letters], []);
  });
}

test('topics without telemetry are taken in, and give neither a reading nor a dead letter', async () => {
  for (const way of ['mqtt4', 'mqtt5'] as const) {
    await register(way, 'silent');
    for (const [topic, payload] of silent) await send(way, 'silent', topic, payload, { retain: true });
  }
  await committed(appliance);
  for (const tenant of ['mqtt4', 'mqtt5']) {
    const { metrics } = await call<Latest>(appliance, 'GET', `/v1/devices/silent/metrics/latest?tenant=${tenant}`);
    assert.deepEqual(metrics, {});
  }
  assert.deepEqual([...(await sql`select reason from dead_letters`)], []);
  const { balanced } = await call<{ balanced: boolean }>(appliance, 'GET', '/v1/ledger');
  assert.equal(balanced, true);
});

test('ThingsBoard over HTTP has nothing but its token, in the path', async () => {
  const own = 'a-token-of-one-device-alone';
  await call(appliance, 'POST', '/v1/devices', { tenant: 'http', device_id: 'tb-http', token: own });
  const post = async (path: string, body: string) => (await fetch(appliance.http + path, { method: 'POST', body })).status;
  assert.equal(await post(`/api/v1/${own}/telemetry`, '{"ts":1796029200000,"values":{"temperature":14.5}}'), 202);
  assert.equal(await post(`/api/v1/${own}/attributes`, '{"firmware":"1.2"}'), 202);
  assert.equal(await post('/api/v1/nobody-has-this/telemetry', '{"v":1}'), 401);
  // All devices of the other tests have it.
  assert.equal(await post(`/api/v1/${token}/telemetry`, '{"v":1}'), 401);
  await committed(appliance);
  const { metrics } = await call<Latest>(appliance, 'GET', '/v1/devices/tb-http/metrics/latest?tenant=http');
  assert.deepEqual(Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value])), {
    temperature: 14.5,
    'attributes.firmware': '1.2',
  });
});

test('a gateway device that may register others has them registered by what it publishes', async () => {
  for (const way of ways) {
    const gateway = { tenant: way, device_id: 'bridge', token, metadata: { subdevices: true } };
    await call(appliance, 'POST', '/v1/devices', gateway);
    const lamp = async () =>
      (
        await call<{ devices: { device_id: string; via: string | null }[] }>(appliance, 'GET', `/v1/devices?tenant=${way}&limit=1000`)
      ).devices.find(({ device_id }) => device_id === 'new-lamp');
    await send(way, 'bridge', 'zigbee2mqtt/new-lamp', Buffer.from('{"brightness":1}'));
    await until('the lamp is registered', async () => (await lamp()) !== undefined);
    assert.equal((await lamp())?.via, 'bridge');
    await send(way, 'bridge', 'zigbee2mqtt/new-lamp', Buffer.from('{"brightness":2}'));
    await committed(appliance);
    const { metrics } = await call<Latest>(appliance, 'GET', `/v1/devices/new-lamp/metrics/latest?tenant=${way}`);
    assert.equal(metrics.brightness?.value, 2);
    // Over HTTP it is registered before its first message is taken in.
    const own = await call<Latest>(appliance, 'GET', `/v1/devices/bridge/metrics/latest?tenant=${way}`);
    assert.deepEqual(Object.keys(own.metrics), way === 'http' ? [] : ['new-lamp.brightness']);
  }
});

test('over HTTP a topic is refused as it is over MQTT', async () => {
  const post = async (topic: string) => {
    const url = `${appliance.http}/v1/ingest/z2m?tenant=http&topic=${encodeURIComponent(topic)}`;
    const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{"v":1}' });
    return [answer.status, ((await answer.json()) as { error?: { code: string } }).error?.code];
  };
  assert.deepEqual(await post('zigbee2mqtt/attic'), [403, 'topic_forbidden']);
  assert.deepEqual(await post('nobody/knows'), [400, 'topic_unknown']);
  assert.deepEqual(await post('a/+'), [400, 'query_invalid']);
  assert.deepEqual(await post(''), [400, 'query_invalid']);
  assert.deepEqual(await post('devices/nobody/telemetry'), [404, 'device_unknown']);
});
