import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

let appliance: Appliance;
let device: mqtt.MqttClient;
before(async () => {
  appliance = await startAppliance();
  await call(appliance, 'POST', '/v1/devices', { device_id: 't-1', token: 'a-token-of-one-device' });
  const options = {
    clientId: 't-1',
    username: 'default',
    password: 'a-token-of-one-device',
    protocolVersion: 5,
    reconnectPeriod: 0,
  } as const;
  device = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
});
after(async () => {
  await device.endAsync();
  await appliance.stop();
});

const TOPIC = 'site/attic/t-1';
const rule = { name: 'site', pattern: 'site/{room}/{device}', device: 'level:device', decoder: 'text', value_name: '{room}' };

/** Whether the appliance took the message in, which it says in its acknowledgement. */
async function isTaken(payload: string): Promise<boolean> {
  try {
    await device.publishAsync(TOPIC, payload, { qos: 1 });
    return true;
  } catch {
    return false;
  }
}

interface Latest {
  readonly metrics: Readonly<Record<string, { readonly value: number | string }>>;
}

async function latest(): Promise<Record<string, number | string>> {
  await committed(appliance);
  const { metrics } = await call<Latest>(appliance, 'GET', '/v1/devices/t-1/metrics/latest');
  return Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
}

test('a rule that the API makes, replaces and deletes is in effect for a connected device within a second', async () => {
  assert.equal(await isTaken('1'), false, 'no rule knows the topic');
  await call(appliance, 'POST', '/v1/topic-rules', rule);
  const madeMs = Date.now();
  await until('the topic is taken', () => isTaken('47.5'));
  assert.ok(Date.now() - madeMs < 1000);
  assert.deepEqual(await latest(), { attic: 47.5 });
  const { name, ...rest } = rule;
  await call(appliance, 'PUT', `/v1/topic-rules/${name}`, { ...rest, value_name: 'water' });
  await until('the readings have their new name', async () => (await isTaken('48.5')) && 'water' in (await latest()));
  assert.equal((await latest()).water, 48.5);
  await call(appliance, 'DELETE', `/v1/topic-rules/${name}`);
  await until('the topic is refused', async () => !(await isTaken('49.5')));
});

test('topics of our own are read the same over HTTP and MQTT, whatever rules there are', async () => {
  await call(appliance, 'POST', '/v1/topic-rules', { name: 'all', pattern: '#', device: 'connection', decoder: 'ignore' });
  const own = ['devices/t-1/telemetry', 'tenant/default/device/t-1/data'];
  for (const [index, topic] of own.entries()) {
    await device.publishAsync(topic, `{"mqtt_${index}":1}`, { qos: 1 });
    const headers = { authorization: 'Bearer a-token-of-one-device' };
    const url = `${appliance.http}/v1/ingest/t-1?topic=${encodeURIComponent(topic)}`;
    assert.equal((await fetch(url, { method: 'POST', headers, body: `{"http_${index}":2}` })).status, 202);
  }
  const { mqtt_0, mqtt_1, http_0, http_1 } = await latest();
  assert.deepEqual([mqtt_0, mqtt_1, http_0, http_1], [1, 1, 2, 2]);
  const other = `${appliance.http}/v1/ingest/t-1?topic=tenant/acme/device/t-1/data`;
  const refused = await fetch(other, { method: 'POST', headers: { authorization: 'Bearer a-token-of-one-device' }, body: '{"v":1}' });
  assert.equal(refused.status, 403);
  await call(appliance, 'DELETE', '/v1/topic-rules/all');
});

test('a trial says of a message what is stored when it is published', async () => {
  await call(appliance, 'POST', '/v1/topic-rules', { ...rule, value_name: 'trial' });
  const payload = '17.25';
  const trial = await call<{ device_id: string; readings: { metric: string; value: number }[]; rule: string }>(
    appliance,
    'POST',
    '/v1/topic-rules/test',
    { topic: TOPIC, payload_base64: Buffer.from(payload).toString('base64'), device_id: 't-1' },
  );
  assert.deepEqual([trial.device_id, trial.rule], ['t-1', 'site']);
  assert.equal('trial' in (await latest()), false);
  await until('the topic is taken', () => isTaken(payload));
  const stored = await latest();
  assert.deepEqual(
    trial.readings.map(({ metric, value }) => [metric, value]),
    [['trial', stored.trial]],
  );
});

test('a rule about topics that the API deletes takes its messages from a client that has subscribed', async () => {
  const allow = async (subject: string, filter: string) => {
    const body = { subject, action: 'both', filter, effect: 'allow' };
    return (await call<{ id: number }>(appliance, 'POST', '/v1/acl', body)).id;
  };
  const { secret } = await call<{ secret: string }>(appliance, 'POST', '/v1/services', { name: 'feeder' });
  await allow('service:feeder', 'plant/#');
  await allow('device:t-1', 'plant/open');
  const id = await allow('device:t-1', 'plant/secret');
  const url = `mqtt://127.0.0.1:${appliance.mqttPort}`;
  const feeder = await mqtt.connectAsync(url, { username: 'feeder', password: secret, clientId: 'f', reconnectPeriod: 0 }, false);
  const got: string[] = [];
  device.on('message', (_, payload) => got.push(payload.toString()));
  await device.subscribeAsync(['plant/open', 'plant/secret'], { qos: 1 });
  await feeder.publishAsync('plant/secret', 'before', { qos: 1 });
  await until('the first message', () => got.length === 1);
  await call(appliance, 'DELETE', `/v1/acl/${id}`);
  await feeder.publishAsync('plant/secret', 'after', { qos: 1 });
  await feeder.publishAsync('plant/open', 'for all', { qos: 1 });
  await until('the message that is allowed', () => got.length >= 2);
  assert.deepEqual(got, ['before', 'for all']);
  await feeder.endAsync();
});
