import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageOf, valueText } from '../../src/cli/reading-text.js';

test('an age is told in its largest whole unit, before and after now', () => {
  const nowMs = Date.parse('2026-01-02T00:00:00Z');
  const ages = ['2026-01-02T00:00:00.5Z', '2026-01-01T23:59:48Z', '2026-01-01T23:00:01Z', '2025-12-30T00:00:00Z', '2026-01-02T02:30:00Z'];
  assert.deepEqual(
    ages.map((time) => ageOf(time, nowMs)),
    ['now', '12 s ago', '59 min ago', '3 d ago', 'in 2 h'],
  );
});

test('a text differs from a number, stays on one line, and holds nothing that a terminal obeys', () => {
  assert.deepEqual([valueText(21), valueText('21'), valueText('a\nb "c"')], ['21', '"21"', '"a\\nb \\"c\\""']);
  assert.equal(valueText('\u001b[2J\u009b2J\u202ex'), '"\\u001b[2J\\u009b2J\\u202ex"');
});
