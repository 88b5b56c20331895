import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findKernelBenches, medianOf } from '../../bench/kernel.js';

test('the kernel benches run, and their own checks of the answers hold', async () => {
  for (const [name, bench] of await findKernelBenches()) {
    const { nsPerMessage, messages } = await bench(0.05);
    assert.ok(Number.isFinite(nsPerMessage) && nsPerMessage > 0, name);
    assert.ok(messages > 0, name);
  }
});

test('the median is the run in the middle', async () => {
  const figures = [5, 1, 4, 2, 3].map((nsPerMessage) => ({ nsPerMessage, messages: 1 }));
  assert.equal((await medianOf(5, () => figures.shift()!)).nsPerMessage, 3);
});
