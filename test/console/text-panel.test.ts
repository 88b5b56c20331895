import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextPanel } from '../../src/console/data/text-panel.js';

const unavailable = { code: 'database_unavailable', message: 'the database does not answer', wayOut: '' };

function panelOf(readings: readonly (readonly [ms: number, text: string])[]): TextPanel {
  const panel = new TextPanel('state');
  for (const [ms, text] of readings) panel.add(ms, text);
  panel.draw(0, 1000);
  return panel;
}

test('a text metric is a history of states: what, from when to when, in how many readings', () => {
  const { states, lastMs } = panelOf([
    [10, 'idle'],
    [20, 'idle'],
    [30, 'running'],
    [40, 'idle'],
  ]);
  assert.deepEqual(states.value, [
    { text: 'idle', fromMs: 10, toMs: 20, readings: 2 },
    { text: 'running', fromMs: 30, toMs: 30, readings: 1 },
    { text: 'idle', fromMs: 40, toMs: 40, readings: 1 },
  ]);
  assert.equal(lastMs, 40);
});

test('history that is read after the newest value, or twice, gives the same states', () => {
  const readings = Array.from({ length: 300 }, (_, at) => [at * 10, ['a', 'b', 'b', 'c'][(at >> 3) % 4]!] as const);
  const expected = panelOf(readings).states.value;
  assert.deepEqual(panelOf([...readings.slice(250), ...readings, ...readings.slice(100, 200)]).states.value, expected);
  assert.deepEqual(panelOf(readings.toReversed()).states.value, expected);
});

test('a history that cannot be read is said to be missing, not to be on its way', () => {
  const panel = new TextPanel('state');
  panel.tick();
  assert.equal(panel.notice.value, 'Loading …');
  panel.loaded(unavailable);
  panel.tick();
  assert.match(panel.notice.value, /^The history is not available: the database does not answer\./);
  panel.loaded(undefined);
  panel.tick();
  assert.match(panel.notice.value, /^Nothing in this window yet/);
});
