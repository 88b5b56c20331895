import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantRange, formatTicks } from '../../src/console/data/ticks.js';

test('ticks have enough digits to distinguish neighbours', () => {
  assert.deepEqual(formatTicks([0, 0.25, 0.5]), ['0.00', '0.25', '0.50']);
  assert.deepEqual(formatTicks([0, 20, 40]), ['0', '20', '40']);
  assert.deepEqual(formatTicks([1012.5, 1013, 1013.5]), ['1,012.5', '1,013.0', '1,013.5']);
  assert.deepEqual(formatTicks([12345678.85, 12345678.9]), ['12,345,678.85', '12,345,678.90']);
  assert.deepEqual(formatTicks([-0.1 - 0.2, -0.2, 3e-17]), ['-0.3', '-0.2', '0.0']);
});

test('ticks of very small and very large values differ, too', () => {
  assert.deepEqual(formatTicks([1.2e-9, 1.21e-9, 1.22e-9]), ['1.20e-9', '1.21e-9', '1.22e-9']);
  assert.deepEqual(formatTicks([0, 1e-9, 2e-9]), ['0', '1e-9', '2e-9']);
  assert.deepEqual(formatTicks([1e12, 2e12]), ['1e+12', '2e+12']);
  for (const step of [1e-14, 3e-7, 0.125, 7, 2.5e11]) {
    const ticks = formatTicks([0, 1, 2, 3, 4].map((at) => 17 * step + at * step));
    assert.equal(new Set(ticks).size, 5, ticks.join(' '));
  }
});

test('the axis of a constant stands around it', () => {
  assert.deepEqual(constantRange(0, 0), [-1, 1]);
  assert.deepEqual(constantRange(20, 20), [19, 21]);
  assert.deepEqual(constantRange(-1e-9, -1e-9), [-1.05e-9, -0.95e-9]);
  assert.equal(constantRange(1.2e-9, 1.3e-9), undefined);
  assert.equal(constantRange(0, 100), undefined);
});
