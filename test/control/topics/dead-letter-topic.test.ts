import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { DeadLetterTopic } from '../../../src/control/topics/dead-letter-topic.js';
import { LetterRows } from '../../../src/control/topics/letter-rows.js';
import { PublishLoop } from '../../../src/control/topics/publish-loop.js';
import type { TopicRecord } from '../../../src/control/topics/topic-record.js';
import { type ControlledDatabase, openDatabase } from '../../support/database.js';
import { until } from '../../support/until.js';

let database: ControlledDatabase;
before(async () => {
  database = await openDatabase();
});
after(() => database.stop());
beforeEach(async () => {
  await database.sql`truncate dead_letters, topic_positions`;
});

async function addLetters(partition: number, count: number): Promise<void> {
  await database.sql`insert into dead_letters (partition_id, log_offset, device_id, received_at, reason, payload)
    select ${partition}, number, 7, now(), 'json_malformed', '{'::bytea from generate_series(1, ${count}::int) number`;
}

/** A topic that can refuse, and a publisher of partitions 0 and 1 into it. */
function open(partitions: readonly number[] = [0, 1]) {
  const records: TopicRecord[] = [];
  const events: string[] = [];
  const port = {
    records,
    refusals: 0,
    send: async (sent: readonly TopicRecord[]) => {
      if (port.refusals-- > 0) throw new Error('the brokers are away');
      records.push(...sent);
    },
  };
  const topic = new DeadLetterTopic({
    topic: 'dead-letters',
    rows: new LetterRows(database.control, 'dead-letters'),
    port,
    format: 'json',
    names: { device: (number) => (number === 7 ? { id: 'dev-7', tenant: 'acme' } : undefined), metric: () => undefined },
    partitions: () => partitions,
  });
  const loop = new PublishLoop(topic, (_, name) => events.push(name));
  const idsOf = (partition: number) =>
    records
      .map(({ value }) => JSON.parse(value.toString()))
      .filter((letter) => letter.partition === partition)
      .map(({ id }) => Number(id));
  return { topic, loop, port, events, idsOf };
}

test('every letter is published once, in order, with its device as the key, and later ones follow', async () => {
  await addLetters(0, 230);
  const { topic, loop, port, idsOf } = open();
  loop.start();
  await until('the first are published', () => port.records.length === 230);
  await addLetters(1, 3);
  await until('the others follow', () => port.records.length === 233);
  await until('the lag is told', () => topic.lag.every(({ waiting }) => waiting === 0));
  await loop.stop();
  assert.deepEqual(
    idsOf(0),
    idsOf(0).toSorted((a, b) => a - b),
  );
  assert.equal(new Set(idsOf(0)).size, 230);
  const { key, tenant, value } = port.records[0] as TopicRecord;
  assert.deepEqual([key, tenant], ['acme/dev-7', 'acme']);
  const { id: _, received_at: __, ...letter } = JSON.parse(value.toString());
  assert.deepEqual(letter, {
    device_id: 'dev-7',
    tenant: 'acme',
    reason: 'json_malformed',
    position: 1,
    field: null,
    topic: null,
    format: null,
    replayed_at: null,
    payload_base64: 'ew==',
    partition: 0,
    log_offset: '1',
    metric: null,
    sqlstate: null,
    message: null,
  });
  assert.deepEqual(
    topic.lag.map(({ partition, publishedId }) => [partition, Number(publishedId)]),
    [
      [0, idsOf(0).at(-1)],
      [1, idsOf(1).at(-1)],
    ],
  );
});

test('a start resumes at the last position, and takes only its own partitions', async () => {
  await addLetters(0, 5);
  const first = open();
  first.loop.start();
  await until('five are published', () => first.port.records.length === 5);
  await until('the position is written', () => first.topic.lag[0]?.waiting === 0);
  await first.loop.stop();
  await addLetters(0, 2);
  await addLetters(1, 2);
  const second = open([0]);
  second.loop.start();
  await until('two are published', () => second.topic.lag[0]?.waiting === 0 && second.port.records.length > 0);
  await second.loop.stop();
  assert.deepEqual([second.idsOf(0).length, second.idsOf(1).length], [2, 0]);
});

test('a dead letter that the topic refuses counts as waiting, is reported once, and is sent again', async () => {
  await addLetters(0, 4);
  const { topic, loop, port, events } = open();
  port.refusals = 1;
  loop.start();
  await until('it is told', () => events.length > 0);
  assert.deepEqual([topic.lag[0]?.waiting, port.records.length], [4, 0]);
  await until('they are published', () => port.records.length === 4);
  await until('it is told', () => events.length === 2);
  await loop.stop();
  assert.deepEqual(events, ['topic-not-published', 'topic-published-again']);
});

test('a process that lost a partition does not move its position back', async () => {
  const rows = new LetterRows(database.control, 'dead-letters');
  await rows.move({ partition: 0, id: '9' });
  await rows.move({ partition: 0, id: '5' });
  assert.deepEqual(await rows.positions([0, 1]), [
    { partition: 0, id: '9' },
    { partition: 1, id: '0' },
  ]);
});
