import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeness, compareCloseness, parseRange } from '../../../src/control/schemas/firmware-range.js';
import { compareVersions, parseVersion } from '../../../src/control/schemas/firmware-version.js';

const ranges: readonly (readonly [range: string, inside: readonly (string | null)[], outside: readonly (string | null)[]])[] = [
  ['*', ['1.0.0', 'R12B', null, ''], []],
  ['1.4.2', ['1.4.2', 'v1.4.2', '1.4.2+build.7'], ['1.4.3', '1.4.2-beta', '1.4.2.1', null, 'R12B']],
  ['1.4', ['1.4', '1.4.0', '1.4.9', '1.4.0-beta'], ['1.5.0', '1.3.9', '1.5.0-beta', '14.0']],
  ['1.4.x', ['1.4', '1.4.99'], ['1.5.0-0']],
  ['2', ['2', '2.0.0', '2.99.1'], ['1.99', '3.0.0', '3.0.0-rc.1', '20.1']],
  ['1.x', ['1.0.0', '1.2.3.4'], ['0.9', '2.0']],
  ['>=1.2 <2', ['1.2', '1.2.0', '1.9.9'], ['1.1.9', '2.0.0', '2.0.0-rc1']],
  ['>= 1.2.0  < 2.0.0', ['1.2.0', '1.99'], ['2.0.0']],
  ['>1.4', ['1.5.0', '2.0'], ['1.4.0', '1.4.9']],
  ['>1.4.2', ['1.4.3', '1.4.2.1'], ['1.4.2']],
  ['<=1.4', ['1.4.9', '0.1'], ['1.5.0']],
  ['<=1.4.2', ['1.4.2'], ['1.4.3']],
  ['^1.4.2', ['1.4.2', '1.99.0'], ['1.4.1', '2.0.0', '2.0.0-alpha']],
  ['^0.3.1', ['0.3.1', '0.3.9'], ['0.4.0', '0.3.0']],
  ['~1.4.2', ['1.4.2', '1.4.9'], ['1.5.0']],
  ['1.x || >=3', ['1.7', '3.0.0', '4.1'], ['2.0.0']],
  ['R12B', ['R12B'], ['R12', 'r12b', '12', null]],
  ['2026.04.01', ['2026.4.1', '2026.04.01'], ['2026.04.02']],
];

test('a range takes the firmware that it says and no other', () => {
  for (const [text, inside, outside] of ranges) {
    const range = parseRange(text);
    assert.ok(range, text);
    for (const firmware of inside) assert.ok(closeness(range, firmware), `${text} takes ${firmware}`);
    for (const firmware of outside) assert.equal(closeness(range, firmware), null, `${text} does not take ${firmware}`);
  }
});

test('a text that is meant as a range and is none is refused', () => {
  for (const text of ['', ' ', '>=abc', '1.4 beta', '||1.2', '^', '>*', 'a b', '1.2 <', '~x'])
    assert.equal(parseRange(text), undefined, text);
});

test('the closest range is an exact version, then the one that begins latest, then *', () => {
  const order = ['*', '>=1', '>=1.2 <2', '^1.4', '1.4.2'];
  const found = order.map((text) => closeness(parseRange(text) as NonNullable<ReturnType<typeof parseRange>>, '1.4.2'));
  for (let at = 1; at < found.length; at++) assert.ok(compareCloseness(found[at]!, found[at - 1]!) > 0, order[at]);
});

test('versions come in the order of Semantic Versioning, whatever their count of numbers', () => {
  const order = [
    '0.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0',
    '1.0.0.1',
    '1.10',
    'v2',
  ];
  const versions = order.map((text) => parseVersion(text)!);
  for (let at = 1; at < versions.length; at++) assert.ok(compareVersions(versions[at]!, versions[at - 1]!) > 0, order[at]);
  assert.equal(compareVersions(parseVersion('1.0')!, parseVersion('v1.0.0+7')!), 0);
  for (const text of ['', 'R12B', '1..2', '1.2.', 'latest', '1.2-']) assert.equal(parseVersion(text), undefined, text);
});
