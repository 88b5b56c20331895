import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NumberPanel } from '../../src/console/data/number-panel.js';

function summaryOf(values: readonly number[]): { summary: string; twoStates: boolean } {
  const panel = new NumberPanel('open');
  for (const [at, value] of values.entries()) panel.add(at, value);
  panel.tick(0, 1000, 1000);
  return { summary: panel.summary.value, twoStates: panel.twoStates };
}

test('a metric of zeros and ones is two states, with the share of the ones', () => {
  assert.deepEqual(summaryOf([1, 0, 0, 0]), { summary: '1 in 25 % of 4 readings', twoStates: true });
  assert.deepEqual(summaryOf([0, 0]), { summary: 'always 0 in this window', twoStates: true });
});

test('any other value makes it a quantity', () => {
  assert.deepEqual(summaryOf([0, 1, 2]), { summary: 'min 0  max 2  mean 1', twoStates: false });
});

test('a chart whose history cannot be read says why', () => {
  const panel = new NumberPanel('temperature');
  panel.loaded({ code: 'late', message: 'no answer within 5 s', wayOut: '' });
  panel.tick(0, 1000, 1000);
  assert.match(panel.notice.value, /^The history is not available: no answer within 5 s\./);
  panel.add(500, 21);
  panel.tick(0, 1000, 1000);
  assert.equal(panel.notice.value, '');
  assert.match(panel.summary.value, /^The history is not available/);
});
