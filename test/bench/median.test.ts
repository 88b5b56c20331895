import assert from 'node:assert/strict';
import { test } from 'node:test';
import { middleOf, summarize } from '../../bench/median.js';
import { Options } from '../../bench/options.js';

test('the middle of odd and even counts', () => {
  assert.equal(middleOf([1, 2, 9]), 2);
  assert.equal(middleOf([1, 2, 4, 9]), 3);
});

test('figures are summed up one by one, words and settings are kept', () => {
  const run = (ms: number, cpu: number, gone: number | null) => ({ ms, cpu: { gateway: cpu }, gone, name: 'x', settings: { qos: 1 } });
  const { median, min, max } = summarize([run(3, 7, 1), run(1, 9, null), run(2, 8, 3)]);
  assert.deepEqual(median, { ms: 2, cpu: { gateway: 8 }, gone: 1, name: 'x', settings: { qos: 1 } });
  assert.deepEqual(min, { ms: 1, cpu: { gateway: 7 }, gone: 1, name: 'x' });
  assert.deepEqual(max, { ms: 3, cpu: { gateway: 9 }, gone: 1, name: 'x' });
});

test('options say what they take', () => {
  const options = new Options(
    ['--runs', '0', '--rate=-1', '--without=a,b', '--qos', '3', '--json'],
    ['runs', 'rate', 'without', 'qos'],
    ['json'],
  );
  assert.equal(options.has('json'), true);
  assert.throws(() => options.whole('runs', 1, 1, 99), /--runs must be a whole number from 1 to 99/);
  assert.throws(() => options.above('rate', 1), /--rate must be a number above 0/);
  assert.throws(() => options.choice('qos', '0', ['0', '1', '2']), /--qos must be 0, 1 or 2/);
  assert.deepEqual(options.list('without', ['a', 'b', 'c']), ['a', 'b']);
  assert.throws(() => options.list('without', ['a']), /--without takes a/);
  assert.throws(() => new Options(['--nothing'], [], []), /nothing/);
});
