import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import type { SessionAnswer, SessionsAnswer } from '../../src/contract/answers/sessions.js';
import { call } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

let appliance: Appliance;
let password: string;
before(async () => {
  appliance = await startAppliance();
  ({ secret: password } = await call<{ secret: string }>(appliance, 'POST', '/v1/services', { name: 'dashboard' }));
  const rule = { subject: 'service:dashboard', action: 'subscribe', filter: 'plant/#' };
  await call(appliance, 'POST', '/v1/acl', rule);
});
after(() => appliance.stop());

async function connect(): Promise<mqtt.MqttClient> {
  const options = { clientId: 'screen-1', username: 'dashboard', password, protocolVersion: 5, clean: false, reconnectPeriod: 0 } as const;
  return mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, { ...options, properties: { sessionExpiryInterval: 3600 } }, false);
}

async function sessions(): Promise<SessionsAnswer['sessions']> {
  return (await call<SessionsAnswer>(appliance, 'GET', '/v1/sessions')).sessions;
}

function publish(payload: string): Promise<{ clients: number }> {
  return call(appliance, 'POST', '/v1/messages', { topic: 'plant/mode', payload, qos: 1 });
}

test('a message of the API reaches a subscriber, or waits for it; its session is listed, shown and dropped', async () => {
  const client = await connect();
  const got: string[] = [];
  client.on('message', (topic, payload) => got.push(`${topic} ${payload}`));
  await client.subscribeAsync('plant/#', { qos: 1 });
  assert.deepEqual(await publish('eco'), { clients: 1 });
  await until('the message is there', () => got.includes('plant/mode eco'));
  const [session] = await sessions();
  assert.ok(session);
  const { key, kind, client: name, connected, expiry_seconds: expiry } = session;
  assert.deepEqual([kind, name, connected, expiry], ['service', 'screen-1', true, 3600]);

  await client.endAsync();
  await until('the session is away', async () => (await sessions())[0]?.connected === false);
  assert.deepEqual(await publish('boost'), { clients: 1 });
  const path = `/v1/sessions/${encodeURIComponent(key)}`;
  const shown = await call<SessionAnswer>(appliance, 'GET', path);
  assert.deepEqual([shown.queued_messages, shown.filters], [1, [{ filter: 'plant/#', qos: 1 }]]);

  const back = await connect();
  const ended = new Promise<void>((resolve) => back.once('close', () => resolve()));
  await call(appliance, 'DELETE', path);
  await ended;
  assert.deepEqual(await sessions(), []);
  assert.deepEqual(await publish('off'), { clients: 0 });
});
