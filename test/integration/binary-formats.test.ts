import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode as encodeMsgpack } from '@msgpack/msgpack';
import { encode as encodeCbor } from 'cbor2';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-formats-'));
const token = 'a-token-for-the-formats-test';
let appliance: Appliance;
let sql: postgres.Sql;

before(async () => {
  appliance = await startAppliance({ SPILLWAY_STATE: stateFolder });
  sql = postgres(appliance.databaseUrl, { max: 2 });
  await call(appliance, 'POST', '/v1/devices/bulk', { count: 3, id_format: 'binary-%d', token });
});

after(async () => {
  await sql.end();
  await appliance.stop();
  rmSync(stateFolder, { recursive: true, force: true });
});

const nowS = Math.floor(Date.now() / 1000);

/** One message a format: `value` is its reading `temperature`. */
function payloads(value: number): [type: string, payload: Buffer][] {
  const message = { ts: nowS, metrics: { temperature: value, mode: 'eco' } };
  const record = { bn: 'urn:dev:mac:02ab00fffe000007:', bt: nowS, n: 'temperature', v: value + 0.25 };
  const labels = new Map<number, unknown>(
    Object.entries({ '-2': record.bn, '-3': nowS, 0: 'temperature', 2: value + 0.375 }).map(([key, one]) => [Number(key), one]),
  );
  return [
    ['application/cbor', Buffer.from(encodeCbor(message))],
    ['application/msgpack', Buffer.from(encodeMsgpack({ ...message, metrics: { temperature: value + 0.125, mode: 'eco' } }))],
    ['application/senml+json', Buffer.from(JSON.stringify([record]))],
    ['application/senml+cbor', Buffer.from(encodeCbor([labels]))],
  ];
}

async function rowsOf(device: string) {
  const rows = await until(`four readings of ${device}`, async () => {
    const found = await sql<{ value: number; ts: Date }[]>`
      select value, ts from raw_metrics where device_id = ${device} and metric_name = 'temperature' order by value`;
    return found.length >= 4 ? found : undefined;
  });
  return rows.map(({ value, ts }) => [value, ts.getTime() / 1000]);
}

const expected = (value: number) => [0, 0.125, 0.25, 0.375].map((more) => [value + more, nowS]);

async function publish(device: string, protocolVersion: 4 | 5, value: number): Promise<void> {
  const options = { clientId: device, username: 'default', password: token, protocolVersion, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
  for (const [contentType, payload] of payloads(value)) {
    await client.publishAsync(`devices/${device}/telemetry`, payload, {
      qos: 1,
      ...(protocolVersion === 5 && { properties: { contentType } }),
    });
  }
  await client.endAsync();
}

test('CBOR, MessagePack and SenML become rows by the Content Type of MQTT 5', async () => {
  await publish('binary-1', 5, 20);
  assert.deepEqual(await rowsOf('binary-1'), expected(20));
});

test('CBOR, MessagePack and SenML become rows by their first bytes where nobody names a format', async () => {
  await publish('binary-2', 4, 21);
  assert.deepEqual(await rowsOf('binary-2'), expected(21));
});

test('CBOR, MessagePack and SenML become rows by the Content-Type of a post', async () => {
  for (const [type, payload] of payloads(22)) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    const response = await fetch(`${appliance.http}/v1/ingest/binary-3`, { method: 'POST', headers, body: new Uint8Array(payload) });
    assert.deepEqual([response.status, await response.json()], [202, { status: 'durable' }], type);
  }
  assert.deepEqual(await rowsOf('binary-3'), expected(22));
  const [dead] = await sql<{ count: string }[]>`select count(*) from dead_letters`;
  assert.equal(Number(dead?.count), 0);
});
