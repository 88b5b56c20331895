import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import postgres, { type Sql } from 'postgres';
import type { ReplayAnswer, RetriedAnswer } from '../../src/contract/answers/letters.js';
import { outcomeOf, runSpillway } from '../cli/run-spillway.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-letters-'));
const settings = { SPILLWAY_STATE: stateFolder };
let appliance: Appliance;
let sql: Sql;
let token = '';

before(async () => {
  appliance = await startAppliance(settings);
  sql = postgres(appliance.databaseUrl, { max: 1, onnotice: () => {} });
  ({ auth_token: token } = await call<{ auth_token: string }>(appliance, 'POST', '/v1/devices', {
    device_id: 'letters-1',
    device_class: 'test',
  }));
});

after(async () => {
  await sql?.end();
  await appliance?.stop();
  rmSync(stateFolder, { recursive: true, force: true });
});

async function post(payload: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
  const { status } = await fetch(`${appliance.http}/v1/ingest/letters-1`, { method: 'POST', headers, body: payload });
  assert.equal(status, 202);
}

interface Letter {
  readonly id: string;
  readonly reason: string;
  readonly position: number | null;
  readonly replayed_at: string | null;
  readonly topic: string | null;
}

async function letters(): Promise<readonly Letter[]> {
  await committed(appliance);
  return (await call<{ dead_letters: Letter[] }>(appliance, 'GET', '/v1/dead-letters?device_id=letters-1')).dead_letters;
}

/** Values of a metric in the database. */
async function valuesOf(metric: string): Promise<number[]> {
  const rows = await sql`select value from readings r join metrics m on m.id = r.metric_id where m.name = ${metric} order by r.ts`;
  return rows.map(({ value }) => value as number);
}

test('a dead letter is mended and tried again: its reading is stored at the time at which it came', async () => {
  await post('{"mended":21.5');
  const [letter] = await letters();
  assert.deepEqual([letter?.reason, letter?.position, letter?.replayed_at], ['json_malformed', 14, null]);
  const body = { payload_base64: Buffer.from('{"mended":21.5}').toString('base64') };
  const answer = await call<RetriedAnswer>(appliance, 'POST', `/v1/dead-letters/${letter?.id}/retry`, body);
  assert.deepEqual(answer, { status: 'stored', id: null, reason: null });
  assert.deepEqual(await valuesOf('mended'), [21.5]);
  const [row] = await sql`
    select r.ts = l.received_at as same from readings r join metrics m on m.id = r.metric_id, dead_letters l
    where m.name = 'mended' and l.id = ${letter?.id ?? ''}::bigint`;
  assert.equal(row?.same, true);
  assert.notEqual((await letters())[0]?.replayed_at, null);
});

test('a letter that stays what it is becomes a new one', async () => {
  await post('still not json');
  const [letter] = await letters();
  const answer = await call<RetriedAnswer>(appliance, 'POST', `/v1/dead-letters/${letter?.id}/retry`, {});
  assert.deepEqual([answer.status, answer.reason], ['dead', 'json_malformed']);
  assert.equal((await letters())[0]?.id, answer.id);
});

test('the byte of the fault is marked in a binary payload, and the letters are counted by reason', async (t) => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/cbor' };
  const body = Buffer.from('a261610161621c', 'hex');
  assert.equal((await fetch(`${appliance.http}/v1/ingest/letters-1`, { method: 'POST', headers, body })).status, 202);
  const [letter] = await letters();
  assert.deepEqual([letter?.reason, letter?.position], ['cbor_malformed', 6]);
  const command = (...args: string[]) =>
    outcomeOf(runSpillway(t, appliance.stateFolder, [...args, '--url', appliance.http], { SPILLWAY_ADMIN_KEY: appliance.adminKey }));
  assert.match(
    (await command('dead-letters', 'list', '--reason', 'cbor_malformed')).stdout,
    / cbor_malformed at byte 6 +a26161016162>1c\n/,
  );
  const counted = /\ndefault +(\d+) +\d+ +0 +cbor_malformed 1, json_malformed \d+\n/;
  await until('they are counted', async () => counted.test((await command('dead-letters', 'depth')).stdout));
});

test('letters that match are replayed once each, though the process is killed while they are on their way', async () => {
  // As a build that could not read them would have left them.
  await sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    select 0, 0, d.id, now() - interval '1 day' + i * interval '1 s', 'test_reason', convert_to('{"again":' || i || '}', 'UTF8')
    from devices d, generate_series(1, 3000) i where d.name = 'letters-1'`;
  const filter = { filter: { device_id: 'letters-1', reason: 'test_reason' } };
  const replay = await call<ReplayAnswer>(appliance, 'POST', '/v1/dead-letters/replay', filter);
  assert.equal(replay.letters, 3000);
  await until('some are stored', async () => (await valuesOf('again')).length > 0);
  await appliance.kill();
  await sql.end();
  appliance = await startAppliance(settings);
  sql = postgres(appliance.databaseUrl, { max: 1, onnotice: () => {} });
  const { id } = await call<ReplayAnswer>(appliance, 'POST', '/v1/dead-letters/replay', filter);
  await until(
    'the replay is done',
    async () => (await call<ReplayAnswer>(appliance, 'GET', `/v1/dead-letters/replays/${id}`)).state === 'done',
  );
  await committed(appliance);
  assert.deepEqual(
    await valuesOf('again'),
    Array.from({ length: 3000 }, (_, index) => index + 1),
  );
  const [open] = await sql`select count(*)::int as letters from dead_letters where reason = 'test_reason' and replayed_at is null`;
  assert.equal(open?.letters, 0);
});

test('what a 3.1.1 client publishes on a topic that nobody takes is kept, and its readings are stored once a rule takes it', async () => {
  const options = { clientId: 'letters-1', username: 'default', password: token, protocolVersion: 4 } as const;
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options);
  await client.publishAsync('plant/line/4', '{"pressed":17}', { qos: 1 });
  await client.publishAsync('devices/letters-1/telemetry', '{"metrics":{"after":1}}', { qos: 1 });
  assert.equal(client.connected, true);
  await client.endAsync();
  const [letter] = await letters();
  assert.deepEqual([letter?.reason, letter?.topic], ['topic_not_taken', 'plant/line/4']);
  assert.deepEqual(await valuesOf('after'), [1], 'what came after it is stored');
  const rule = { name: 'plant', pattern: 'plant/line/+', device: 'connection', decoder: 'json', prefix: 'line' };
  await call(appliance, 'POST', '/v1/topic-rules', rule);
  const answer = await call<RetriedAnswer>(appliance, 'POST', `/v1/dead-letters/${letter?.id}/retry`, {});
  assert.equal(answer.status, 'stored');
  assert.deepEqual(await valuesOf('line.pressed'), [17]);
});
