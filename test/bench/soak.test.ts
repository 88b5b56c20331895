import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartOf, flatnessOf } from '../../bench/soak-curve.js';

/** Ten minutes, a sample every five seconds. */
function curveOf(rssBytes: (seconds: number) => number) {
  return Array.from({ length: 121 }, (_, index) => ({ seconds: index * 5, rssBytes: rssBytes(index * 5), heapBytes: 1, lagBytes: 0 }));
}

test('memory is flat when only the first third grows, and not when the rest does', () => {
  const mib = 2 ** 20;
  const warmed = flatnessOf(curveOf((seconds) => (200 + Math.min(seconds, 150)) * mib + (seconds % 7) * 1000));
  assert.equal(warmed.flat, true);
  const leaking = flatnessOf(curveOf((seconds) => (200 + seconds / 10) * mib));
  assert.equal(leaking.flat, false);
  assert.equal(leaking.bytesPerMinute, 6 * mib);
  assert.ok(Math.abs(leaking.growth - 40 / 240) < 0.001, `${leaking.growth}`);
  assert.equal(flatnessOf([]).flat, null);
  assert.equal(flatnessOf(curveOf(() => mib).slice(0, 10)).flat, null);
});

test('a chart begins at 0 and shows the highest of each column', () => {
  assert.equal(chartOf([0, 1, 2, 3, 4, 5, 6, 8]), '▁▂▃▄▅▆▇█');
  assert.equal(chartOf([8, 0, 0, 4], 2), '█▅');
  assert.equal(chartOf([]), '');
});
