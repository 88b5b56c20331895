import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Database } from '../../../src/contract/database.js';
import { MetricNames, type RefusedNames } from '../../../src/control/metrics/metric-names.js';
import { type ControlledDatabase, openDatabase } from '../../support/database.js';

let database: ControlledDatabase;
before(async () => {
  database = await openDatabase();
});
beforeEach(() => database.sql`truncate metrics, devices restart identity cascade`);
after(() => database.stop());

test('names get numbers that both ways, and a restart, find again', async () => {
  const metricNames = await MetricNames.load(database.control);
  const added = await metricNames.add(['temperature', 'Füllstand', "o'clock", '温度', 'temperature']);
  assert.deepEqual(added, [
    ['temperature', 1],
    ['Füllstand', 2],
    ["o'clock", 3],
    ['温度', 4],
    ['temperature', 1],
  ]);
  assert.deepEqual(
    [metricNames.number('温度'), metricNames.name(4), metricNames.number('x'), metricNames.name(9)],
    [4, '温度', undefined, undefined],
  );
  assert.deepEqual((await MetricNames.load(database.control)).names(), metricNames.names());
  assert.deepEqual(await metricNames.add([]), []);
});

test('names that many ask for at once get one number each, without gaps', async () => {
  const metricNames = await MetricNames.load(database.control);
  const asked = Array.from({ length: 40 }, (_, i) => [`m${i % 10}`, `m${(i + 1) % 10}`]);
  const answers = await Promise.all(asked.map((names) => metricNames.add(names)));
  for (const [index, answer] of answers.entries()) {
    assert.deepEqual(
      answer,
      asked[index]!.map((name) => [name, metricNames.number(name)]),
    );
  }
  assert.deepEqual(
    metricNames
      .names()
      .map(([, number]) => number)
      .sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test('two processes that meet the same name agree on its number', async () => {
  const [one, other] = await Promise.all([MetricNames.load(database.control), MetricNames.load(database.control)]);
  const answers = await Promise.all([one.add(['a', 'b']), other.add(['b', 'c'])]);
  assert.equal(one.number('b'), other.number('b'));
  assert.ok(answers.every((answer) => answer !== 'full' && answer.length === 2));
});

test('when there is no room, known names are still answered and new ones end in full', async () => {
  const metricNames = await MetricNames.load(database.control, { metricsMax: 3 });
  await metricNames.add(['a', 'b']);
  assert.deepEqual(await metricNames.add(['b', 'c', 'd']), [
    ['b', 2],
    ['c', 3],
  ]);
  assert.equal(await metricNames.add(['d']), 'full');
  assert.deepEqual(await metricNames.add(['a']), [['a', 1]]);
  assert.equal(metricNames.size, 3);
});

test('an add that fails leaves the next one unharmed', async () => {
  const metricNames = await MetricNames.load(database.control);
  await assert.rejects(metricNames.add(['nul\u0000']));
  assert.deepEqual((await metricNames.add(['fine'])) !== 'full', true);
  assert.ok(metricNames.number('fine'));
});

test('no number is used up by names that are there, or that there is no room for', async () => {
  const [one, other] = await Promise.all([
    MetricNames.load(database.control, { metricsMax: 4 }),
    MetricNames.load(database.control, { metricsMax: 4 }),
  ]);
  await one.add(['a', 'b']);
  assert.deepEqual(await other.add(['b', 'a', 'c']), [
    ['b', 2],
    ['a', 1],
    ['c', 3],
  ]);
  for (let round = 0; round < 3; round++) await one.add(['a', 'd', `e${round}`, `f${round}`]);
  assert.deepEqual(one.number('d'), 4);
  const [row] = await database.sql`select (select count(*)::int from metrics) as rows, last_value::int as last from metrics_id_seq`;
  assert.deepEqual({ ...row }, { rows: 4, last: 4 });
});

test('numbers that were skipped count as used: no row is made that kernels have no room for', async () => {
  await database.sql`select setval('metrics_id_seq', 3)`;
  const metricNames = await MetricNames.load(database.control, { metricsMax: 4 });
  assert.deepEqual(await metricNames.add(['a', 'b']), [['a', 4]]);
  assert.equal(await metricNames.add(['c']), 'full');
  const [row] = await database.sql`select count(*)::int as rows from metrics`;
  assert.equal(row?.rows, 1);
});

async function device(id: string, tenant: string, deviceClass: string | null): Promise<number> {
  const [row] = await database.sql`insert into devices (tenant_id, name, device_class, token_hash)
    values (${tenant}, ${id}, ${deviceClass}, ${Buffer.from(`${tenant}/${id}`)}) returning id`;
  return row?.id as number;
}

const added = (answer: Awaited<ReturnType<MetricNames['add']>>) => (answer === 'full' ? answer : answer.map(([name]) => name));

test('names are limited by device, class and tenant, and say which limit it was', async () => {
  const limits = { tenantMax: 6, classMax: 4, deviceMax: 3 };
  const metricNames = await MetricNames.load(database.control, { limits });
  const refused: RefusedNames[] = [];
  metricNames.refused = (one) => refused.push(one);
  const [p1, p2, s1, other] = [
    await device('p1', 'acme', 'pump'),
    await device('p2', 'acme', 'pump'),
    await device('s1', 'acme', null),
    await device('p1', 'other', 'pump'),
  ];
  assert.deepEqual(added(await metricNames.add(['a', 'b', 'c', 'd'], p1)), ['a', 'b', 'c'], 'of the device');
  assert.deepEqual(added(await metricNames.add(['a', 'e', 'f'], p2)), ['a', 'e'], 'of the class');
  assert.deepEqual(added(await metricNames.add(['g', 'h', 'i'], s1)), ['g', 'h'], 'of the tenant');
  assert.equal(await metricNames.add(['j'], s1), 'full');
  assert.deepEqual(added(await metricNames.add(['j', 'k'], other)), ['j', 'k'], 'of another tenant');
  assert.deepEqual(
    refused.map(({ limit, names, namer }) => [limit.kind, limit.max, names.join(), namer?.id]),
    [
      ['device', 3, 'd', 'p1'],
      ['class', 4, 'f', 'p2'],
      ['tenant', 6, 'i', 's1'],
      ['tenant', 6, 'j', 's1'],
    ],
  );
  // Another process counts the same.
  const again = await MetricNames.load(database.control, { limits });
  const bySubject = (names: MetricNames) =>
    names
      .counts()
      .map((count) => JSON.stringify(count))
      .sort();
  assert.deepEqual(bySubject(again), bySubject(metricNames));
  assert.equal(await again.add(['x'], s1), 'full');
});

test('a device without room is refused for a while without a question to the database', async () => {
  let questions = 0;
  const counting = {
    ...database.control,
    listen: database.control.listen.bind(database.control),
    run: ((work) => {
      questions++;
      return database.control.run(work);
    }) as Database['run'],
  };
  const metricNames = await MetricNames.load(counting, { limits: { tenantMax: 9, classMax: 9, deviceMax: 1 } });
  const number = await device('full', 'acme', null);
  await metricNames.add(['a', 'b'], number);
  await metricNames.add(['c'], number);
  const before = questions;
  for (const name of ['d', 'e', 'f']) assert.equal(await metricNames.add([name], number), 'full');
  assert.equal(questions, before);
  assert.deepEqual(added(await metricNames.add(['a', 'g'], number)), ['a'], 'names that are known stay known');
});
