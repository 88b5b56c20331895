import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { call } from '../../support/api.js';
import type { Appliance } from '../../support/appliance.js';
import { Deployments } from '../../support/kafka/deployments.js';
import { until } from '../../support/until.js';

const TOKEN = 'token-of-the-pump';

const deployments = new Deployments(() => ({ SPILLWAY_MQTT_ACROSS_PROCESSES: 'on' }));

/** Makes a device and a service client, and answers the password of the latter. */
async function register(process: Appliance): Promise<string> {
  const { secret } = await call<{ secret: string }>(process, 'POST', '/v1/services', { name: 'app' });
  for (const filter of ['plant/#', 'devices/#']) await call(process, 'POST', '/v1/acl', { subject: 'service:app', action: 'both', filter });
  await call(process, 'POST', '/v1/devices', { device_id: 'pump', token: TOKEN });
  return secret;
}

interface Connected {
  readonly client: mqtt.MqttClient;
  /** What it got, from its first packet on. */
  readonly got: string[];
}

/** Tries again until the process knows the user. */
async function connect(process: Appliance, clientId: string, username: string, password: string): Promise<Connected> {
  const options = { clientId, username, password, protocolVersion: 5, clean: false, reconnectPeriod: 100 } as const;
  const client = mqtt.connect(`mqtt://127.0.0.1:${process.mqttPort}`, { ...options, properties: { sessionExpiryInterval: 3600 } });
  const got: string[] = [];
  client.on('message', (topic, payload) => got.push(`${topic} ${payload}`));
  client.on('error', () => {});
  await until(`${clientId} is let in`, () => client.connected);
  return { client, got };
}

/** Of a process, as Prometheus reads it. */
async function counted(process: Appliance, name: string): Promise<number> {
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await (await fetch(`${process.http}/metrics`)).text())?.[1]);
}

test('messages, retained ones and telemetry reach clients at another process, also one that is killed meanwhile', async () => {
  const here = await deployments.start('here', 'gateway,control,pipeline');
  const there = await deployments.start('there', 'gateway');
  const password = await register(here);
  const { client: subscriber, got } = await connect(there, 'screen', 'app', password);
  await subscriber.subscribeAsync(['plant/#', 'devices/+/telemetry'], { qos: 2 });
  const { client: publisher } = await connect(here, 'panel', 'app', password);
  await until('the processes know each other', async () => (await counted(here, 'spillway_mqtt_exchange_processes')) === 1);
  for (const qos of [0, 1, 2] as const) await publisher.publishAsync('plant/mode', String(qos), { qos });
  await publisher.publishAsync('plant/kept', 'kept', { qos: 1, retain: true });
  await until('all messages are there', () => got.length === 4);
  assert.deepEqual(got, ['plant/mode 0', 'plant/mode 1', 'plant/mode 2', 'plant/kept kept']);

  const { client: pump } = await connect(here, 'pump', 'default', TOKEN);
  await pump.publishAsync('devices/pump/telemetry', '{"level": 1}', { qos: 1 });
  await until('telemetry is there', () => got.includes('devices/pump/telemetry {"level": 1}'));

  subscriber.end(true);
  await there.kill();
  await publisher.publishAsync('plant/mode', 'while it was down', { qos: 1 });
  const again = await deployments.start('there', 'gateway');
  const { client: back, got: gotBack } = await connect(again, 'screen', 'app', password);
  await back.subscribeAsync('plant/kept', { qos: 1 });
  await until('what was published is there', () => gotBack.includes('plant/mode while it was down') && gotBack.includes('plant/kept kept'));
  assert.equal(gotBack.filter((text) => text.endsWith('down')).length, 1);
  await Promise.all([publisher, pump, back].map((client) => client.endAsync()));
});
