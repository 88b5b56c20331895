import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import type { SchemaAnswer } from '../../src/contract/answers/schemas.js';
import type { ShadowRunActivatedAnswer, ShadowRunAnswer } from '../../src/contract/answers/shadow-runs.js';
import { outcomeOf, runSpillway } from '../cli/run-spillway.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const TOKEN = 'a-token-of-one-device';
const folder = mkdtempSync(join(tmpdir(), 'spillway-shadow-'));

let appliance: Appliance;
let client: MqttClient;
before(async () => {
  appliance = await startAppliance();
  await call(appliance, 'POST', '/v1/devices', { device_id: 'pump-1', token: TOKEN, device_class: 'pump' });
  const options = { clientId: 'pump-1', username: 'default', password: TOKEN, protocolVersion: 5, reconnectPeriod: 0 } as const;
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
});
after(async () => {
  await client?.endAsync();
  await appliance?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const publish = (topic: string, payload: string) => client.publishAsync(topic, payload, { qos: 1 });
const read = (id: number) => call<ShadowRunAnswer>(appliance, 'GET', `/v1/shadow-runs/${id}`);

async function runOf(body: object): Promise<ShadowRunAnswer> {
  const { id } = await call<ShadowRunAnswer>(appliance, 'POST', '/v1/shadow-runs', body);
  await until('the run is done', async () => (await read(id)).state !== 'running');
  return read(id);
}

const counts = ({ report }: ShadowRunAnswer) =>
  Object.fromEntries(
    report.fields.map(({ field, same, changed, only_before, only_after }) => [field, [same, changed, only_before, only_after].join()]),
  );

test('a version that is not made yet is run beside the one in use, and activated once its report was read', async () => {
  const fields = { t: { rename: 'temperature' }, p: { type: 'number' } };
  const schema = await call<SchemaAnswer>(appliance, 'POST', '/v1/schemas', {
    device_class: 'pump',
    format: 'json',
    schema_definition: { fields },
  });
  for (let n = 0; n < 10; n++) await publish('devices/pump-1/telemetry', `{"ts":${1_796_029_200_000 + n},"t":${20 + n},"p":${n}}`);
  await committed(appliance);
  const candidate = {
    device_class: 'pump',
    format: 'json',
    schema_definition: { fields: { t: { max: 27, rename: 'temperature' }, p: { scale: 2 } } },
  };
  const run = await runOf({ schema: { ...candidate, major: true } });
  assert.deepEqual([run.state, run.report.messages, run.report.same], ['done', 10, 1]);
  // Two of ten are above the range; of the others p is doubled, and 0 stays.
  assert.deepEqual(counts(run), { p: '1,7,2,0', temperature: '8,0,2,0' });
  assert.deepEqual(run.report.refused, { before: {}, after: { field_out_of_range: 2 } });
  const example = run.report.fields.find(({ field }) => field === 'p')?.examples[0];
  assert.deepEqual([example?.device, example?.before?.value, example?.after?.value], ['pump-1', 1, 2]);
  assert.equal(
    (await call<SchemaAnswer>(appliance, 'GET', `/v1/schemas/${schema.schema_id}?tenant=default`)).used_version,
    1,
    'nothing is active yet',
  );
  const half = await runOf({ schema: { ...candidate, major: true }, percent: 50 });
  assert.equal(half.report.messages, 5);
  const activated = await call<ShadowRunActivatedAnswer>(appliance, 'POST', `/v1/shadow-runs/${run.id}/activate`);
  assert.deepEqual([activated.state, activated.version], ['activated', 2]);
  await publish('devices/pump-1/telemetry', '{"ts":1796029300000,"t":21,"p":4}');
  await committed(appliance);
  const { metrics } = await call<{ metrics: { p: { value: number } } }>(appliance, 'GET', '/v1/devices/pump-1/metrics/latest');
  assert.equal(metrics.p.value, 8);
  await assert.rejects(call(appliance, 'POST', `/v1/shadow-runs/${run.id}/activate`), /409 .*shadow_run_not_done/);
});

test('a topic rule is tried on the messages of its topics, live ones too, and one run at a time', async (t) => {
  await call(appliance, 'POST', '/v1/topic-rules', { name: 'now', pattern: 'site/{room}/state', device: 'connection', decoder: 'json' });
  await until('the rule is in effect', async () => {
    await publish('site/hall/state', '{"level":2}').catch(() => {});
    await committed(appliance);
    const { metrics } = await call<{ metrics: Record<string, unknown> }>(appliance, 'GET', '/v1/devices/pump-1/metrics/latest');
    return 'level' in metrics;
  });
  const rule = { name: 'then', pattern: 'site/{room}/state', device: 'connection', decoder: 'json', prefix: '{room}', position: 1 };
  const { id } = await call<ShadowRunAnswer>(appliance, 'POST', '/v1/shadow-runs', { rule, live_minutes: 1, messages_max: 3 });
  await assert.rejects(call(appliance, 'POST', '/v1/shadow-runs', { rule }), /409 .*shadow_run_running/);
  await until('the run has seen three', async () => {
    await publish('site/hall/state', '{"level":3}');
    return (await read(id)).state === 'done';
  });
  const run = await read(id);
  assert.deepEqual([run.subject, run.report.messages, run.report.same], ['site/{room}/state', 3, 0]);
  assert.equal(counts(run)['hall.level'], '0,0,0,3');
  const file = join(folder, 'candidate.json');
  writeFileSync(file, JSON.stringify({ rule }));
  const cli = ['--url', appliance.http];
  const env = { SPILLWAY_ADMIN_KEY: appliance.adminKey };
  const shown = await outcomeOf(runSpillway(t, folder, ['shadow', 'run', file, '--last', '60', ...cli], env));
  assert.match(shown.stdout, /run \d+ is done; 0 of \d+ messages are the same[\s\S]*hall\.level/);
  const made = await outcomeOf(runSpillway(t, folder, ['shadow', 'activate', String(id), ...cli], env));
  assert.match(made.stdout, /topic rule then is made/);
});
