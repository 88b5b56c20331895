import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInRules } from '../../../src/contract/topic-rules/built-in.js';
import { parsePattern, patternProblem } from '../../../src/contract/topic-rules/pattern.js';
import { RuleSet, ruleProblem } from '../../../src/contract/topic-rules/rule-set.js';
import type { TopicRule } from '../../../src/contract/topic-rules/topic-rule.js';

const rule = (pattern: string, more: Partial<TopicRule> = {}): TopicRule => ({
  name: pattern,
  pattern,
  device: 'connection',
  decoder: 'plain',
  ...more,
});
const taken = (set: RuleSet, topic: string) => set.match(topic)?.rule.name;

test('a pattern matches as a topic filter of MQTT does', () => {
  const matches: [pattern: string, topic: string, is: boolean][] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/', true],
    ['a/{x}', 'a/', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['/{x}', '/a', true],
    ['{x}', 'ä', true],
  ];
  for (const [pattern, topic, is] of matches)
    assert.equal(new RuleSet([rule(pattern)]).match(topic) !== undefined, is, `${pattern} ${topic}`);
});

test('a match says what the named levels and the rest are', () => {
  const match = new RuleSet([rule('a/{site}/{device}/#')]).match('a/north/p1/x//y');
  assert.deepEqual(
    [...(match?.levels ?? [])],
    [
      ['site', 'north'],
      ['device', 'p1'],
    ],
  );
  assert.deepEqual(match?.rest, ['x', '', 'y']);
});

test('the first rule by order is taken, and lists come one after the other', () => {
  const own = [rule('a/#', { order: 2, name: 'wide' }), rule('a/{x}', { order: 1, name: 'narrow' })];
  const set = new RuleSet(own, [rule('a/b', { order: -1, name: 'built-in' })]);
  assert.deepEqual([taken(set, 'a/b'), taken(set, 'a/b/c'), taken(set, 'b')], ['narrow', 'wide', undefined]);
});

test('rules that take topics from one another are listed', () => {
  const conflicts = (...patterns: string[]) => new RuleSet(patterns.map((pattern) => rule(pattern))).conflicts().map(({ kind }) => kind);
  assert.deepEqual(conflicts('a/b', 'a/+'), [], 'a narrow rule before a wide one');
  assert.deepEqual(conflicts('a/+', 'a/b'), ['hides']);
  assert.deepEqual(conflicts('a/#', 'a/b/{c}'), ['hides']);
  assert.deepEqual(conflicts('a/b', 'a/b'), ['hides']);
  assert.deepEqual(conflicts('a/+/c', '+/b/c'), ['overlaps']);
  assert.deepEqual(conflicts('a/b', 'a/c', 'b/#'), []);
});

test('a pattern or a rule that cannot be used says why', () => {
  for (const pattern of ['', 'a/#/b', 'a/b#', 'a/{}', 'a/{x', '{x}/{x}', 'a\0', 'a/{1}', 'x'.repeat(1025)]) {
    assert.equal(typeof patternProblem(pattern), 'string', pattern);
  }
  const problems: [Partial<TopicRule>, RegExp][] = [
    [{ decoder: 'yaml' }, /^decoder: must be one of .*json.*tasmota.*ignore/],
    [{ device: 'level:y' }, /^device: the pattern has no level y/],
    [{ device: 'topic' as 'connection' }, /^device: must be/],
    [{ device: 'member:' }, /^device: must be/],
    [{ prefix: '{y}' }, /^prefix: the pattern has no level y/],
    [{ valueName: '{#}' }, /^value_name: the pattern has no level #/],
    [{ prefix: 'a}' }, /^prefix: must be a text/],
  ];
  for (const [more, message] of problems) assert.match(ruleProblem(rule('a/{x}', more)) ?? '', message);
  assert.equal(ruleProblem(rule('a/{x}/#', { device: 'level:x', prefix: '{x}.s', valueName: '{#}', decoder: 'tasmota' })), undefined);
  assert.equal(ruleProblem(rule('a', { device: 'member:tags.host' })), undefined);
});

test('no built-in rule has a problem or hides another', () => {
  for (const each of builtInRules) assert.equal(ruleProblem(each), undefined, each.pattern);
  assert.deepEqual(
    new RuleSet(builtInRules).conflicts().filter(({ kind }) => kind === 'hides'),
    [],
  );
});

test('a topic of many levels is matched in time', () => {
  const set = new RuleSet(builtInRules);
  const topic = 'a/'.repeat(30_000);
  assert.equal(set.match(topic), undefined);
  assert.equal(parsePattern('a/#').isOpen, true);
});
