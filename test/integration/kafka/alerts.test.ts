import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call } from '../../support/api.js';
import { type Appliance, startAppliance } from '../../support/appliance.js';
import { SESSION_SECONDS } from '../../support/kafka/deployment.js';
import { readTopic } from '../../support/kafka/read-topic.js';
import { newPrefix, sharedBroker } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

const prefix = newPrefix();
const TOPIC = `${prefix}alerts`;

interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly state: string;
}

interface Lag {
  readonly topics: readonly { readonly topic: string; readonly partition: number | null; readonly waiting: number }[];
}

async function alertsOf(appliance: Appliance): Promise<readonly Alert[]> {
  return (await call<{ alerts: Alert[] }>(appliance, 'GET', '/v1/alerts')).alerts;
}

async function published(appliance: Appliance): Promise<void> {
  await until('all is published', async () => {
    const { topics } = await call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
    assert.deepEqual(
      topics.map(({ topic, partition }) => [topic, partition]),
      [[TOPIC, null]],
    );
    return topics[0]?.waiting === 0;
  });
}

test('an alert is in the topic when it is raised and, after a kill -9 amid it, when it is cleared', async () => {
  const brokers = await sharedBroker();
  const stateFolder = mkdtempSync(join(tmpdir(), 'spillway-kafka-test-'));
  const env = {
    SPILLWAY_STATE: stateFolder,
    SPILLWAY_LOG: 'kafka',
    SPILLWAY_KAFKA_BROKERS: brokers.addresses,
    SPILLWAY_KAFKA_TOPIC_PREFIX: prefix,
    SPILLWAY_KAFKA_TOPICS: 'alerts',
    SPILLWAY_KAFKA_SESSION_SECONDS: SESSION_SECONDS,
  };
  let appliance = await startAppliance(env);
  try {
    // One broker keeps one copy of each message, which is a reason for an alert.
    await until('the alert is raised', async () => (await alertsOf(appliance)).length > 0);
    const [raised] = await alertsOf(appliance);
    assert.equal(raised?.rule, 'few_copies');
    await published(appliance);
    await appliance.kill();
    // What an earlier version has raised, by a rule that is no more, is cleared by the next start.
    const kept = join(stateFolder, 'alerts');
    writeFileSync(kept, readFileSync(kept, 'utf8').replaceAll('few_copies', 'no_such_rule'));
    appliance = await startAppliance(env);
    await until('the alert is cleared', async () => (await alertsOf(appliance)).every(({ id }) => id !== raised?.id));
    await published(appliance);
    const records = await readTopic(brokers.addresses, TOPIC, ({ length }) => length >= 2);
    assert.deepEqual(
      records
        .slice(0, 2)
        .map(({ value }) => JSON.parse(String(value)) as Alert)
        .map(({ id, rule, state }) => [id, rule, state]),
      [
        [raised?.id, 'few_copies', 'raised'],
        [raised?.id, 'no_such_rule', 'cleared'],
      ],
    );
  } finally {
    await appliance.stop();
    await brokers.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
