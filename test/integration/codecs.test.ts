import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import type { CodecAnswer, CodecTrialAnswer } from '../../src/contract/answers/codecs.js';
import type { ReplayAnswer } from '../../src/contract/answers/letters.js';
import type { SchemaAnswer } from '../../src/contract/answers/schemas.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { compileCodec, waterFrame, waterMeter } from '../support/codec-modules.js';
import { until } from '../support/until.js';

const TOKEN = 'a-token-of-one-device';

let appliance: Appliance;
let client: MqttClient;
before(async () => {
  appliance = await startAppliance();
  await call(appliance, 'POST', '/v1/devices', { device_id: 'meter-1', token: TOKEN, device_class: 'meter' });
  const options = { clientId: 'meter-1', username: 'default', password: TOKEN, protocolVersion: 5, reconnectPeriod: 0 } as const;
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
});
after(async () => {
  await client?.endAsync();
  await appliance?.stop();
});

async function upload(name: string, wasm: Uint8Array, query = ''): Promise<CodecAnswer> {
  const headers = { authorization: `Bearer ${appliance.adminKey}`, 'content-type': 'application/wasm' };
  const answer = await fetch(`${appliance.http}/v1/codecs?name=${name}${query}`, { method: 'POST', headers, body: Buffer.from(wasm) });
  const text = await answer.text();
  assert.equal(answer.status, 201, text);
  return JSON.parse(text) as CodecAnswer;
}

const publish = (frame: Uint8Array) => client.publishAsync('devices/meter-1/telemetry', Buffer.from(frame), { qos: 1 });

async function latest(): Promise<Record<string, number | string>> {
  await committed(appliance);
  const path = '/v1/devices/meter-1/metrics/latest';
  const { metrics } = await call<{ metrics: Record<string, { value: number | string }> }>(appliance, 'GET', path);
  return Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
}

async function reasons(): Promise<string[]> {
  await committed(appliance);
  const found = await call<{ dead_letters: { reason: string }[] }>(appliance, 'GET', '/v1/dead-letters?device_id=meter-1');
  return found.dead_letters.map(({ reason }) => reason);
}

test('a codec is uploaded, tried, named by a schema, swapped under traffic, and its dead letters are replayed by the mended one', async () => {
  const meter = await waterMeter();
  const first = await upload('water', meter);
  assert.deepEqual([first.version, first.format, first.fuel_max], [1, 'codec:water@1', 200_000]);
  assert.equal((await upload('water', meter)).codec_id, first.codec_id, 'the same module is the same version');
  const payload_base64 = waterFrame({ litres: 77, steps: [7] }).toString('base64');
  const tried = await call<CodecTrialAnswer>(appliance, 'POST', `/v1/codecs/${first.codec_id}/test`, { payload_base64 });
  assert.deepEqual(tried.readings.map(({ metric, value }) => `${metric}=${value}`).sort(), [
    'litres=70',
    'litres=77',
    'state=ok',
    'temperature=12.5',
  ]);
  assert.ok(tried.fuel_used > 100 && tried.fuel_used < 10_000, `${tried.fuel_used}`);
  const schema = await call<SchemaAnswer>(appliance, 'POST', '/v1/schemas', {
    device_class: 'meter',
    format: first.format,
    schema_definition: { fields: { litres: { rename: 'water.volume', scale: 0.001, required: true } } },
  });
  await publish(waterFrame({ counter: 1, litres: 2000 }));
  assert.deepEqual(await latest(), { 'water.volume': 2, temperature: 12.5, state: 'ok' });
  const other = await compileCodec(
    "import { alloc, emitNumber } from './spillway'; export { alloc }; export function decode(at: usize, bytes: i32): i32 { if (bytes > 20) unreachable(); emitNumber('litres', 5000); return 0; }",
  );
  const second = await upload('water', other, '&fuel_max=5000');
  assert.deepEqual([second.version, second.fuel_max], [2, 5000]);
  const versions = `/v1/schemas/${schema.schema_id}/versions`;
  await call(appliance, 'POST', versions, { format: second.format, schema_definition: { fields: {} }, major: true });
  await publish(waterFrame({ counter: 2, steps: Array(9).fill(1) as number[] }));
  await publish(waterFrame({ counter: 3 }));
  assert.deepEqual(await reasons(), ['codec_trapped']);
  assert.equal((await latest()).litres, 5000);
  await call(appliance, 'POST', versions, {
    format: first.format,
    schema_definition: { fields: { litres: { rename: 'water.volume' } } },
    major: true,
  });
  const replay = await call<ReplayAnswer>(appliance, 'POST', '/v1/dead-letters/replay', { filter: { device_id: 'meter-1' } });
  const now = () => call<ReplayAnswer>(appliance, 'GET', `/v1/dead-letters/replays/${replay.id}`);
  await until('the replay is done', async () => (await now()).state === 'done');
  assert.deepEqual([(await now()).replayed, (await now()).dead_again], [1, 0]);
  assert.equal((await latest())['water.volume'], 1000);
  const metrics = await (await fetch(`${appliance.http}/metrics`)).text();
  assert.match(metrics, /spillway_codec_runs_total\{codec="water@1"\} 2\n/);
  assert.match(metrics, /spillway_codec_failures_total\{codec="water@2"\} 1\n/);
});

test('a codec that a schema names stays, and one that none names is deleted', async () => {
  const [{ codec_id: used } = assert.fail()] = (await call<{ codecs: CodecAnswer[] }>(appliance, 'GET', '/v1/codecs?name=water')).codecs;
  await assert.rejects(call(appliance, 'DELETE', `/v1/codecs/${used}`), /409 .*codec_in_use/);
  const { codec_id: spare } = await upload('spare', await waterMeter());
  await call(appliance, 'DELETE', `/v1/codecs/${spare}`);
  await assert.rejects(call(appliance, 'GET', `/v1/codecs/${spare}`), /404 .*codec_unknown/);
  const named = { device_class: 'meter-b', format: 'codec:spare@1', schema_definition: { fields: {} } };
  await assert.rejects(call(appliance, 'POST', '/v1/schemas', named), /404 .*the tenant has no codec spare of version 1/);
});
