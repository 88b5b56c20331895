import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import type { Alert } from '../../../src/control/alerts/alert.js';
import { alertRecord } from '../../../src/control/topics/alert-record.js';
import { AlertTopic } from '../../../src/control/topics/alert-topic.js';
import { PublishLoop } from '../../../src/control/topics/publish-loop.js';
import type { TopicRecord } from '../../../src/control/topics/topic-record.js';
import { root } from '../../source-tree.js';
import { until } from '../../support/until.js';

const raised: Alert = {
  ...{ id: 'a-1', rule: 'not_ready', severity: 'critical', node: 'host-1', message: 'the database is down' },
  ...{ subject: null, link: null, raisedMs: 1_790_000_000_123, clearedMs: null },
};
const cleared: Alert = { ...raised, clearedMs: 1_790_000_060_456 };

/** A topic that can refuse, and changes that wait for it. */
function open() {
  const records: TopicRecord[] = [];
  const events: string[] = [];
  const port = {
    refusals: 0,
    send: async (sent: readonly TopicRecord[]) => {
      if (port.refusals-- > 0) throw new Error('the brokers are away');
      records.push(...sent);
    },
  };
  const outbox = {
    unsent: [] as readonly Alert[],
    sent: (changes: readonly Alert[]) => {
      outbox.unsent = outbox.unsent.filter((change) => !changes.includes(change));
    },
  };
  const topic = new AlertTopic({ topic: 'alerts', outbox, port, format: 'json' });
  const loop = new PublishLoop(topic, (_, name) => events.push(name));
  return { records, events, port, outbox, topic, loop };
}

test('changes are published in order, and the lag counts those that wait', async () => {
  const { records, outbox, topic, loop } = open();
  assert.deepEqual(topic.lag[0]?.waiting, 0);
  outbox.unsent = [raised, cleared];
  const [lag] = topic.lag;
  assert.deepEqual([lag?.topic, lag?.partition, lag?.waiting], ['alerts', undefined, 2]);
  loop.start();
  await until('both are published', () => outbox.unsent.length === 0);
  await loop.stop();
  const about = { subject: null, message: 'the database is down', link: null };
  const document = { id: 'a-1', rule: 'not_ready', severity: 'critical', node: 'host-1', ...about };
  assert.deepEqual(
    records.map(({ key, tenant, value }) => [key, tenant, JSON.parse(String(value))]),
    [
      ['host-1', null, { ...document, state: 'raised', raised_at: '2026-09-21T14:13:20.123Z', cleared_at: null }],
      ['host-1', null, { ...document, state: 'cleared', raised_at: '2026-09-21T14:13:20.123Z', cleared_at: '2026-09-21T14:14:20.456Z' }],
    ],
  );
});

test('a change that the topic refuses waits, is reported once, and is sent again', async () => {
  const { records, events, port, outbox, loop } = open();
  port.refusals = 2;
  outbox.unsent = [raised];
  loop.start();
  await until('it is published', () => outbox.unsent.length === 0);
  await until('that is told', () => events.length === 2);
  await loop.stop();
  assert.deepEqual([records.length, events], [1, ['topic-not-published', 'topic-published-again']]);
});

test('an alert as Protobuf is read by protobufjs with the .proto file', () => {
  const type = protobuf.loadSync(join(root, 'deploy/kafka/records.proto')).lookupType('spillway.v1.Alert');
  const decode = (alert: Alert) => type.toObject(type.decode(alertRecord(alert, 'protobuf').value), { longs: Number });
  const message = { id: 'a-1', rule: 'not_ready', severity: 'critical', node: 'host-1', message: 'the database is down' };
  assert.deepEqual(decode(raised), { ...message, state: 'raised', raisedAtUs: 1_790_000_000_123_000 });
  assert.deepEqual(decode(cleared), {
    ...{ ...message, state: 'cleared' },
    ...{ raisedAtUs: 1_790_000_000_123_000, clearedAtUs: 1_790_000_060_456_000 },
  });
  const about = { subject: '["north","pump"]', link: '/v1/dead-letters?tenant=north' };
  assert.deepEqual(decode({ ...raised, ...about }), { ...message, ...about, state: 'raised', raisedAtUs: 1_790_000_000_123_000 });
});
