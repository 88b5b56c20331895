import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import postgres from 'postgres';
import { call, committed } from '../../support/api.js';
import { startAppliance } from '../../support/appliance.js';
import { SESSION_SECONDS } from '../../support/kafka/deployment.js';
import { Load } from '../../support/kafka/load.js';
import { distinct, readTopic } from '../../support/kafka/read-topic.js';
import { newPrefix, sharedBroker } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

const prefix = newPrefix();
const TOPIC = `${prefix}dead-letters`;
const KILLS = Number(process.env.CRASH_KILLS ?? 1);
const LETTERS = 15;

interface Lag {
  readonly topics: readonly { readonly topic: string; readonly waiting: number; readonly published_id: string }[];
}

test('every dead letter is in the topic, through kill -9 and restart, and the lag says so', async () => {
  const brokers = await sharedBroker();
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-kafka-test-'));
  const env = {
    SPILLWAY_STATE: stateFolder,
    SPILLWAY_LOG: 'kafka',
    SPILLWAY_KAFKA_BROKERS: brokers.addresses,
    SPILLWAY_KAFKA_TOPIC_PREFIX: prefix,
    SPILLWAY_KAFKA_SESSION_SECONDS: SESSION_SECONDS,
    SPILLWAY_KAFKA_TOPICS: 'dead-letters',
  };
  let appliance = await startAppliance(env);
  try {
    const load = new Load();
    await load.register(appliance);
    for (let kill = 0; kill < KILLS; kill++) {
      for (let number = 0; number < LETTERS; number++) await load.sendOnce(appliance.mqttPort, `{"broken": ${kill * 100 + number}`);
      await appliance.kill();
      appliance = await startAppliance(env);
    }
    await committed(appliance);
    await until('all are published', async () => {
      const { topics } = await call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
      return topics.length === 4 && topics.every(({ topic, waiting }) => topic === TOPIC && waiting === 0);
    });
    const sql = postgres(appliance.databaseUrl, { max: 1 });
    const rows = await sql<{ id: string }[]>`select id::text from dead_letters order by id`;
    await sql.end();
    assert.ok(rows.length >= KILLS * LETTERS, `${rows.length} dead letters`);
    const records = await readTopic(brokers.addresses, TOPIC, (found) => distinct(found) >= rows.length);
    const letters = records.map(({ value, key }) => ({ key: String(key), ...JSON.parse(String(value)) }));
    const published = new Set(letters.map(({ id }) => id));
    assert.deepEqual(
      rows.map(({ id }) => id).filter((id) => !published.has(id)),
      [],
    );
    for (const { key, reason } of letters) assert.deepEqual([key, reason], ['default/kafka-1', 'json_malformed']);
    assert.equal(new Set(records.map(({ partition }) => partition)).size, 1);
  } finally {
    await appliance.stop();
    await brokers.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
