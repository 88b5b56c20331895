import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POSTGRES_EPOCH_US } from '../../assembly/abi/limits.js';
import {
  BATCH_AT_READINGS,
  BATCH_AT_READINGS_BYTES,
  BATCH_BYTES,
  BATCH_HEAD_OFFSET,
  BATCH_READINGS_BYTES,
  BATCHES_OFFSET,
  READING_ROW_BYTES,
} from '../../assembly/abi/pipeline.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { parseCopy } from '../support/pipeline-kernel.js';
import { Random } from '../support/random.js';

interface Exports {
  openBatch(slot: number): void;
  sealBatch(): void;
  batchRows(): number;
  readingProbe(device: number, metric: number, tsUs: number, value: number): void;
}

type Reading = readonly [device: number, metric: number, tsUs: number];

const NOW_US = 1_790_000_000_000_000;
const memory = kernelMemory(PIPELINE_END);
const kernel = loadKernel<Exports>('pipeline', memory);
const kernelMemoryView = new KernelMemory(memory);
const { view } = kernelMemoryView;

/** Seals a batch of these readings, each with its place as its value, and compares it with a plain sort that keeps equal ones in place. */
function check(readings: readonly Reading[], what: string): void {
  kernel.openBatch(1);
  readings.forEach(([device, metric, tsUs], place) => {
    kernel.readingProbe(device, metric, tsUs, place);
  });
  kernel.sealBatch();
  assert.equal(view.getUint32(BATCH_HEAD_OFFSET + BATCH_AT_READINGS, true), readings.length, what);
  const bytes = view.getUint32(BATCH_HEAD_OFFSET + BATCH_AT_READINGS_BYTES, true);
  const rows = parseCopy(kernelMemoryView.slice(BATCHES_OFFSET + BATCH_BYTES, bytes)).map((fields) => {
    const [device, metric, ts, value] = fields as [Buffer, Buffer, Buffer, Buffer];
    return [device.readInt32BE(), metric.readInt32BE(), Number(ts.readBigInt64BE()), value.readDoubleBE()];
  });
  const expected = readings.map(([device, metric, tsUs], place) => [device | 0, metric | 0, tsUs - Number(POSTGRES_EPOCH_US), place]);
  expected.sort((a, b) => {
    for (let field = 0; field < 3; field++) if (a[field] !== b[field]) return (a[field] as number) - (b[field] as number);
    return (a[3] as number) - (b[3] as number);
  });
  const wrong = rows.findIndex((row, place) => row.some((field, index) => field !== expected[place]?.[index]));
  assert.equal(wrong, -1, `${what}: row ${wrong} is ${rows[wrong]}, not ${expected[wrong]}`);
  assert.equal(rows.length, expected.length, what);
}

const many = (count: number, reading: (place: number) => Reading) => Array.from({ length: count }, (_, place) => reading(place));

test('a batch of no, one or two readings', () => {
  check([], 'none');
  check([[7, 1, NOW_US]], 'one');
  check(
    [
      [7, 1, NOW_US],
      [6, 2, NOW_US - 1],
    ],
    'two',
  );
});

test('readings of few and of many devices, as they come from the network', () => {
  for (const devices of [1, 3, 500, 200_000]) {
    const step = 7919;
    const count = 20_000;
    check(
      many(count, (place) => [1 + (((place >> 1) * step) % devices), 1 + (place & 1), NOW_US + place]),
      `${devices} devices`,
    );
  }
});

test('one device alone: times forward, backward, equal, and mixed', () => {
  for (const count of [2, 24, 25, 300, 5000, 30_000]) {
    check(
      many(count, (place) => [9, 4, NOW_US + place]),
      `${count} forward`,
    );
    check(
      many(count, (place) => [9, 4, NOW_US - place]),
      `${count} backward`,
    );
    check(
      many(count, () => [9, 4, NOW_US]),
      `${count} equal`,
    );
    check(
      many(count, (place) => [9, 1 + (place % 3), NOW_US - ((place * 977) % 50)]),
      `${count} mixed`,
    );
  }
});

test('times before and after the epoch of PostgreSQL, and far apart', () => {
  const epochUs = Number(POSTGRES_EPOCH_US);
  const far = [0, 1, epochUs - 1, epochUs, epochUs + 1, NOW_US, 2 ** 53 - 1];
  for (const count of [20, 7000]) {
    check(
      many(count, (place) => [1 + (place % 2), 1, far[(place * 5) % far.length] as number]),
      `${count} far apart`,
    );
  }
});

test('numbers as far apart as their types allow compare as signed', () => {
  const devices = [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 0, 77];
  const metrics = [65_535, 1, 2 ** 31 - 1, 2 ** 31];
  for (const count of [24, 9000]) {
    check(
      many(count, (place) => [devices[place % 6] as number, metrics[(place * 7) % 4] as number, NOW_US - (place % 11)]),
      `${count} extremes`,
    );
  }
});

test('as many readings as a batch can hold', () => {
  const count = Math.floor((BATCH_READINGS_BYTES - 21) / READING_ROW_BYTES);
  check(
    many(count, (place) => [1 + ((place * 48_271) % 100_003), 1 + (place % 5), NOW_US + (place >> 4)]),
    'full',
  );
});

test('random batches', () => {
  const random = new Random();
  for (let round = 0; round < 60; round++) {
    const count = random.below(round % 10 === 0 ? 12_000 : 400);
    const devices = 1 + random.below(random.below(2) === 0 ? 5 : 300_000);
    const metrics = 1 + random.below(random.below(2) === 0 ? 3 : 65_535);
    const spread = 1 + random.below(random.below(2) === 0 ? 100 : 2 ** 31 - 1);
    const shuffled = random.below(2) === 0;
    check(
      many(count, (place) => [1 + random.below(devices), 1 + random.below(metrics), NOW_US + (shuffled ? random.below(spread) : place)]),
      `seed ${random.seed}, round ${round}`,
    );
  }
});
