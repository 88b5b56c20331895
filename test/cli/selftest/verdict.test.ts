import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOf } from '../../../src/cli/selftest/verdict.js';

test('stored, acknowledged and sent messages are counted apart', () => {
  assert.deepEqual(differenceOf([], [], 0), { stored: 0, lost: 0, doubled: 0, strange: 0 });
  assert.deepEqual(differenceOf([1, 2], [2, 1, 3], 4), { stored: 3, lost: 0, doubled: 0, strange: 0 });
  assert.deepEqual(differenceOf([1, 2, 4], [1, 1, 1, 3], 4), { stored: 2, lost: 2, doubled: 2, strange: 0 });
  assert.deepEqual(differenceOf([1], [1, 0, 5, 1.5], 4), { stored: 4, lost: 0, doubled: 0, strange: 3 });
});
