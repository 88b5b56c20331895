import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { startEmbedded } from '../../src/store/embedded/embedded.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { startEmptyDatabase, type TestDatabase } from '../support/database.js';
import { until } from '../support/until.js';

// The database is away when the appliance starts: it takes in what it can vouch for, and nothing else.

const token = 'a-token-for-the-offline-test';
const top = mkdtempSync(join(tmpdir(), 'spillway-offline-'));
const emptyBackup = join(top, 'empty');
let database: TestDatabase;
let data: string;

before(async () => {
  database = await startEmptyDatabase();
  data = join(database.folder, 'data');
  await endDatabase();
  cpSync(data, emptyBackup, { recursive: true, preserveTimestamps: true });
  await beginDatabase();
});
after(async () => {
  for (const appliance of started) await appliance.kill();
  await beginDatabase();
  await database.stop();
  rmSync(top, { recursive: true, force: true });
});

const beginDatabase = () => startEmbedded(database.folder, { sync: false });
const endDatabase = async () => (await beginDatabase()).stop();

/** Kills the server; resolves when its address is dead. */
async function killDatabase(): Promise<void> {
  process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
  await until('the server is gone', async () => {
    const sql = postgres(database.url, { max: 1, connect_timeout: 1 });
    const isGone = await sql`select 1`.then(
      () => false,
      ({ code }) => code === 'ECONNREFUSED',
    );
    await sql.end({ timeout: 0 });
    return isGone;
  });
}

/** While the server is stopped. */
function replaceData(backup: string): void {
  rmSync(data, { recursive: true });
  cpSync(backup, data, { recursive: true, preserveTimestamps: true });
}

/** What a test that failed has not ended. */
const started: Appliance[] = [];

async function start(state: string): Promise<Appliance> {
  const appliance = await startAppliance({
    SPILLWAY_STATE: join(top, state),
    SPILLWAY_DATABASE_URL: database.url,
    SPILLWAY_PARTITIONS: '2',
    SPILLWAY_CHECKPOINT_SECONDS: '1',
  });
  started.push(appliance);
  return appliance;
}

const register = (appliance: Appliance, id: string) => call(appliance, 'POST', '/v1/devices', { device_id: id, token });

async function send(appliance: Appliance, id: string, values: readonly number[], metric = 'n'): Promise<void> {
  for (const value of values) {
    const body = JSON.stringify({ ts: Date.now(), metrics: { [metric]: value }, seq: value });
    const answer = await fetch(`${appliance.http}/v1/ingest/${id}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body,
    });
    assert.equal(answer.status, 202, await answer.text());
  }
}

async function stored(id: string, metric = 'n'): Promise<number[]> {
  const sql = postgres(database.url, { max: 1 });
  const rows = await sql`select value from raw_metrics where device_id = ${id} and metric_name = ${metric} order by value`;
  await sql.end();
  return rows.map(({ value }) => value);
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function readiness(appliance: Appliance): Promise<{ status: number; reason: string }> {
  const answer = await fetch(`${appliance.http}/readyz`);
  return { status: answer.status, reason: ((await answer.json()) as { reason: string }).reason };
}

const ready = (appliance: Appliance) => until('it is ready', async () => (await readiness(appliance)).status === 200);

interface NodeLedger {
  readonly balanced: boolean;
  readonly checked_at: string | null;
}

/** Resolves when a look at the books that begins now finds them right. */
async function balanced(appliance: Appliance): Promise<void> {
  const ledger = () => call<NodeLedger>(appliance, 'GET', '/v1/ledger');
  const { checked_at: before } = await ledger();
  await until('the books are right', async () => {
    const { balanced: isRight, checked_at: at } = await ledger();
    return isRight && at !== null && at !== before;
  });
}

/** With which code a client is refused. */
function refusal(appliance: Appliance, clientId: string, password: string, protocolVersion: 4 | 5): Promise<number> {
  const options = { clientId, username: 'default', password, protocolVersion, reconnectPeriod: 0 };
  const client = mqtt.connect(`mqtt://127.0.0.1:${appliance.mqttPort}`, options);
  return new Promise<number>((resolve, reject) => {
    client.once('error', (error) => resolve((error as Error & { code: number }).code));
    client.once('connect', () => reject(new Error('the client was let in')));
  }).finally(() => client.end(true));
}

async function refused(appliance: Appliance, method: string, path: string, key: string, body?: object) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(appliance.http + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const { error } = (await answer.json()) as { error: { code: string } };
  return [answer.status, error.code, Number(answer.headers.get('retry-after')) > 0];
}

test('with its database killed a start takes in known devices, and commits everything once when it is back', {
  timeout: 180_000,
}, async () => {
  let appliance = await start('known');
  await register(appliance, 'known');
  const rule = { name: 'site', pattern: 'site/{device}', device: 'level:device', decoder: 'text', value_name: 'by_rule' };
  await call(appliance, 'POST', '/v1/topic-rules', rule);
  await send(appliance, 'known', range(1, 3));
  await committed(appliance);
  // Its last offsets are not written down.
  await appliance.kill();
  await killDatabase();

  appliance = await start('known');
  assert.equal(statSync(join(appliance.stateFolder, 'registry-snapshot.jsonl')).mode & 0o777, 0o600);
  assert.ok(!readFileSync(join(appliance.stateFolder, 'registry-snapshot.jsonl'), 'utf8').includes(token));
  const options = { clientId: 'known', username: 'default', password: token, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
  for (const n of range(4, 6)) {
    await client.publishAsync('devices/known/telemetry', JSON.stringify({ ts: Date.now(), metrics: { n }, seq: n }), { qos: 1 });
  }
  await client.publishAsync('site/known', '21.5', { qos: 1 });
  await client.endAsync();
  await send(appliance, 'known', [7], 'never_seen');
  const { status, reason } = await readiness(appliance);
  assert.equal(status, 503);
  assert.match(reason, /^messages are taken in and kept in the log, and not stored: .* away since the start at 20\d\d-.*ECONNREFUSED/);
  await appliance.kill();

  appliance = await start('known');
  await send(appliance, 'known', range(8, 10));
  await beginDatabase();
  await ready(appliance);
  await committed(appliance);
  assert.match(appliance.output(), /"again":true,"msg":"database-taken-up"/);
  assert.deepEqual(await stored('known'), [...range(1, 6), ...range(8, 10)]);
  assert.deepEqual(await stored('known', 'never_seen'), [7]);
  assert.deepEqual(await stored('known', 'by_rule'), [21.5]);
  await balanced(appliance);
  await register(appliance, 'later');
  await send(appliance, 'later', [1]);
  await appliance.stop();
});

test('unknown devices are refused as unknown until the database is back', { timeout: 120_000 }, async () => {
  let appliance = await start('refusals');
  await register(appliance, 'refused');
  await send(appliance, 'refused', [1]);
  await committed(appliance);
  await appliance.stop();
  await endDatabase();
  appliance = await start('refusals');
  const [unavailable, notAuthorized] = [
    [0x88, 3],
    [0x86, 4],
  ];
  const asked = async (id: string, password: string) => [
    await refusal(appliance, id, password, 5),
    await refusal(appliance, id, password, 4),
  ];
  assert.deepEqual(await asked('nobody', token), unavailable);
  assert.deepEqual(await asked('refused', 'another-token'), unavailable);
  const away = [503, 'database_unavailable', true];
  assert.deepEqual(await refused(appliance, 'POST', '/v1/ingest/nobody', token, { metrics: { n: 1 } }), away);
  for (const [method, path, body] of [
    ['POST', '/v1/devices', { device_id: 'new', token }],
    ['DELETE', '/v1/devices/refused', undefined],
    ['GET', '/v1/devices/refused/metrics?metric=n', undefined],
    ['GET', '/v1/devices/nobody', undefined],
  ] as const) {
    assert.deepEqual(await refused(appliance, method, path, appliance.adminKey, body), away, `${method} ${path}`);
  }
  assert.deepEqual(await refused(appliance, 'GET', '/v1/devices', 'a-key-of-another-process'), away);
  const { devices } = await call<{ devices: { device_id: string }[] }>(appliance, 'GET', '/v1/devices');
  assert.deepEqual(
    devices.map(({ device_id }) => device_id).filter((id) => id === 'refused' || id === 'nobody'),
    ['refused'],
  );
  await beginDatabase();
  await ready(appliance);
  assert.match(appliance.output(), /"again":false,"msg":"database-taken-up"/);
  assert.deepEqual(await asked('nobody', token), notAuthorized);
  assert.deepEqual(await refused(appliance, 'GET', '/v1/devices', 'a-key-of-another-process'), [401, 'admin_key_invalid', false]);
  await appliance.stop();
});

test('a backup comes back in its place: numbers that it lost go to nobody, and the rest is committed once', {
  timeout: 180_000,
}, async () => {
  const backup = join(top, 'backup');
  let appliance = await start('restored');
  await register(appliance, 'before');
  await send(appliance, 'before', range(1, 3));
  await committed(appliance);
  await appliance.stop();
  await endDatabase();
  cpSync(data, backup, { recursive: true, preserveTimestamps: true });
  await beginDatabase();
  appliance = await start('restored');
  await register(appliance, 'since');
  await send(appliance, 'since', range(1, 2), 'of_its_own');
  await committed(appliance);
  await appliance.stop();
  await endDatabase();
  appliance = await start('restored');
  await send(appliance, 'since', range(3, 4), 'of_its_own');
  await send(appliance, 'before', range(4, 6));
  replaceData(backup);
  await beginDatabase();
  await ready(appliance);
  await committed(appliance);
  assert.match(appliance.output(), /"devicesLost":1,"metricsLost":1,"msg":"database-older-than-log"/);
  await assert.rejects(call(appliance, 'GET', '/v1/devices/since'), /404 .*"device_unknown"/);
  await register(appliance, 'newcomer');
  await send(appliance, 'newcomer', [1], 'of_its_own');
  await committed(appliance);
  await balanced(appliance);
  assert.deepEqual(await stored('before'), range(1, 6));
  assert.deepEqual([await stored('newcomer'), await stored('newcomer', 'of_its_own')], [[], [1]]);
  const { dead_letters } = await call<{ dead_letters: { reason: string }[] }>(appliance, 'GET', '/v1/dead-letters?unknown=true&limit=100');
  assert.deepEqual(
    dead_letters.map(({ reason }) => reason),
    Array(4).fill('device_lost'),
  );
  await appliance.stop();
});

test('another database in its place ends the process before anything is written there', { timeout: 120_000 }, async () => {
  let appliance = await start('mistaken');
  await register(appliance, 'mistaken');
  await appliance.stop();
  await endDatabase();
  appliance = await start('mistaken');
  await send(appliance, 'mistaken', range(1, 3));
  replaceData(emptyBackup);
  await beginDatabase();
  await assert.rejects(async () => {
    await until('the process ends', () => !isAlive(appliance.pid));
    await appliance.stop();
  }, /it ended with 1/);
  assert.match(appliance.output(), /"code":"log_of_other_database".*npx spillway log set-aside/);
  const sql = postgres(database.url, { max: 1 });
  const tables = await sql`select tablename from pg_tables where schemaname = 'public'`;
  await sql.end();
  assert.deepEqual([...tables], []);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
