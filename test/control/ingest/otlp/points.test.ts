import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DataPoint, pointsOf } from '../../../../src/control/ingest/otlp/points.js';
import { StartTimes, secondsOf } from '../../../../src/control/ingest/otlp/start-times.js';

const timeUnixNano = '1796029200000000001';
const CUMULATIVE = 2;

function values(metric: object): (string | [name: string, value: string][])[] {
  return [...pointsOf({ name: 'm', ...metric })].map((point) =>
    typeof point === 'string' ? point : point.values.map(({ suffix, value, tag }) => [`${suffix}${tag ? ` ${tag.join('=')}` : ''}`, value]),
  );
}

function gauge(point: object): (string | [string, string][])[] {
  return values({ gauge: { dataPoints: [{ timeUnixNano, ...point }] } });
}

test('a number is taken as the exporter writes it: as integer, as text of one, or as double', () => {
  for (const [point, value] of [
    [{ asInt: '9007199254740993' }, '9007199254740993'],
    [{ asInt: -5 }, '-5'],
    [{ asInt: 0 }, '0'],
    [{ asDouble: 5 }, '5'],
    [{ asDouble: 1e-7 }, '1e-7'],
  ] as const)
    assert.deepEqual(gauge(point), [[['', value]]]);
});

test('NaN and infinities, which JSON has as null, are no readings, and no gap is a fault', () => {
  for (const asDouble of [null, Number.NaN, Number.POSITIVE_INFINITY, '5', {}]) {
    assert.deepEqual(gauge({ asDouble }), ['m: the value is not a finite number'], String(asDouble));
  }
  assert.deepEqual(gauge({}), ['m: the point has no value']);
  assert.deepEqual(gauge({ asInt: 'x' }), ['m: the point has no value']);
  assert.deepEqual(gauge({ flags: 1 }), [[]], 'no recorded value');
});

test('a histogram is its totals and its buckets, each with those below it', () => {
  const point = { timeUnixNano, count: '6', sum: 99.5, min: 1, max: 40, bucketCounts: ['1', 2, '3'], explicitBounds: [10, 20.5] };
  assert.deepEqual(values({ histogram: { dataPoints: [point] } }), [
    [
      ['.count', '6'],
      ['.sum', '99.5'],
      ['.min', '1'],
      ['.max', '40'],
      ['.bucket le=10', '1'],
      ['.bucket le=20.5', '3'],
      ['.bucket le=+Inf', '6'],
    ],
  ]);
  assert.deepEqual(values({ histogram: { dataPoints: [{ ...point, bucketCounts: [1, 2] }] } }), [
    'm: there is not one bucket more than there are bounds',
  ]);
  // What is absent is 0, as in all of proto3.
  assert.deepEqual(values({ histogram: { dataPoints: [{ timeUnixNano }] } }), [[['.count', '0']]]);
});

test('an exponential histogram is its totals and quantiles near those of its values', () => {
  // Values 1, 4 and 100 at scale 4, as an SDK puts them.
  const bucketCounts = new Array(108).fill(0);
  for (const index of [0, 32, 107]) bucketCounts[index] = 1;
  const point = { timeUnixNano, count: 3, sum: 105, min: 1, max: 100, scale: 4, zeroCount: 0, positive: { offset: -1, bucketCounts } };
  const [found] = values({ exponentialHistogram: { dataPoints: [point] } }) as [string, string][][];
  assert.deepEqual(
    found!.map(([name]) => name),
    ['.count', '.sum', '.min', '.max', '.quantile quantile=0.5', '.quantile quantile=0.9', '.quantile quantile=0.99'],
  );
  assert.ok(Math.abs(Number(found![4]![1]) / 4 - 1) < 2 ** (1 / 16) - 1);
  assert.equal(found![6]![1], '100', 'no quantile lies above the largest value');
  const negative = { ...point, positive: {}, negative: { offset: 0, bucketCounts: [2] }, min: -1.04, max: -1.01, scale: 4 };
  const [below] = values({ exponentialHistogram: { dataPoints: [negative] } }) as [string, string][][];
  assert.ok(Number(below![4]![1]) < -1);
  assert.deepEqual(values({ exponentialHistogram: { dataPoints: [{ timeUnixNano, zeroCount: 2, count: 2 }] } }), [
    [['.count', '2'], ...(['0.5', '0.9', '0.99'].map((quantile) => [`.quantile quantile=${quantile}`, '0']) as [string, string][])],
  ]);
  for (const scale of [1e9, -11, 0.5]) {
    assert.deepEqual(values({ exponentialHistogram: { dataPoints: [{ ...point, scale }] } }), ['m: the scale is out of range']);
  }
});

test('a summary is its totals and quantiles', () => {
  const quantileValues = [{ value: 1 }, { quantile: 0.99, value: 7.5 }, { quantile: 1, value: null }];
  assert.deepEqual(values({ summary: { dataPoints: [{ timeUnixNano, count: 2, sum: 3, quantileValues }] } }), [
    [
      ['.count', '2'],
      ['.sum', '3'],
      ['.quantile quantile=0', '1'],
      ['.quantile quantile=0.99', '7.5'],
    ],
  ]);
});

test('the start is that of a count that only rises, and a time has to be in nanoseconds', () => {
  const point = { timeUnixNano, startTimeUnixNano: '1796029100000000000', asInt: 1 };
  const start = (metric: object) => ([...pointsOf({ name: 'm', ...metric })][0] as DataPoint).startNs;
  assert.equal(start({ sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: [point] } }), point.startTimeUnixNano);
  assert.equal(start({ sum: { aggregationTemporality: CUMULATIVE, dataPoints: [point] } }), '', 'it may fall without having begun anew');
  assert.equal(start({ sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [point] } }), '', 'a delta begins each time');
  assert.equal(start({ gauge: { dataPoints: [point] } }), '');
  assert.equal(start({ histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [point] } }), point.startTimeUnixNano);
  assert.match(gauge({ asInt: 1, timeUnixNano: '1796029200000' })[0] as string, /before 1973, or not in nanoseconds/);
  assert.equal(([...pointsOf({ name: 'm', gauge: { dataPoints: [{ asInt: 1 }] } })][0] as DataPoint).timeNs, '');
  assert.deepEqual([...pointsOf({ gauge: { dataPoints: [point] } })], ['a metric has no name']);
  assert.deepEqual([...pointsOf({ name: 'm', gauge: null })], []);
});

test('a start is said once, and again when it changes', () => {
  const starts = new StartTimes();
  assert.ok(starts.isNew(1, 's', '5'));
  assert.ok(starts.isNew(1, 's', '5'), 'it was not durable yet');
  starts.note(1, 's', '5');
  assert.deepEqual([starts.isNew(1, 's', '5'), starts.isNew(2, 's', '5'), starts.isNew(1, 's', '6')], [false, true, true]);
  assert.deepEqual([secondsOf('1796029200000000001'), secondsOf('5')], ['1796029200.000000001', '0.000000005']);
});
