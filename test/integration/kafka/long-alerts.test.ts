import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { call } from '../../support/api.js';
import { startAppliance } from '../../support/appliance.js';
import { Load } from '../../support/kafka/load.js';
import { type KeyedMessage, readTopic } from '../../support/kafka/read-topic.js';
import { newPrefix, sharedBroker } from '../../support/kafka/real-brokers.js';
import { stopDatabase } from '../../support/standing-database.js';
import { until } from '../../support/until.js';

const prefix = newPrefix();
const TOPIC = `${prefix}alerts`;

interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly state: string;
  readonly message: string;
}

interface Lag {
  readonly topics: readonly { readonly topic: string; readonly partition: number | null; readonly waiting: number }[];
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
  };
  // One broker is a reason for an alert of its own, which is not looked at here.
  const isMeant = ({ rule }: Pick<Alert, 'rule'>) => rule !== 'few_copies';
  const alertsOf = async (found: Awaited<ReturnType<typeof startAppliance>>) =>
    (await call<{ alerts: Alert[] }>(found, 'GET', '/v1/alerts')).alerts.filter(isMeant);
  const recordsOf = (found: readonly KeyedMessage[]) => found.map(({ value }) => JSON.parse(String(value)) as Alert).filter(isMeant);
  let goOn: (() => void) | undefined;
  let appliance = await startAppliance(env);
  try {
    const load = new Load();
    await load.register(appliance);
    await until('it is ready', async () => (await fetch(`${appliance.http}/readyz`)).status === 200);
    goOn = stopDatabase(stateFolder);
    // Nobody notices before there is something to store.
    await load.sendOnce(appliance.mqttPort, '{"metrics": {"n": 1}}');
    let open: Alert[] = [];
    await until('the alert is raised', async () => {
      open = await alertsOf(appliance);
      return open.length > 0;
    });
    assert.deepEqual([open.length, open[0]?.rule], [1, 'not_ready']);
    assert.match(open[0]?.message ?? '', /^the database is unavailable/);
    // Without the database: the alert of it is not to wait for it.
    await readTopic(brokers.addresses, TOPIC, (found) => recordsOf(found).length === 1);
    await until(
      'it is known to be published',
      async () => (await call<Lag>(appliance, 'GET', '/v1/pipeline/lag')).topics[0]?.waiting === 0,
    );
    await appliance.kill();
    goOn();

    appliance = await startAppliance(env);
    assert.deepEqual(
      (await alertsOf(appliance)).map(({ id }) => id),
      [open[0]?.id],
    );
    await until('the alert is cleared', async () => (await alertsOf(appliance)).length === 0);
    await until('all is published', async () => {
      const { topics } = await call<Lag>(appliance, 'GET', '/v1/pipeline/lag');
      assert.deepEqual(
        topics.map(({ topic, partition }) => [topic, partition]),
        [[TOPIC, null]],
      );
      return topics[0]?.waiting === 0;
    });
    const records = recordsOf(await readTopic(brokers.addresses, TOPIC, (found) => recordsOf(found).length >= 2));
    assert.deepEqual(
      records.map(({ id, rule, state }: Alert) => [id, rule, state]),
      ['raised', 'cleared'].map((state) => [open[0]?.id, 'not_ready', state]),
    );
  } finally {
    goOn?.();
    await appliance.stop();
    await brokers.stop();
    rmSync(stateFolder, { recursive: true, force: true });
  }
});
