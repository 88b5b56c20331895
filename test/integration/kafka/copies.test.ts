import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KafkaSettings } from '../../../src/kafka/conf.js';
import { readTopicSetting, setTopicSetting } from '../../../src/kafka/topic-settings.js';
import { startAppliance } from '../../support/appliance.js';
import { SESSION_SECONDS } from '../../support/kafka/deployment.js';
import { newPrefix, sharedBroker } from '../../support/kafka/real-brokers.js';
import { until } from '../../support/until.js';

const prefix = newPrefix();
const TOPIC = `${prefix}telemetry.raw`;
const NAME = 'min.insync.replicas';

let brokers: Awaited<ReturnType<typeof sharedBroker>>;

before(async () => {
  brokers = await sharedBroker();
});

after(() => brokers?.stop());

interface Ready {
  readonly status: string;
  readonly acknowledgement: { readonly copies: number; readonly copies_min: number | null; readonly meaning: string } | null;
}

test('a deployment of one broker is ready, and says plainly that what it acknowledges has one copy', async () => {
  const appliance = await startAppliance({
    SPILLWAY_LOG: 'kafka',
    SPILLWAY_KAFKA_BROKERS: brokers.addresses,
    SPILLWAY_KAFKA_TOPIC_PREFIX: prefix,
    SPILLWAY_KAFKA_REPLICATION_FACTOR: '1',
    SPILLWAY_KAFKA_SESSION_SECONDS: SESSION_SECONDS,
  });
  try {
    let ready: Ready | undefined;
    await until('it is ready and knows its copies', async () => {
      ready = (await (await fetch(`${appliance.http}/readyz`)).json()) as Ready;
      return ready.status === 'ready' && ready.acknowledgement !== null;
    });
    assert.deepEqual(ready?.acknowledgement, {
      copies: 1,
      copies_configured: 1,
      copies_min: 1,
      meaning: 'an acknowledged message is on one Kafka broker: one copy',
    });
    assert.match(appliance.output(), /"copies":1,"copiesConfigured":1,"copiesMin":1,.*"msg":"kafka-few-copies"/);
  } finally {
    await appliance.stop();
  }
});

test('a setting of a topic is read and set at a real broker, which says why it refuses', async () => {
  const settings = { brokers: brokers.addresses, security: 'plaintext' } as KafkaSettings;
  assert.equal(await readTopicSetting(settings, TOPIC, NAME), '1');
  await setTopicSetting(settings, TOPIC, NAME, '2');
  await until('the broker has it', async () => (await readTopicSetting(settings, TOPIC, NAME)) === '2');
  assert.equal(await readTopicSetting(settings, TOPIC, 'cleanup.policy'), 'delete');
  assert.equal(await readTopicSetting(settings, TOPIC, 'no.such.setting'), undefined);
  await assert.rejects(setTopicSetting(settings, TOPIC, NAME, 'two'), /two/);
  await assert.rejects(readTopicSetting(settings, 'no.such.topic', NAME), /error 3 of the protocol/);
});
