import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchRows } from '../../../src/store/write/batch-rows.js';
import { layBatch, sharedMemory } from '../../support/row-batch.js';

const memory = sharedMemory();
const buffer = memory.buffer as SharedArrayBuffer;

test('rows are read where they lie: numbers first, then texts, each with its time to the microsecond', () => {
  const batch = layBatch(memory, 0, 0n, 1n, {
    readings: [
      [1, 2, new Date('2000-01-01T00:00:00.001Z'), -0.5],
      [2_000_000_000, 3, new Date('2100-02-03T04:05:06.789Z'), 1e300],
    ],
    texts: [[1, 4, new Date('2026-01-01T00:00:00Z'), 'grün']],
    deads: [[0, 0n, 1, new Date(), 'json_malformed', Buffer.from('{')]],
  });
  // One microsecond more, in the last byte of the first row's time.
  const bytes = new Uint8Array(memory.buffer);
  const at = batch.readings.offset + 19 + 29;
  bytes[at] = (bytes[at] as number) + 1;
  assert.deepEqual(
    Array.from(batchRows(batch, buffer), (row) => ({ ...row })),
    [
      { device: 1, metric: 2, tsUs: Date.UTC(2000, 0, 1) * 1000 + 1001, value: -0.5 },
      { device: 2_000_000_000, metric: 3, tsUs: Date.UTC(2100, 1, 3, 4, 5, 6, 789) * 1000, value: 1e300 },
      { device: 1, metric: 4, tsUs: Date.UTC(2026, 0, 1) * 1000, value: 'grün' },
    ],
  );
  assert.deepEqual([...batchRows(layBatch(memory, 0, 0n, 1n, {}), buffer)], []);
});

test('bytes that are no such rows are refused', () => {
  const batch = layBatch(memory, 0, 0n, 1n, { readings: [[1, 2, new Date(), 1]], texts: [[1, 2, new Date(), 'a']] });
  const one = (rows: number) => Array.from(batchRows({ ...batch, readings: { ...batch.readings, rows } }, buffer), ({ device }) => device);
  assert.deepEqual(one(1), [1, 1]);
  assert.throws(() => one(2));
  assert.throws(() => Array.from(batchRows({ ...batch, readings: batch.texts }, buffer)), /a row is laid as the kernel lays it/);
});

test('rows of the parts of a batch come before its own, each from its memory', () => {
  const other = sharedMemory();
  const { readings, texts, deads, replayed } = layBatch(other, 0, 0n, 1n, {
    readings: [[1, 1, new Date(), 1]],
    texts: [[2, 1, new Date(), 'a']],
  });
  const batch = layBatch(memory, 0, 0n, 1n, { readings: [[3, 1, new Date(), 1]], texts: [[4, 1, new Date(), 'b']] });
  const parts = [{ memory: other.buffer as SharedArrayBuffer, readings, texts, deads, replayed }];
  assert.deepEqual(
    Array.from(batchRows({ ...batch, parts }, buffer), ({ device }) => device),
    [1, 3, 2, 4],
  );
});
