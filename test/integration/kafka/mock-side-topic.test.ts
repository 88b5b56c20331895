import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KafkaSettings } from '../../../src/kafka/conf.js';
import { type SideRecord, SideTopic } from '../../../src/kafka/side-topic.js';
import { startMockBrokers } from '../../support/kafka/mock.js';
import { readTopic } from '../../support/kafka/read-topic.js';

let brokers: Awaited<ReturnType<typeof startMockBrokers>>;

before(async () => {
  brokers = await startMockBrokers(3, ['all', 'own', 'own.a', 'own.b_2E']);
});
after(() => brokers.stop());

function settings(addresses = brokers.addresses): KafkaSettings {
  return {
    ...{ brokers: addresses, topicPrefix: '', security: 'plaintext', saslMechanism: '', retentionHours: 1 },
    ...{
      ca: undefined,
      cert: undefined,
      key: undefined,
      saslUsername: undefined,
      saslPassword: undefined,
      replicationFactor: undefined,
      sessionSeconds: 10,
    },
  };
}

function record(key: string, number: number, tenant: string | null = null): SideRecord {
  return { key, tenant, value: Buffer.from(`${key} ${number}`) };
}

test('calls side by side settle each by itself, and the records of a key keep their order', async () => {
  const topic = new SideTopic({ settings: settings(), topic: 'all', partitions: 4, byTenant: false });
  try {
    const sendNext = async (key: string) => {
      for (let call = 0; call < 5; call++) await topic.send(Array.from({ length: 100 }, (_, index) => record(key, call * 100 + index)));
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(sendNext));
    const found = await readTopic(brokers.addresses, 'all', ({ length }) => length >= 2000);
    for (const key of ['a', 'b', 'c', 'd']) {
      const numbers = found.map(({ value }) => String(value).split(' ')).flatMap(([of, number]) => (of === key ? [Number(number)] : []));
      assert.deepEqual(
        numbers,
        Array.from({ length: 500 }, (_, index) => index),
      );
    }
  } finally {
    await topic.close();
  }
});

test('records go to the topics of their tenants, and those of none to that of all', async () => {
  const topic = new SideTopic({ settings: settings(), topic: 'own', partitions: 4, byTenant: true });
  try {
    await topic.send([record('k', 1, 'a'), record('k', 2, 'b.'), record('k', 3), record('k', 4, 'a')]);
    for (const [name, expected] of [
      ['own.a', ['k 1', 'k 4']],
      ['own.b_2E', ['k 2']],
      ['own', ['k 3']],
    ] as const) {
      const found = await readTopic(brokers.addresses, name, ({ length }) => length >= expected.length);
      assert.deepEqual(
        found.map(({ value }) => String(value)),
        expected,
      );
    }
  } finally {
    await topic.close();
  }
});

test('brokers that are away are said so, to each call, and a topic that is closed takes nothing', async () => {
  const away = new SideTopic({
    settings: { ...settings('127.0.0.1:1'), connectMsMax: 500 },
    topic: 'away',
    partitions: 1,
    byTenant: false,
  });
  const answers = await Promise.allSettled([away.send([record('k', 1)]), away.send([record('k', 2)])]);
  for (const answer of answers) {
    assert.ok(answer.status === 'rejected');
    assert.match(String(answer.reason), /cannot reach the Kafka brokers 127\.0\.0\.1:1: .*\(kafka_unreachable\)/);
  }
  await away.close();
  await assert.rejects(away.send([record('k', 3)]), /cannot write to topic away: it is closed/);
});
