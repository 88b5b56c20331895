import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import mqtt from 'mqtt';
import postgres from 'postgres';
import { call, committed } from '../support/api.js';
import { type Appliance, startAppliance } from '../support/appliance.js';
import { until } from '../support/until.js';

// One state folder through a kill, a clean stop and a damaged checkpoint.

const PARTITIONS = 2;
const DEVICES = 8;
const token = 'a-token-for-the-restart-test';
const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-restart-'));
let appliance: Appliance;

const start = async () => {
  appliance = await startAppliance({
    SPILLWAY_STATE: stateFolder,
    SPILLWAY_PARTITIONS: String(PARTITIONS),
    SPILLWAY_CHECKPOINT_SECONDS: '1',
  });
};

before(async () => {
  await start();
  await call(appliance, 'POST', '/v1/devices/bulk', {
    count: DEVICES,
    id_format: 're-%d',
    token,
    via_format: 'gw-%d',
    per_gateway: DEVICES,
  });
});
after(async () => {
  await appliance.stop();
  rmSync(stateFolder, { recursive: true, force: true });
});

test('a second process on the state folder ends at once with exit code 1 and names the first', async () => {
  // Containers on one volume and services with a private /tmp have nothing in common but the state folder.
  const env = { SPILLWAY_STATE: stateFolder, TMPDIR: mkdtempSync(join(stateFolder, 'tmp-')) };
  await assert.rejects(
    startAppliance(env),
    (error: Error) => error.message.includes('it ended with 1') && error.message.includes(`process ${appliance.pid} on host ${hostname()}`),
  );
});

interface Lag {
  partitions: { durable_offset: string; checkpoint_offset: string | null; checkpoint_age_ms: number | null }[];
}

/** Everything that was acknowledged, and sends it all again with each call. */
const acknowledged = new Map<string, string>();
let sequence = 0;

async function publish(messages: number): Promise<void> {
  const options = { clientId: 'gw-1', username: 'default', password: token, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${appliance.mqttPort}`, options, false);
  const send = async (topic: string, payload: string) => {
    await client.publishAsync(topic, payload, { qos: 1 });
    acknowledged.set(payload, topic);
  };
  const sending = [...acknowledged].map(([payload, topic]) => send(topic, payload));
  for (let left = messages; left > 0; left--) {
    const device = 1 + (++sequence % DEVICES);
    sending.push(send(`devices/re-${device}/telemetry`, JSON.stringify({ ts: Date.now(), metrics: { n: sequence }, seq: sequence })));
  }
  await Promise.all(sending);
  await client.endAsync();
}

/** Each acknowledged message is a row, and only one. */
async function verify(): Promise<void> {
  await committed(appliance);
  const sql = postgres(appliance.databaseUrl, { max: 1 });
  const rows = await sql<{ value: number; rows: number }[]>`select value, count(*)::int as rows from raw_metrics group by 1 order by 1`;
  await sql.end();
  assert.deepEqual(
    rows.map(({ value, rows: copies }) => [value, copies]),
    Array.from({ length: acknowledged.size }, (_, index) => [index + 1, 1]),
  );
}

/** The event that each partition told since the start, by partition. */
function events(name: string): Promise<Record<string, unknown>[]> {
  return until(`${name} of each partition`, async () => {
    const lines = appliance.output().split('\n');
    const found = lines.filter((line) => line.includes(`"${name}"`) && line.endsWith('}')).map((line) => JSON.parse(line));
    return found.length < PARTITIONS ? undefined : found.sort((a, b) => Number(a.partition) - Number(b.partition));
  });
}

test('after kill -9 it recovers from its checkpoints and the log after them', async () => {
  await publish(100);
  const lag = await until('a checkpoint of each partition', async () => {
    const answer = await call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
    return answer.partitions.every((one) => one.checkpoint_offset !== null) ? answer : undefined;
  });
  for (const { checkpoint_age_ms } of lag.partitions) assert.ok((checkpoint_age_ms ?? Number.NaN) < 30_000);
  await publish(50);
  await appliance.kill();
  await start();
  const loaded = await events('checkpoint-loaded');
  assert.equal(loaded.length, PARTITIONS);
  for (const [partition, { checkpoint_offset }] of lag.partitions.entries()) {
    assert.ok(BigInt(String(loaded[partition]?.offset)) >= BigInt(checkpoint_offset ?? -1));
  }
  await publish(50);
  await verify();
});

test('stopped: it comes back without a replay', async () => {
  await appliance.stop();
  await start();
  assert.deepEqual(
    (await events('checkpoint-loaded')).map(({ replayBytes }) => replayBytes),
    Array.from({ length: PARTITIONS }, () => '0'),
  );
  const { partitions } = await call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
  for (const { checkpoint_offset, durable_offset } of partitions) assert.equal(checkpoint_offset, durable_offset);
  await publish(20);
  await verify();
});

test('with its newest checkpoints cut short: it says so, and comes back from the ones before them', async () => {
  await appliance.stop();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const folder = join(stateFolder, 'checkpoints', `0${partition}`);
    const names = readdirSync(folder).sort();
    assert.equal(names.length, 2);
    truncateSync(join(folder, names[1] as string), 1000);
  }
  await start();
  assert.deepEqual(
    (await events('checkpoint-refused')).map(({ code }) => code),
    Array.from({ length: PARTITIONS }, () => 'checkpoint_truncated'),
  );
  assert.equal((await events('checkpoint-loaded')).length, PARTITIONS);
  await publish(20);
  await verify();
});
