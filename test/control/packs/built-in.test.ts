import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInPacks } from '../../../src/contract/packs/built-in/list.js';
import { amongBuiltIn } from '../../../src/contract/topic-rules/tenant-rules.js';
import { runVector } from '../../../src/control/packs/vectors.js';
import { TrialDecoder } from '../../../src/control/topic-rules/trial-decoder.js';

const ground = { decoder: new TrialDecoder(), rules: amongBuiltIn([]) };

test('the vectors of every built-in pack become what they say', () => {
  const results = builtInPacks.flatMap(({ name, vectors }) => vectors.map((vector) => ({ pack: name, ...runVector(ground, vector) })));
  assert.deepEqual(
    results.filter(({ problem }) => problem !== undefined),
    [],
  );
  assert.ok(results.length > 2 * builtInPacks.length, `${results.length} vectors`);
});

test('every built-in pack has a vector with readings, and a name of its own that its rules have', () => {
  for (const { name, topicRules, vectors } of builtInPacks) {
    assert.ok(
      vectors.some(({ readings }) => readings.length > 0),
      name,
    );
    assert.deepEqual([...new Set(topicRules.map((rule) => rule.name))], [name]);
  }
  assert.equal(new Set(builtInPacks.map(({ name }) => name)).size, builtInPacks.length);
});

test('a vector says what is other than expected', () => {
  const [vector] = builtInPacks.find(({ name }) => name === 'owntracks')!.vectors;
  const tried = (change: object) => runVector(ground, { ...vector!, ...change }).problem ?? 'it is as expected';
  const [first, ...others] = vector!.readings;
  assert.equal(tried({}), 'it is as expected');
  assert.match(tried({ readings: others }), /^it has a reading that is not expected, van-3 acc 9 2026/);
  assert.match(tried({ readings: [{ ...first, value: 10 }, ...others] }), /^it has no reading van-3 acc 10 .*, and has van-3 acc 9 2026/);
  assert.match(tried({ readings: [{ ...first, unit: 'm' }, ...others] }), /^it has no reading van-3 acc 9 m /);
  assert.match(tried({ readings: [{ ...first, ts: '2026-11-30T09:00:01Z' }, ...others] }), /^it has no reading /);
  assert.match(tried({ payload: Buffer.from('{') }), /^it is refused by [a-z_]+$/);
  assert.match(tried({ topic: 'nobody/knows/it' }), /^it is refused by topic_unknown$/);
  assert.match(tried({ reason: 'topic_unknown' }), /^it is not refused, and topic_unknown is expected$/);
});
