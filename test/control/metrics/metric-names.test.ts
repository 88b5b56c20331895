import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { MetricNames } from '../../../src/control/metrics/metric-names.js';
import { startTestDatabase, type TestDatabase } from '../../support/database.js';

let database: TestDatabase;
before(async () => {
  database = await startTestDatabase();
});
beforeEach(() => database.sql`truncate metrics restart identity`);
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
  const metricNames = await MetricNames.load(database.control, 3);
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
