import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Brokers } from '../../../src/cli/selftest/kafka/brokers.js';
import { committed } from '../../support/api.js';
import { type Appliance, startAppliance } from '../../support/appliance.js';
import { SESSION_SECONDS } from '../../support/kafka/deployment.js';
import { Load } from '../../support/kafka/load.js';
import { newPrefix, realBrokers } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

let brokers: Brokers;
let appliance: Appliance;
let stateFolder: string;
let env: Record<string, string>;

before(async () => {
  brokers = await realBrokers(1);
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

test('a broker killed under load delays acknowledgements, and everything resumes by itself when it is back', async () => {
  const load = await begin();
  const [broker] = brokers.nodes;
  assert.ok(broker);
  try {
    load.start(appliance.mqttPort);
    await until('messages are acknowledged', () => load.acknowledged.size > 1000);
    await broker.kill();
    await until('the appliance says so', () => /kafka-stalled/.test(appliance.output()));
    const before = load.acknowledged.size;
    const health = await fetch(`${appliance.http}/readyz`).catch(() => undefined);
    assert.equal(health?.status, 503);
    assert.match(JSON.stringify(await health?.json()), /Kafka brokers acknowledge nothing/);
    assert.equal(load.acknowledged.size, before);
    await broker.start();
    await until('messages are acknowledged again', () => load.acknowledged.size > before + 1000);
    await storedOnce(load);
    // It looks twice a second.
    await until('the appliance says that it goes on', () => /kafka-recovered/.test(appliance.output()));
    assert.doesNotMatch(appliance.output(), /kafka-producer-replaced|log-gap-skipped/);
  } finally {
    await end();
  }
});

test('blocks that a gateway wrote and was killed before their answer came are stored once', async () => {
  const load = await begin();
  const [broker] = brokers.nodes;
  assert.ok(broker);
  try {
    load.start(appliance.mqttPort);
    await until('messages are acknowledged', () => load.acknowledged.size > 1000);
    broker.freeze();
    let last = -1;
    let since = 0;
    await until('nothing is acknowledged any more', () => {
      if (load.acknowledged.size !== last) since = performance.now();
      last = load.acknowledged.size;
      return performance.now() - since > 500;
    });
    await appliance.kill();
    broker.thaw();
    await load.ended;
    appliance = await startAppliance(env);
    load.start(appliance.mqttPort);
    await until('messages are acknowledged again', () => load.acknowledged.size > last + 1000);
    await storedOnce(load);
  } finally {
    broker.thaw();
    await end();
  }
});

test('a stop while the brokers are away ends in time, and unacknowledged messages are sent again', async () => {
  const load = await begin();
  const [broker] = brokers.nodes;
  assert.ok(broker);
  try {
    load.start(appliance.mqttPort);
    await until('messages are acknowledged', () => load.acknowledged.size > 1000);
    await broker.kill();
    await until('the appliance says so', () => /kafka-stalled/.test(appliance.output()));
    await appliance.stop();
    await load.ended;
    await broker.start();
    appliance = await startAppliance(env);
    const before = load.acknowledged.size;
    load.start(appliance.mqttPort);
    await until('messages are acknowledged again', () => load.acknowledged.size > before + 1000);
    await storedOnce(load);
  } finally {
    await end();
  }
});
