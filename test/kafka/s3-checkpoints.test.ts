import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type Brokers, startBrokers } from '../../src/cli/selftest/kafka/brokers.js';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { startTestDatabase, type TestDatabase } from '../support/database.js';
import { Load } from '../support/kafka/load.js';
import { type S3Server, startS3 } from '../support/s3/server.js';
import { until } from '../support/until.js';

// Processes that share no folder: what they know of each other's partitions is in the topic, the database and the object store.

const MOVE_MS_MAX = 60_000;

let brokers: Brokers;
let s3: S3Server;
let database: TestDatabase;
let folder: string;
let running: Appliance[] = [];
let round = 0;

before(async () => {
  const [broker, server] = await Promise.all([startBrokers(1), startS3()]);
  if (!('missing' in broker)) brokers = broker;
  if (!('missing' in server)) s3 = server;
  for (const one of [broker, server]) if ('missing' in one) throw new Error(`cannot start a server: ${one.missing}`);
});

after(async () => {
  await brokers?.stop();
  await s3?.stop();
});

beforeEach(async () => {
  database = await startTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'spillway-s3-test-'));
  round++;
});

afterEach(async () => {
  s3.thaw();
  await Promise.all(running.map((process) => process.kill()));
  running = [];
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A process of the deployment, with a state folder of its own. */
async function start(name: string, roles: string, env: Record<string, string> = {}): Promise<Appliance> {
  const process = await startAppliance({
    SPILLWAY_STATE: join(folder, name),
    SPILLWAY_ROLES: roles,
    SPILLWAY_LOG: 'kafka',
    SPILLWAY_KAFKA_BROKERS: brokers.addresses,
    SPILLWAY_KAFKA_TOPIC_PREFIX: `s3-${round}.`,
    SPILLWAY_DATABASE_URL: database.url,
    SPILLWAY_CHECKPOINT_SECONDS: '1',
    SPILLWAY_LOG_LEVEL: 'debug',
    ...s3.env,
    ...env,
  });
  running.push(process);
  return process;
}

interface Lag {
  readonly here: boolean;
  readonly checkpoint_store_offset: string | null;
  readonly checkpoint_store_age_ms: number | null;
}

async function partitions(process: Appliance): Promise<Lag[]> {
  return (await call<{ partitions: Lag[] }>(process, 'GET', '/v1/pipeline/lag')).partitions;
}

async function owns(process: Appliance, count: number): Promise<void> {
  const owned = async () => (await partitions(process)).filter(({ here }) => here).length === count;
  await until(`it has ${count} partitions`, owned, MOVE_MS_MAX);
}

async function more(load: Load, messages: number): Promise<void> {
  const enough = load.acknowledged.size + messages;
  await until('messages are acknowledged', () => load.acknowledged.size > enough, MOVE_MS_MAX);
}

/** The offsets that events of this name tell. */
function offsetsOf(process: Appliance, name: string): number[] {
  const lines = process.output().split('\n');
  return lines.filter((line) => line.includes(`"${name}"`)).map((line) => Number(/"offset":"(\d+)"/.exec(line)?.[1]));
}

test('partitions are taken up from the object store by processes with empty folders, after a clean stop and after a kill', {
  timeout: 240_000,
}, async () => {
  const gateway = await start('gateway', 'gateway,control');
  const first = await start('first', 'pipeline');
  const load = new Load();
  await load.register(gateway);
  const publishing = load.run(gateway.mqttPort);
  await owns(first, 4);
  await more(load, 3000);
  await first.stop();
  assert.equal((await s3.keys()).filter((key) => key.startsWith(`checkpoints/s3-${round}.telemetry.raw/`)).length, 8);
  const second = await start('second', 'pipeline');
  await owns(second, 4);
  await until('it is caught up', async () => (await fetch(`${second.http}/readyz`)).ok, MOVE_MS_MAX);
  const fetched = offsetsOf(second, 'checkpoint-fetched');
  assert.equal(fetched.length, 4);
  assert.deepEqual(offsetsOf(second, 'checkpoint-loaded').sort(), fetched.sort());
  assert.ok(fetched.every((offset) => offset > 0));
  await more(load, 3000);
  await until('the store has newer ones', async () => {
    const stored = (await partitions(second)).map(({ checkpoint_store_offset }) => Number(checkpoint_store_offset));
    return stored.every((offset) => offset > Math.max(...fetched));
  });
  assert.ok((await partitions(second)).every(({ checkpoint_store_age_ms: age }) => age !== null && age < 30_000));
  assert.match(await (await fetch(`${second.http}/metrics`)).text(), /^spillway_checkpoint_store_age_seconds\{partition="0"\} \d/m);
  await second.kill();
  const third = await start('third', 'pipeline');
  await owns(third, 4);
  await more(load, 1000);
  assert.ok(offsetsOf(third, 'checkpoint-fetched').every((offset) => offset > Math.max(...fetched)));
  await load.stop();
  await publishing;
  await committed(gateway, MOVE_MS_MAX);
  const stored = await load.verify(database.url);
  console.log(`${load.acknowledged.size} acknowledged, ${stored} stored, 0 lost, 0 doubled`);
  for (const { output } of [first, second, third]) {
    assert.doesNotMatch(output(), /log_gap|log_blocks_missing|ledger-unbalanced|checkpoint-refused|checkpoint-store-(away|failing)/);
    assert.ok(!output().includes(s3.store.secretAccessKey));
  }
});

test('an object store that stands still, or that refuses, holds nothing up: the topic is read again, and it is told', {
  timeout: 240_000,
}, async () => {
  const gateway = await start('gateway', 'gateway,control');
  const first = await start('first', 'pipeline');
  const load = new Load();
  await load.register(gateway);
  const publishing = load.run(gateway.mqttPort);
  await owns(first, 4);
  await more(load, 1000);
  s3.freeze();
  await more(load, 3000);
  await first.stop();
  assert.match(first.output(), /checkpoint-not-stored/);
  const second = await start('second', 'pipeline');
  await owns(second, 4);
  await until('it is caught up', async () => (await fetch(`${second.http}/readyz`)).ok, MOVE_MS_MAX);
  assert.match(second.output(), /checkpoint-store-away/);
  assert.match(second.output(), /checkpoint_store_silent/);
  assert.equal(offsetsOf(second, 'checkpoint-missing').length, 4);
  s3.thaw();
  await more(load, 1000);
  await until(
    'the store is used again',
    async () => (await partitions(second)).every((one) => one.checkpoint_store_offset !== null),
    60_000,
  );
  await second.stop();
  const third = await start('third', 'pipeline', { SPILLWAY_CHECKPOINT_STORE_SECRET_ACCESS_KEY: 'wrong' });
  await until('it is told', () => /checkpoint_store_denied/.test(third.output()), MOVE_MS_MAX);
  await until('it is caught up', async () => (await fetch(`${third.http}/readyz`)).ok, MOVE_MS_MAX);
  assert.match(third.output(), /SPILLWAY_CHECKPOINT_STORE_ACCESS_KEY_ID/);
  await load.stop();
  await publishing;
  await committed(gateway, MOVE_MS_MAX);
  await load.verify(database.url);
  await third.stop();
});
