import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricName, splitMetricName } from '../../src/contract/metric-name.js';
import { Random } from '../support/random.js';

test('a metric without tags is its name', () => {
  assert.equal(metricName('cpu.usage', []), 'cpu.usage');
  assert.equal(metricName('cpu.usage', [['host', '']]), 'cpu.usage', 'an empty value says nothing');
  assert.equal(metricName('cpu.usage', [['', 'a']]), 'cpu.usage', 'an empty key says nothing');
  assert.deepEqual(splitMetricName('cpu.usage'), { name: 'cpu.usage', tags: {} });
});

test('tags are in the order of the bytes of their keys, whatever order they came in', () => {
  const tags = [
    ['ö', '3'],
    ['b', '2'],
    ['B', '1'],
  ] as const;
  assert.equal(metricName('m', tags), 'm{B=1,b=2,ö=3}');
  assert.equal(metricName('m', tags.toReversed()), 'm{B=1,b=2,ö=3}');
  // U+FF61 comes before U+1F600 in bytes of UTF-8, and after it in units of UTF-16.
  assert.equal(
    metricName('m', [
      ['😀', '2'],
      ['｡', '1'],
    ]),
    'm{｡=1,😀=2}',
  );
});

test('characters with a meaning are escaped in keys and values', () => {
  const text = metricName('m', [['a=b', String.raw`x,y{z}\w`]]);
  assert.equal(text, String.raw`m{a\=b=x\,y\{z\}\\w}`);
  assert.deepEqual(splitMetricName(text), { name: 'm', tags: { 'a=b': String.raw`x,y{z}\w` } });
});

test('a name may hold braces, and only a whole list of tags is one', () => {
  for (const name of ['a{b', 'a}', 'a{}', 'a{b}', 'a{b=}', 'a{=b}', 'a{b=c,}', '{b=c}', 'a{b=c}d', String.raw`a{b=c\}`, 'a{b=c=d}']) {
    assert.deepEqual(splitMetricName(name), { name, tags: {} });
    assert.deepEqual(splitMetricName(metricName(name, [['k', 'v']])), { name, tags: { k: 'v' } });
  }
  assert.deepEqual(splitMetricName('a{b=c}{k=v}'), { name: 'a{b=c}', tags: { k: 'v' } });
  assert.deepEqual(splitMetricName(String.raw`a\{k=v}`), { name: 'a\\', tags: { k: 'v' } });
  const tags = splitMetricName('m{__proto__=1}').tags;
  assert.deepEqual(Object.entries(tags), [['__proto__', '1']]);
});

test('what was joined is split into the same parts', () => {
  const random = new Random(20261130);
  const text = (least: number) =>
    Array.from({ length: random.int(least, 6) }, () => random.pick(['a', 'B', '\\', ',', '=', '{', '}', ' ', 'ö', '😀'])).join('');
  for (let round = 0; round < 5000; round++) {
    const name = text(1).replace(/[{}]/g, '');
    const tags = Array.from({ length: random.int(0, 3) }, () => [text(1), text(1)] as const);
    const parts = splitMetricName(metricName(name === '' ? 'n' : name, tags));
    assert.equal(parts.name, name === '' ? 'n' : name);
    assert.deepEqual({ ...parts.tags }, Object.fromEntries(tags), `seed 20261130, round ${round}`);
  }
});
