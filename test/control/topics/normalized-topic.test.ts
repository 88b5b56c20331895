import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchRow } from '../../../src/contract/batch-row.js';
import { NormalizedTopic } from '../../../src/control/topics/normalized-topic.js';
import type { TopicRecord } from '../../../src/control/topics/topic-record.js';
import { layBatch, sharedMemory } from '../../support/row-batch.js';
import { until } from '../../support/until.js';

const memory = sharedMemory();

function rows(count: number): BatchRow[] {
  return Array.from({ length: count }, (_, index) => ({ device: 7, metric: 1, tsUs: 1_790_000_000_000_000 + index, value: index }));
}

function batchOf(partition: number, count: number) {
  return layBatch(memory, partition, 10n, 20n, {
    readings: rows(count).map(({ device, metric, tsUs, value }) => [device, metric, new Date(tsUs / 1000), Number(value)]),
  });
}

/** A topic whose brokers refuse as often as they are told to, and answer when they are let. */
function open(known = true) {
  const sent: (readonly TopicRecord[])[] = [];
  const events: string[] = [];
  const looked: number[] = [];
  const brokers = { refusals: 0, answer: Promise.resolve() };
  const topic = new NormalizedTopic({
    topic: 'telemetry.normalized',
    format: 'json',
    port: {
      async send(records) {
        await brokers.answer;
        if (brokers.refusals-- > 0) throw new Error('the brokers are away');
        sent.push(records);
      },
    },
    names: {
      device: (number) => (known || looked.includes(number) ? { id: 'dev-7', tenant: 'acme' } : undefined),
      metric: () => 'temperature',
    },
    missing: async (device) => void looked.push(device),
    partitions: () => [0, 2],
    event: (_, name) => events.push(name),
  });
  return { topic, sent, events, looked, brokers };
}

test('every row is sent, in its order and a bounded number at a time, and the lag says how far it is', async () => {
  const { topic, sent, brokers } = open();
  let answer!: () => void;
  brokers.answer = new Promise((resolve) => {
    answer = resolve;
  });
  const published = topic.publish(batchOf(2, 625), rows(625));
  await until('it waits', () => topic.lag[1]?.waiting === 625);
  assert.deepEqual(topic.lag[0], {
    ...{ topic: 'telemetry.normalized', partition: 0, publishedId: undefined, publishedOffset: undefined, waiting: 0, lagMs: 0 },
  });
  answer();
  await published;
  assert.deepEqual(
    sent.map(({ length }) => length),
    [250, 250, 125],
  );
  assert.deepEqual(
    sent.flat().map(({ value }) => JSON.parse(String(value)).value),
    rows(625).map(({ value }) => value),
  );
  assert.deepEqual([topic.lag[1]?.publishedOffset, topic.lag[1]?.waiting, topic.lag[1]?.lagMs], ['20', 0, 0]);
});

test('a refusal is reported once over all partitions, and the readings are sent again under the same ids', async () => {
  const { topic, sent, events, brokers } = open();
  brokers.refusals = 2;
  for (const partition of [0, 2]) await assert.rejects(topic.publish(batchOf(partition, 1), rows(1)), /the brokers are away/);
  assert.deepEqual([events, topic.lag.map(({ waiting }) => waiting)], [['topic-not-published'], [1, 1]]);
  await topic.publish(batchOf(0, 1), rows(1));
  assert.equal(events.length, 1, 'the other partition still waits');
  await topic.publish(batchOf(2, 1), rows(1));
  assert.deepEqual(events, ['topic-not-published', 'topic-published-again']);
  await topic.publish(batchOf(2, 1), rows(1));
  const [, first, again] = sent.map(([record]) => String(record?.value));
  assert.equal(first, again);
});

test('a device that this process does not know is looked for once', async () => {
  const { topic, sent, looked } = open(false);
  await topic.publish(batchOf(0, 3), rows(3));
  assert.deepEqual(looked, [7]);
  assert.equal(sent[0]?.[0]?.key, 'acme/dev-7');
});
