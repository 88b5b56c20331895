import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removableSegments } from '../../src/log/retention.js';

const segments = [
  { base: 0n, firstUs: 10n },
  { base: 100n, firstUs: 20n },
  { base: 200n, firstUs: 30n },
  { base: 300n, firstUs: undefined },
];

test('a segment goes when it is committed to its end and all of it is old', () => {
  assert.equal(removableSegments(segments, 250n, 35n), 2);
  assert.equal(removableSegments(segments, 250n, 30n), 1, 'the second one may reach up to 30');
  assert.equal(removableSegments(segments, 199n, 100n), 1);
  assert.equal(removableSegments(segments, 99n, 100n), 0);
  assert.equal(removableSegments(segments, 1000n, 100n), 2, 'what follows the third is not known yet');
});

test('the segment being written stays', () => {
  assert.equal(removableSegments([{ base: 0n, firstUs: 1n }], 1000n, 100n), 0);
  assert.equal(removableSegments([], 1000n, 100n), 0);
});
