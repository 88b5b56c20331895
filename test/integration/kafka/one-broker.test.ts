import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { call, committed } from '../../support/api.js';
import { type Appliance, startAppliance } from '../../support/appliance.js';
import { SESSION_SECONDS } from '../../support/kafka/deployment.js';
import { Load } from '../../support/kafka/load.js';
import { newPrefix, sharedBroker } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

const KILLS = Number(process.env.CRASH_KILLS ?? 1);

let brokers: Awaited<ReturnType<typeof sharedBroker>>;
let appliance: Appliance;
let stateFolder: string;
let env: Record<string, string>;

before(async () => {
  brokers = await sharedBroker();
});

after(() => brokers?.stop());

async function begin(): Promise<Load> {
  stateFolder = mkdtempSync(join(tmpdir(), 'spillway-kafka-test-'));
  env = {
    SPILLWAY_STATE: stateFolder,
    SPILLWAY_LOG: 'kafka',
    SPILLWAY_KAFKA_BROKERS: brokers.addresses,
    SPILLWAY_KAFKA_TOPIC_PREFIX: newPrefix(),
    SPILLWAY_KAFKA_SESSION_SECONDS: SESSION_SECONDS,
  };
  appliance = await startAppliance(env);
  const load = new Load();
  await load.register(appliance).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return load;
}

async function end(): Promise<void> {
  await appliance.stop();
  rmSync(stateFolder, { recursive: true, force: true });
}

/** Ends the load; what it knows as acknowledged is stored, once. Answers how many messages are. */
async function storedOnce(load: Load): Promise<number> {
  await load.stop();
  await committed(appliance);
  return load.verify(appliance.databaseUrl);
}

test('what is acknowledged is stored once, through kill -9 and restart: state is rebuilt from the topic', async () => {
  const load = await begin();
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      load.start(appliance.mqttPort);
      const enough = load.acknowledged.size + 500 + Math.random() * 2000;
      await until('messages are acknowledged', () => load.acknowledged.size > enough);
      await appliance.kill();
      await load.ended;
      appliance = await startAppliance(env);
    }
    const enough = load.acknowledged.size + 1000;
    load.start(appliance.mqttPort);
    await until('the last are acknowledged', () => load.acknowledged.size > enough);
    await storedOnce(load);
    const [first] = (await call<{ partitions: { start_offset: string; durable_offset: string }[] }>(appliance, 'GET', '/v1/pipeline/lag'))
      .partitions;
    assert.equal(first?.start_offset, '0');
    assert.ok(Number(first?.durable_offset) > 0);
  } finally {
    await end();
  }
});
