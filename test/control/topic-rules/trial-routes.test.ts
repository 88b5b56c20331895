import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertFailure } from '../../support/failure.js';
import { type ServerUnderTest, startServerUnderTest, TOKEN } from '../../support/server-under-test.js';

let server: ServerUnderTest;
before(async () => {
  server = await startServerUnderTest();
  for (const device of [{ device_id: 'bridge' }, { device_id: 'lamp', via: 'bridge' }, { device_id: 'stranger' }, { device_id: 'still' }]) {
    await server.call('POST', '/v1/devices', { body: { ...device, token: TOKEN } });
  }
  await server.call('PATCH', '/v1/devices/still', { body: { status: 'inactive' } });
});
after(() => server.close());

async function tried(topic: string, payload: string | Uint8Array, more: object = {}) {
  const body = { topic, payload_base64: Buffer.from(payload).toString('base64'), ...more };
  const answer = await server.call('POST', '/v1/topic-rules/test', { body });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

const byMetric = ({ readings }: { readings: { metric: string; value: unknown }[] }) =>
  Object.fromEntries(readings.map(({ metric, value }) => [metric, value]));

const TASMOTA =
  '{"Time":"2026-11-30T10:00:00","SHT3X":{"Temperature":21.4,"Humidity":48.2,"DewPoint":10.0},"ENERGY":{"TotalStartTime":"2026-01-02T03:04:05","Total":12.345,"Power":48},"TempUnit":"C"}';

test('a message of a convention is shown as its readings, and nothing of it is stored', async () => {
  const answer = await tried('tele/plug-1/SENSOR', TASMOTA);
  const { device_id: device, rule, decoder, reason } = answer;
  assert.deepEqual({ device, rule, decoder, reason }, { device: 'plug-1', rule: 'tasmota', decoder: 'tasmota', reason: undefined });
  assert.deepEqual(byMetric(answer), {
    'SHT3X.Temperature': 21.4,
    'SHT3X.Humidity': 48.2,
    'SHT3X.DewPoint': 10,
    'ENERGY.Total': 12.345,
    'ENERGY.Power': 48,
  });
  assert.deepEqual(server.plane.ingested, []);
  assert.equal(server.metricNames.number('ENERGY.Power'), undefined);
});

test('the same message again is the same answer: a trial remembers nothing', async () => {
  const payload = '{"ts":"2026-11-30T09:00:00.000Z","metrics":{"v":1.5,"mode":"eco"},"seq":7}';
  const first = await tried('devices/bridge/telemetry', payload);
  assert.deepEqual(first.readings, [
    { metric: 'v', value: 1.5, ts: '2026-11-30T09:00:00.000000Z' },
    { metric: 'mode', value: 'eco', ts: '2026-11-30T09:00:00.000000Z' },
  ]);
  assert.deepEqual(await tried('devices/bridge/telemetry', payload), first);
});

test('the device that is connected says whose the readings are', async () => {
  const payload = '{"brightness":3}';
  assert.deepEqual(byMetric(await tried('zigbee2mqtt/new', payload, { device_id: 'bridge' })), { 'new.brightness': 3 });
  const lamp = await tried('zigbee2mqtt/lamp', payload, { device_id: 'bridge' });
  assert.deepEqual([lamp.device_id, byMetric(lamp)], ['lamp', { brightness: 3 }]);
  const other = await tried('zigbee2mqtt/stranger', payload, { device_id: 'bridge' });
  assert.deepEqual([other.reason, other.readings], ['topic_forbidden', []]);
  assert.equal((await tried('tele/still/SENSOR', '{"v":1}')).reason, 'device_inactive');
});

test('topics of our own mean the same whatever rules there are, as they do for the gateway', async () => {
  const rule = { pattern: '#', device: 'connection', decoder: 'ignore' };
  for (const topic of ['devices/bridge/telemetry', 'tenant/default/device/bridge/data']) {
    const { device_id: device, rule: taken, readings } = await tried(topic, '{"v":1}', { rule });
    assert.deepEqual([device, taken, readings[0].metric], ['bridge', 'spillway', 'v'], topic);
  }
  assert.equal((await tried('tenant/acme/device/bridge/data', '{"v":1}', { device_id: 'bridge' })).reason, 'topic_forbidden');
});

test('a payload of several devices names those of other devices', async () => {
  const { device_id: device, readings } = await tried('v1/gateway/telemetry', '{"lamp":[{"a":1}],"new":[{"b":2}]}', {
    device_id: 'bridge',
  });
  assert.equal(device, 'lamp');
  assert.deepEqual(
    readings.map(({ metric, device_id: own }: Record<string, string>) => [metric, own]),
    [
      ['a', undefined],
      ['new.b', 'bridge'],
    ],
  );
});

test('a rule is tried before it is made', async () => {
  const rule = { pattern: 'site/{room}/{device}', device: 'level:device', decoder: 'text', value_name: '{room}' };
  const answer = await tried('site/attic/t-1', '47.5', { rule });
  assert.deepEqual([answer.device_id, answer.rule, answer.decoder, byMetric(answer)], ['t-1', 'draft', 'text', { attic: 47.5 }]);
  const unknown = await tried('site/attic/t-1', '47.5');
  assert.deepEqual([unknown.device_id, unknown.rule, unknown.reason], [null, null, 'topic_unknown']);
  assert.equal((await tried('tele/plug-1/SENSOR', TASMOTA, { rule })).rule, 'tasmota');
  const body = { topic: 'a', payload_base64: '', rule: { ...rule, decoder: 'yaml' } };
  const refused = await server.call('POST', '/v1/topic-rules/test', { body });
  assertFailure(refused, 400, 'body_invalid');
  assert.match(refused.body.error.message, /: rule\.decoder must be one of/);
});

test('the content type says the format, and what cannot be read says why', async () => {
  const bytes = Buffer.from('a1617601', 'hex');
  assert.deepEqual(byMetric(await tried('devices/bridge/telemetry', bytes, { content_type: 'application/cbor' })), { v: 1 });
  const dead = await tried('devices/bridge/telemetry', '{"v":1', { device_id: 'bridge' });
  assert.deepEqual([dead.reason, dead.readings], ['json_malformed', []]);
  assert.equal(typeof dead.cause, 'string');
  assert.equal((await tried('devices/bridge/telemetry', '')).reason, 'payload_empty');
});

test('a reading has the unit in which the schema of its device stores it', async () => {
  const fields = { t: { type: 'number', unit: '[degF]', to: 'Cel', rename: 'air' }, p: { unit: 'kPa' }, n: {} };
  const schema = { device_class: 'weather', format: 'json', schema_definition: { fields } };
  assert.equal((await server.call('POST', '/v1/schemas', { body: schema })).status, 201);
  await server.call('POST', '/v1/devices', { body: { device_id: 'w1', device_class: 'weather', token: TOKEN } });
  const payload = '{"t":70.7,"p":101,"n":3}';
  const { readings } = await tried('devices/w1/telemetry', payload);
  const shown = readings.map(({ metric, value, unit = '' }: Record<string, unknown>) => `${metric} ${value} ${unit}`);
  assert.deepEqual(shown.sort(), ['air 21.5 Cel', 'n 3 ', 'p 101 kPa']);
  const without = await tried('devices/bridge/telemetry', payload);
  assert.ok(without.readings.every((reading: object) => !('unit' in reading)));
});

test('a reading of a message that states units has its own', async () => {
  const pack = '[{"bu":"Cel","n":"t","v":21.4},{"n":"humidity","u":"%RH","v":48},{"n":"mode","vs":"eco"}]';
  const { readings } = await tried('devices/bridge/telemetry', pack, { content_type: 'application/senml+json' });
  const shown = readings.map(({ metric, unit = '' }: Record<string, unknown>) => `${metric} ${unit}`);
  assert.deepEqual(shown.sort(), ['humidity %RH', 'mode ', 't Cel']);
});

test('a trial has bounds', async () => {
  const post = (body: object) => server.call('POST', '/v1/topic-rules/test', { body });
  const sized = (bytes: number) => ({ topic: 'devices/bridge/telemetry', payload_base64: Buffer.alloc(bytes, ' ').toString('base64') });
  assertFailure(await post(sized(128 * 1024 + 1)), 413, 'payload_oversize');
  assertFailure(await post(sized(256 * 1024)), 413, 'body_oversize');
  assert.equal((await post(sized(128 * 1024))).body.reason, 'payload_oversize');
  for (const wrong of [{ payload_base64: 'x' }, { payload_base64: '-_==' }, { topic: 'a/+' }, { topic: '' }, { device_id: '' }]) {
    assertFailure(await post({ topic: 'a', payload_base64: '', ...wrong }), 400, 'body_invalid');
  }
});

test('a payload with more metric names than one kernel keeps for others does not spoil later trials', async () => {
  const lines = Array.from({ length: 3000 }, (_, index) => `m${index},t=1 a=${index},b=1,c=1,d=1,e=1,f=1 1796029200000000000`).join('\n');
  const wide = await tried('devices/bridge/telemetry', lines.slice(0, 120_000), { content_type: 'text/plain' });
  assert.ok(wide.readings.length > 1000 || wide.reason !== undefined);
  for (let index = 0; index < 5; index++) {
    const names = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`n${index}-${at}`, at]));
    assert.deepEqual(byMetric(await tried('devices/bridge/telemetry', JSON.stringify(names))), names);
  }
});
