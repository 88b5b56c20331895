import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import protobuf from 'protobufjs';
import type { ReplayAnswer } from '../../src/contract/answers/letters.js';
import type { SchemaAnswer, SchemaTrialAnswer } from '../../src/contract/answers/schemas.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const TOKEN = 'a-token-of-one-device';

let appliance: Appliance;
before(async () => {
  appliance = await startAppliance();
});
after(() => appliance.stop());

interface Device {
  /** Over MQTT at QoS 1. */
  publish(payload: string | Uint8Array): Promise<void>;
  /** Over HTTP. */
  post(payload: string | Uint8Array, contentType: string): Promise<void>;
  latest(): Promise<Record<string, number | string>>;
  /** Reasons of its dead letters, the newest first. */
  letters(): Promise<string[]>;
}

async function device(
  t: { after(end: () => Promise<unknown>): void },
  id: string,
  deviceClass: string,
  firmware?: string,
): Promise<Device> {
  await call(appliance, 'POST', '/v1/devices', { device_id: id, token: TOKEN, device_class: deviceClass, firmware_version: firmware });
  const options = { clientId: id, username: 'default', password: TOKEN, protocolVersion: 5, reconnectPeriod: 0 } as const;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
  t.after(() => client.endAsync());
  return {
    publish: async (payload) => void (await client.publishAsync(`devices/${id}/telemetry`, Buffer.from(payload), { qos: 1 })),
    post: async (payload, contentType) => {
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': contentType };
      const answer = await fetch(`${appliance.http}/v1/ingest/${id}`, { method: 'POST', headers, body: Buffer.from(payload) });
      assert.equal(answer.status, 202, await answer.text());
    },
    latest: async () => {
      await committed(appliance);
      const { metrics } = await call<{ metrics: Record<string, { value: number | string }> }>(
        appliance,
        'GET',
        `/v1/devices/${id}/metrics/latest`,
      );
      return Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
    },
    letters: async () => {
      await committed(appliance);
      const found = await call<{ dead_letters: { reason: string }[] }>(appliance, 'GET', `/v1/dead-letters?device_id=${id}`);
      return found.dead_letters.map(({ reason }) => reason);
    },
  };
}

const make = (body: object) => call<SchemaAnswer>(appliance, 'POST', '/v1/schemas', { format: 'json', mode: 'strict', ...body });

const fields = {
  t: { type: 'number', unit: '[degF]', to: 'Cel', min: -40, max: 125, rename: 'air.temperature', required: true },
  p: { unit: '[psi]', to: 'kPa', outside: 'clamp', max: 1000 },
  rpm: { type: 'integer', scale: 10 },
  mode: { type: 'text', default: 'auto' },
};

test('JSON is read by a strict schema over MQTT and HTTP: names, units, ranges, defaults', async (t) => {
  await make({ device_class: 'pump', schema_definition: { fields } });
  const pump = await device(t, 'pump-1', 'pump');
  await pump.publish('{"ts":1796029200000,"metrics":{"t":212,"p":14.5,"rpm":148,"mode":"eco"},"seq":1}');
  assert.deepEqual(await pump.latest(), { 'air.temperature': 100, p: (14.5 * 6894.757293168361) / 1000, rpm: 1480, mode: 'eco' });
  await pump.post('{"ts":1796029201000,"t":70.7,"p":5000,"other":7}', 'application/json');
  assert.deepEqual(await pump.latest(), { 'air.temperature': 21.5, p: 1000, rpm: 1480, mode: 'auto', other: 7 });
  assert.deepEqual(await pump.letters(), []);
  await pump.publish('{"ts":1796029202000,"t":1000}');
  await pump.publish('{"ts":1796029203000,"p":1}');
  await pump.post('{"ts":1796029204000,"t":70.7,"rpm":"fast"}', 'application/json');
  assert.deepEqual((await pump.letters()).sort(), ['field_missing', 'field_out_of_range', 'field_type_invalid']);
  assert.equal((await pump.latest())['air.temperature'], 21.5);
});

test('a flexible schema refuses a message for its critical fields alone', async (t) => {
  await make({ device_class: 'fan', mode: 'flexible', schema_definition: { fields: { ...fields, rpm: { type: 'integer', max: 100 } } } });
  const fan = await device(t, 'fan-1', 'fan');
  await fan.publish('{"ts":1796029200000,"t":32,"rpm":101,"p":"high"}');
  assert.deepEqual(await fan.latest(), { 'air.temperature': 0, mode: 'auto' });
  await fan.publish('{"ts":1796029201000,"rpm":1}');
  assert.deepEqual(await fan.letters(), ['field_missing']);
});

test('messages that a schema refused are stored by its next version when they are replayed', async (t) => {
  const definition = (max: number) => ({ fields: { level: { max, rename: 'tank.level' } } });
  const { schema_id: id } = await make({ device_class: 'tank', schema_definition: definition(10) });
  const tank = await device(t, 'tank-1', 'tank');
  for (let level = 11; level < 14; level++) await tank.publish(`{"ts":${1_796_029_200_000 + level},"level":${level}}`);
  assert.deepEqual(await tank.letters(), Array(3).fill('field_out_of_range'));
  await call(appliance, 'POST', `/v1/schemas/${id}/versions`, { schema_definition: definition(20) });
  const filter = { filter: { device_id: 'tank-1' } };
  const replay = await call<ReplayAnswer>(appliance, 'POST', '/v1/dead-letters/replay', filter);
  const now = () => call<ReplayAnswer>(appliance, 'GET', `/v1/dead-letters/replays/${replay.id}`);
  await until('the replay is done', async () => (await now()).state === 'done');
  assert.deepEqual([(await now()).replayed, (await now()).dead_again], [3, 0]);
  assert.deepEqual(await tank.latest(), { 'tank.level': 13 });
});

test('JSON Schema is a definition, and refuses what it does not name where it says so', async (t) => {
  const properties = { temperature: { type: 'number', minimum: -40 }, open: { type: 'boolean' }, ts: {} };
  await make({ device_class: 'door', schema_definition: { type: 'object', properties, additionalProperties: false } });
  const door = await device(t, 'door-1', 'door');
  await door.publish('{"ts":1796029200000,"temperature":21.5,"open":true}');
  assert.deepEqual(await door.latest(), { temperature: 21.5, open: 1 });
  await door.publish('{"ts":1796029201000,"temperature":21.5,"shut":true}');
  assert.deepEqual(await door.letters(), ['field_unexpected']);
});

test('Protobuf is read by the text of its .proto file, over MQTT and HTTP', async (t) => {
  const proto = 'syntax = "proto3"; message Meter { uint64 at = 1; double energy = 2; Body body = 3; } message Body { float heat = 1; }';
  const definition = {
    proto,
    message: 'Meter',
    time: 'at',
    time_unit: 'ms',
    readings: 'body',
    fields: { heat: { unit: '[degF]', to: 'Cel', rename: 'temperature' } },
  };
  await make({ device_class: 'meter', format: 'protobuf', schema_definition: definition });
  const meter = await device(t, 'meter-1', 'meter');
  const Meter = protobuf.parse(proto).root.lookupType('Meter');
  const encode = (at: number, energy: number, heat: number) => Meter.encode({ at, energy, body: { heat } }).finish();
  await meter.publish(encode(1_796_029_200_000, 12.5, 212));
  assert.deepEqual(await meter.latest(), { energy: 12.5, temperature: 100 });
  await meter.post(encode(1_796_029_201_000, 0, 32), 'application/x-protobuf');
  assert.deepEqual(await meter.latest(), { energy: 0, temperature: 0 });
  assert.deepEqual(await meter.letters(), []);
});

test('members of other names are time, sequence and readings; the firmware that a device says chooses its schema', async (t) => {
  const paths = { time: 'head.at', sequence: 'head.n', readings: 'data', firmware: 'head.fw' };
  await make({ device_class: 'gate', firmware_version: '<2', schema_definition: { fields: { v: 'number' }, ...paths } });
  const newer = await make({
    device_class: 'gate',
    firmware_version: '>=2',
    schema_definition: { fields: { v: { scale: 0.5 } }, ...paths },
  });
  const gate = await device(t, 'gate-1', 'gate', '1.0.0');
  const message = (n: number, fw: string) => JSON.stringify({ head: { at: 1_796_029_200_000 + n, n, fw }, data: { v: 8 } });
  await gate.publish(message(1, '1.0.0'));
  assert.equal((await gate.latest()).v, 8);
  await gate.publish(message(1, '1.0.0'));
  await gate.publish(message(2, '2.1.0'));
  const shown = () => call<{ firmware_version: string; schema: { number: number } }>(appliance, 'GET', '/v1/devices/gate-1');
  await until('its firmware is known', async () => (await shown()).firmware_version === '2.1.0');
  assert.equal((await shown()).schema.number, newer.number);
  await gate.publish(message(3, '2.1.0'));
  assert.equal((await gate.latest()).v, 4);
  assert.deepEqual(await gate.letters(), []);
});

test('a new version is in effect within a second, and says what a trial said', async (t) => {
  const first = await make({ device_class: 'belt', schema_definition: { fields: { v: 'number' } } });
  const belt = await device(t, 'belt-1', 'belt');
  await belt.publish('{"ts":1796029200000,"v":10}');
  assert.deepEqual(await belt.latest(), { v: 10 });
  const beganMs = performance.now();
  const next = { schema_definition: { fields: { v: { unit: 'm', to: 'km' } } }, major: true };
  const payload = '{"ts":1796029201000,"v":2500}';
  await call(appliance, 'POST', `/v1/schemas/${first.schema_id}/versions`, next);
  await belt.publish(payload);
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs < 1000, `${tookMs} ms`);
  assert.deepEqual(await belt.latest(), { v: 2.5 });
  const tried = await call<SchemaTrialAnswer>(appliance, 'POST', `/v1/schemas/${first.schema_id}/test`, {
    payload_base64: Buffer.from(payload).toString('base64'),
  });
  assert.deepEqual(tried, { version: 2, readings: [{ metric: 'v', value: 2.5, ts: '2026-11-30T09:00:01.000000Z', unit: 'km' }] });
});
