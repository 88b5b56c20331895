import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Brokers } from '../../../src/cli/selftest/kafka/brokers.js';
import type { KafkaSettings } from '../../../src/kafka/conf.js';
import { readTopicSetting } from '../../../src/kafka/topic-settings.js';
import { committed } from '../../support/api.js';
import { startAppliance } from '../../support/appliance.js';
import { startLoad } from '../../support/kafka/load.js';
import { realBrokers } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

let brokers: Brokers;

before(async () => {
  brokers = await realBrokers(3);
});

after(() => brokers?.stop());

test('of three brokers one is killed under load: acknowledgements go on and nothing is lost', async () => {
  const appliance = await startAppliance({
    SPILLWAY_LOG: 'kafka',
    SPILLWAY_KAFKA_BROKERS: brokers.addresses,
  });
  try {
    const load = await startLoad(appliance);
    await until('messages are acknowledged', () => load.acknowledged.size > 1000);
    await brokers.nodes[0]?.kill();
    const before = load.acknowledged.size;
    await until('messages are acknowledged with one broker fewer', () => load.acknowledged.size > before + 2000);
    await load.stop();
    await committed(appliance);
    const stored = await load.verify(appliance.databaseUrl);
    assert.ok(stored >= load.acknowledged.size);
    const settings = { brokers: brokers.addresses, security: 'plaintext' } as KafkaSettings;
    assert.equal(await readTopicSetting(settings, 'telemetry.raw', 'min.insync.replicas'), '2', "the brokers' own default is 1");
    const { acknowledgement } = (await (await fetch(`${appliance.http}/readyz`)).json()) as { acknowledgement: { copies_min: number } };
    assert.equal(acknowledgement.copies_min, 2);
    assert.doesNotMatch(appliance.output(), /kafka-few-copies|kafka-producer-replaced|log-gap-skipped/);
  } finally {
    await appliance.stop();
  }
});
