import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import WebSocket from 'ws';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-flow-'));
const token = 'a-token-for-the-flow-test';
let appliance: Appliance;
let sql: postgres.Sql;

async function start(): Promise<void> {
  appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
  sql = postgres(appliance.databaseUrl, { max: 2 });
}

function connect(id: string, protocolVersion: 4 | 5 = 5): Promise<mqtt.MqttClient> {
  const options = { clientId: id, username: 'default', password: token, protocolVersion, reconnectPeriod: 0 };
  return mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
}

before(async () => {
  await start();
  await call(appliance, 'POST', '/v1/devices/bulk', { count: 5, id_format: 'flow-%d', token });
});

after(async () => {
  await sql.end();
  await appliance.stop();
  rmSync(stateFolder, { recursive: true, force: true });
});

function rowsOf(device: string) {
  return sql<{ metric_name: string; value: number | null; text: string | null; ts: Date }[]>`
    select metric_name, value, text, ts from raw_metrics where device_id = ${device} order by ts, metric_name`;
}

test('a reading becomes a row within a second, for MQTT 3.1.1 and 5 and both topic forms', async () => {
  const waits: number[] = [];
  for (const [version, topic] of [
    [4, 'devices/flow-1/telemetry'],
    [5, 'tenant/default/device/flow-1/data'],
  ] as const) {
    const client = await connect('flow-1', version);
    for (let round = 0; round < 5; round++) {
      const ts = Date.now();
      const value = version * 100 + round;
      const sent = performance.now();
      await client.publishAsync(topic, JSON.stringify({ ts, metrics: { temperature: value }, seq: version * 100 + round }), { qos: 1 });
      await until('the row is visible', async () => {
        const [row] = await sql`select 1 from raw_metrics where device_id = 'flow-1' and value = ${value} and ts = ${new Date(ts)}`;
        return row;
      });
      waits.push(performance.now() - sent);
    }
    await client.endAsync();
  }
  waits.sort((a, b) => a - b);
  console.log(`publish to row, ms: median ${waits[5]?.toFixed(0)}, worst ${waits.at(-1)?.toFixed(0)}`);
  assert.ok((waits[5] as number) < 1000, `median ${waits[5]} ms`);
});

test('a reading reaches a live subscriber long before its row', async () => {
  const socket = new WebSocket(`${appliance.http.replace('http', 'ws')}/v1/live`);
  const received: { metric: string; value: number }[] = [];
  let subscribed = false;
  socket.on('open', () => socket.send(JSON.stringify({ type: 'authenticate', key: appliance.adminKey })));
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string; readings?: { metric: string; value: number }[] };
    if (message.type === 'authenticated') socket.send(JSON.stringify({ type: 'subscribe', devices: ['flow-2'] }));
    if (message.type === 'subscribed') subscribed = true;
    if (message.type === 'readings') received.push(...(message.readings ?? []));
  });
  await until('the subscription stands', async () => subscribed);
  const client = await connect('flow-2');
  const waits: number[] = [];
  for (let value = 1; value <= 20; value++) {
    const sent = performance.now();
    client.publish('devices/flow-2/telemetry', JSON.stringify({ metrics: { level: value }, seq: value }));
    await until('the live reading', async () => received.find((reading) => reading.metric === 'level' && reading.value === value));
    waits.push(performance.now() - sent);
  }
  waits.sort((a, b) => a - b);
  console.log(`publish to live view, ms: median ${waits[10]?.toFixed(1)}, worst ${waits.at(-1)?.toFixed(1)}`);
  assert.ok((waits[10] as number) < 100, `median ${waits[10]} ms`);
  socket.close();
  await client.endAsync();
});

test('what cannot be decoded is acknowledged and kept with its bytes and reason', async () => {
  const client = await connect('flow-3');
  const bad = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
  await client.publishAsync('devices/flow-3/telemetry', bad, { qos: 1 });
  await client.endAsync();
  const [row] = await until('the dead letter', async () => {
    const rows = await sql`select reason, payload, d.name from dead_letters l join devices d on d.id = l.device_id where d.name = 'flow-3'`;
    return rows.length > 0 ? rows : undefined;
  });
  assert.equal(row?.reason, 'json_malformed');
  assert.deepEqual(Buffer.from(row?.payload), bad);
});

test('a payload that nothing decodes has the same reason at MQTT and HTTP', async () => {
  const payloads = ['', '[]', '{"metrics":{"v":1}}\0', '\ufeff{"metrics":{"v":1}}', 'ON'];
  const client = await connect('flow-5');
  for (const payload of payloads) {
    await client.publishAsync('devices/flow-5/telemetry', payload, { qos: 1 });
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await fetch(`${appliance.http}/v1/ingest/flow-5`, { method: 'POST', headers, body: payload });
    assert.equal(status, payload === '' ? 400 : 202, 'HTTP refuses an empty body, and keeps what it took');
  }
  await client.endAsync();
  await committed(appliance);
  const rows = await sql<{ reason: string; letters: number }[]>`
    select reason, count(*)::int as letters from dead_letters l join devices d on d.id = l.device_id where d.name = 'flow-5' group by 1`;
  assert.deepEqual(Object.fromEntries(rows.map(({ reason, letters }) => [reason, letters])), {
    payload_empty: 1,
    metrics_missing: 2,
    json_nul_at_end: 2,
    json_byte_order_mark: 2,
    json_malformed: 2,
  });
});

test('HTTP ingest is answered when durable, and joins the same flow', async () => {
  const response = await fetch(`${appliance.http}/v1/ingest/flow-4`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ ts: '2026-01-01T00:00:00.250Z', metrics: { humidity: 61.2, state: 'ok' }, seq: 1 }),
  });
  assert.equal(response.status, 202);
  await committed(appliance);
  assert.deepEqual(
    (await rowsOf('flow-4')).map(({ metric_name, value, text, ts }) => [metric_name, value, text, ts.toISOString()]),
    [
      ['humidity', 61.2, null, '2026-01-01T00:00:00.250Z'],
      ['state', null, 'ok', '2026-01-01T00:00:00.250Z'],
    ],
  );
  const latest = await call<{ metrics: Record<string, { value: number }> }>(appliance, 'GET', '/v1/devices/flow-4/metrics/latest');
  assert.equal(latest.metrics.humidity?.value, 61.2);
  const range = await call<{ points: unknown[] }>(
    appliance,
    'GET',
    '/v1/devices/flow-4/metrics?metric=humidity&from=2025-12-31T00:00:00Z&to=2026-01-02T00:00:00Z&resolution=raw',
  );
  assert.deepEqual(range.points, [{ ts: '2026-01-01T00:00:00.250000Z', value: 61.2 }]);
});

test('mosquitto_pub is a client like any other', (context) => {
  const found = spawnSync('mosquitto_pub', ['--help']).error === undefined;
  if (!found) return context.skip('mosquitto_pub is not installed (Debian: apt-get install mosquitto-clients)');
  for (const version of ['mqttv311', 'mqttv5']) {
    const { status, stderr } = spawnSync('mosquitto_pub', [
      ...['-h', '127.0.0.1', '-p', String(appliance.mqttPort), '-V', version, '-q', '1'],
      ...['-i', 'flow-5', '-u', 'default', '-P', token],
      ...['-t', 'devices/flow-5/telemetry', '-m', '{"metrics":{"rpm":1200}}'],
    ]);
    assert.equal(status, 0, String(stderr));
  }
});

test('a clean stop commits everything, and the next start has it all', async () => {
  const client = await connect('flow-1');
  for (let seq = 1000; seq < 1100; seq++) {
    client.publish('devices/flow-1/telemetry', JSON.stringify({ ts: Date.now(), metrics: { burst: seq }, seq }), { qos: 0 });
  }
  await client.publishAsync('devices/flow-1/telemetry', JSON.stringify({ ts: Date.now(), metrics: { burst: 1100 }, seq: 1100 }), {
    qos: 1,
  });
  await client.endAsync();
  await sql.end();
  await appliance.stop();
  await start();
  const [{ bursts }] = await sql<[{ bursts: number }]>`select count(*)::int as bursts from raw_metrics where metric_name = 'burst'`;
  assert.equal(bursts, 101);
  const again = await connect('flow-1');
  await again.publishAsync('devices/flow-1/telemetry', JSON.stringify({ ts: Date.now() - 60_000, metrics: { burst: 9 }, seq: 1101 }), {
    qos: 1,
  });
  await again.endAsync();
  await committed(appliance);
  const latest = await call<{ metrics: Record<string, { value: number }> }>(appliance, 'GET', '/v1/devices/flow-1/metrics/latest');
  assert.equal(latest.metrics.burst?.value, 1100);
});
