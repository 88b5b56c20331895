import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, recordRows, residentMib } from '../../bench/record-plan.js';

test('every row of the record is of a bench that is there, and its arguments do not depend on luck', () => {
  assert.equal(new Set(recordRows.map(({ what }) => what)).size, recordRows.length);
  for (const { bench, args, figures, what } of recordRows) {
    assert.ok(existsSync(fileURLToPath(new URL(`../../bench/${bench}.js`, import.meta.url))), bench);
    assert.ok(
      args(new Map()).every((argument) => /^[\w-]+$/.test(argument)),
      what,
    );
    assert.ok(figures.length > 0);
  }
});

test('the half load is half of what was found, and a path may lead to nothing', () => {
  const half = recordRows.find(({ what }) => what.includes('half of what was found'))!;
  const found = new Map([['TimescaleDB, QoS 1', { messagesPerSecond: 800_001 }]]);
  assert.equal(half.args(found).at(-1), '400001');
  assert.equal(at('a.b')({ a: { b: 3 } }), 3);
  assert.equal(at('a.b')({ a: null }), undefined);
});

test('a curve of any length is a dozen points at most', () => {
  const curve = Array.from({ length: 120 }, (_, index) => ({ rssBytes: index * 1_048_576 }));
  assert.equal(residentMib({ curve }), '0 10 20 30 40 50 60 70 80 90 100 110');
  assert.equal(residentMib({ curve: curve.slice(7, 9) }), '7 8');
  assert.equal(residentMib({}), '');
});
