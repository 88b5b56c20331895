import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import mqtt, { type MqttClient } from 'mqtt';
import { outcomeOf, runSpillway } from '../cli/run-spillway.js';
import { root } from '../source-tree.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';

const TOKEN = 'a-token-of-one-device';
const folder = mkdtempSync(join(tmpdir(), 'spillway-packs-'));
const example = join(root, 'deploy', 'packs', 'acme-boiler', 'pack.json');
const at = (name: string) => join(folder, name);

let appliance: Appliance;
let client: MqttClient;
before(async () => {
  appliance = await startAppliance();
  await call(appliance, 'POST', '/v1/devices', { device_id: 'b1', token: TOKEN, device_class: 'boiler' });
  const options = { clientId: 'b1', username: 'default', password: TOKEN, protocolVersion: 5, reconnectPeriod: 0 } as const;
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
});
after(async () => {
  await client?.endAsync();
  await appliance?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function pack(t: TestContext, ...args: string[]) {
  const isLocal = ['build', 'sign', 'keygen'].includes(args[0]!);
  const where = isLocal ? [] : ['--url', appliance.http];
  return outcomeOf(runSpillway(t, folder, ['pack', ...args, ...where], { SPILLWAY_ADMIN_KEY: appliance.adminKey }));
}

async function stored(): Promise<unknown> {
  await client.publishAsync('acme/boiler/b1/state', '{"t":140,"p":1.5}', { qos: 1 });
  await committed(appliance);
  const { metrics } = await call<{ metrics: Record<string, { value: number; unit?: string }> }>(
    appliance,
    'GET',
    '/v1/devices/b1/metrics/latest',
  );
  return metrics.temperature?.value;
}

async function made(t: TestContext, content: string | object): Promise<string> {
  const [source, file] = [at('pack.json'), at('boiler.pack')];
  writeFileSync(source, typeof content === 'string' ? content : JSON.stringify(content));
  assert.equal((await pack(t, 'build', source, file)).code, 0);
  assert.equal((await pack(t, 'sign', file, '--key', at('acme.key'))).code, 0);
  return file;
}

test('the example is built, signed, verified, tried on the log, installed, upgraded, rolled back and removed', async (t) => {
  assert.match((await pack(t, 'keygen', at('acme'))).stdout, /^key [0-9a-f]{32}: keep /);
  const file = await made(t, readFileSync(example, 'utf8'));
  const stranger = await pack(t, 'install', file, '--json');
  assert.deepEqual([stranger.code, JSON.parse(stranger.stderr).error.code], [1, 'pack_untrusted']);
  assert.equal((await pack(t, 'key', 'add', 'Acme', at('acme.pem'))).code, 0);
  const verified = await pack(t, 'verify', file);
  assert.deepEqual(
    [verified.code, verified.stdout.split('\n').slice(1, 4)],
    [0, ['signed by Acme', 'as expected: state', 'as expected: a pressure below 0']],
  );
  const first = await pack(t, 'install', file);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /; 0 of 0 messages are the same\n[\s\S]*pack acme-boiler 1\.0\.0 is installed in default\n$/);
  assert.equal(await stored(), 60);

  const content = JSON.parse(readFileSync(example, 'utf8'));
  content.version = '1.1.0';
  content.schemas[0].schema_definition.fields.t.to = 'K';
  content.schemas[0].major = true;
  content.vectors[0].readings[0] = { metric: 'temperature', value: 333.15, unit: 'K' };
  const next = await made(t, content);
  const differs = await pack(t, 'install', next);
  assert.equal(differs.code, 1);
  assert.match(differs.stdout, /\ntemperature +0 +1 +0 +0 +b1: 60 -> 333\.15\n[\s\S]*is not installed\n$/);
  assert.match(differs.stderr, /npx spillway shadow activate \d+/);
  assert.equal(await stored(), 60, 'nothing was changed');
  assert.equal((await pack(t, 'install', next, '--accept')).code, 0);
  assert.equal(await stored(), 333.15);
  assert.match(
    (await pack(t, 'list')).stdout,
    /\nacme-boiler +1\.1\.0 +Acme +installed +[0-9a-f]{32}\n[\s\S]*\ntasmota +1\.0\.0 +Tasmota +built-in +-\n/,
  );
  assert.equal((await pack(t, 'rollback', 'acme-boiler')).stdout, 'pack acme-boiler is at version 1.0.0\n');
  assert.equal(await stored(), 60);
  assert.match((await pack(t, 'show', 'acme-boiler')).stdout, /acme\/boiler\/\{device\}\/state[\s\S]*\n2 test messages\n$/);
  assert.equal((await pack(t, 'remove', 'acme-boiler')).stdout, 'pack acme-boiler is removed\n');
  await assert.rejects(stored(), /topic/i);
});
