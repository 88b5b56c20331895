import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqtt, { type IDisconnectPacket, type MqttClient } from 'mqtt';
import postgres from 'postgres';
import { call, committed } from '../support/api.js';
import { startAppliance } from '../support/appliance.js';

const DEVICES = 40;
const MESSAGES = 20;
const TAKEOVERS = 30;
const SESSION_TAKEN_OVER = 0x8e;
const TOKEN = 'a-token-for-the-gateways-test';

test('two gateway threads serve one port: each its share, and one session a device over both', async () => {
  const appliance = await startAppliance({ SPILLWAY_GATEWAYS: '2', SPILLWAY_REACTOR: 'native' });
  const sql = postgres(appliance.databaseUrl, { max: 1 });
  const connect = (id: string) => {
    const options = { clientId: id, username: 'default', password: TOKEN, reconnectPeriod: 0, protocolVersion: 5 } as const;
    return mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
  };
  try {
    await call(appliance, 'POST', '/v1/devices/bulk', { count: DEVICES, id_format: 'dev-%06d', tenant: 'default', token: TOKEN });
    const ids = Array.from({ length: DEVICES }, (_, index) => `dev-${String(index + 1).padStart(6, '0')}`);
    const clients = await Promise.all(ids.map(connect));
    await Promise.all(clients.flatMap((client, index) => publishAll(client, ids[index] as string)));
    await committed(appliance);
    const rows =
      await sql`select device_id, count(*)::int as rows, count(distinct value)::int as values from raw_metrics group by 1 order by 1`;
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      ids.map((id) => ({ device_id: id, rows: MESSAGES, values: MESSAGES })),
    );
    const metrics = await (await fetch(`${appliance.http}/metrics`, { headers: { authorization: `Bearer ${appliance.adminKey}` } })).text();
    for (const thread of ['gateway-0', 'gateway-1']) assert.match(metrics, new RegExp(`thread="${thread}"`));

    // The kernel spreads connections by a hash of their ports, so some of these meet the other gateway.
    let current = clients[0] as MqttClient;
    for (let takeover = 0; takeover < TAKEOVERS; takeover++) {
      const ended = new Promise<IDisconnectPacket>((resolve) => current.once('disconnect', resolve));
      const next = await connect(ids[0] as string);
      assert.equal((await ended).reasonCode, SESSION_TAKEN_OVER);
      current = next;
    }
    await current.publishAsync('devices/dev-000001/telemetry', JSON.stringify({ metrics: { n: MESSAGES } }), { qos: 1 });
    const { connected } = await call<{ connected: boolean }>(appliance, 'GET', '/v1/devices/dev-000001?tenant=default');
    assert.equal(connected, true);
    await Promise.all([...clients.slice(1), current].map((client) => client.endAsync()));
  } finally {
    await sql.end({ timeout: 1 });
    await appliance.stop();
  }
});

function publishAll(client: MqttClient, id: string): Promise<unknown>[] {
  return Array.from({ length: MESSAGES }, (_, n) =>
    client.publishAsync(`devices/${id}/telemetry`, JSON.stringify({ ts: Date.now(), metrics: { n }, seq: n }), { qos: 1 }),
  );
}
