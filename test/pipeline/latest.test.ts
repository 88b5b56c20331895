import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_PIPELINE_LIVE_SKIPPED } from '../../assembly/abi/counters.js';
import { TEXT_BYTES_MAX } from '../../assembly/abi/limits.js';
import { LATEST_OFFSET, LIVE_HEADER_BYTES, LIVE_OFFSET } from '../../assembly/abi/pipeline.js';
import { TEXT_PAGE_TEXT_BYTES, TEXT_PAGES_MAX } from '../../assembly/abi/state.js';
import { readPoints } from '../../src/plane/points.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const NOW_US = 1_790_000_000_000_000;
const TS_MS = NOW_US / 1000 - 50;
const message = (metrics: object, ts = TS_MS, device = 7) => ({ device, receiveUs: NOW_US, payload: JSON.stringify({ ts, metrics }) });

function answerOf(kernel: TestKernel, device = 7) {
  return readPoints(kernel.memory.slice(LATEST_OFFSET, kernel.kernel.latest(device)));
}

function latestOf(kernel: TestKernel, device = 7) {
  return Object.fromEntries(answerOf(kernel, device).points.map(({ metric, value }) => [kernel.names[metric - 1], value]));
}

function takeLive(kernel: TestKernel) {
  const bytes = kernel.memory.view.getUint32(LIVE_OFFSET, true);
  kernel.memory.view.setUint32(LIVE_OFFSET, 0, true);
  return readPoints(kernel.memory.slice(LIVE_OFFSET + LIVE_HEADER_BYTES, bytes)).points;
}

test('the latest value of a metric is a number or a text, with its own time and receive time', () => {
  const kernel = new TestKernel();
  kernel.run([message({ v: 21.5, mode: 'eco' }, TS_MS - 60_000), message({ v: 'sensor fault' })]);
  const point = { device: 7, receivedMs: NOW_US / 1000 };
  assert.deepEqual(answerOf(kernel).points, [
    { ...point, metric: 1, tsMs: TS_MS, value: 'sensor fault' },
    { ...point, metric: 2, tsMs: TS_MS - 60_000, value: 'eco' },
  ]);
  kernel.run([message({ v: 'older' }, TS_MS - 1), message({ v: 22 }, TS_MS + 1)]);
  assert.deepEqual(latestOf(kernel), { v: 22, mode: 'eco' });
});

test('of one time a text is later than a number, and the last of either kind is later than those before it', () => {
  const [one, oneAndAHalf, err] = [message({ v: 1 }), message({ v: 1.5 }), message({ v: 'err' })];
  const after = (...messages: readonly ReturnType<typeof message>[]) => {
    const kernel = new TestKernel();
    kernel.run(messages);
    return latestOf(kernel).v;
  };
  assert.deepEqual([after(one, oneAndAHalf, err), after(err, one, oneAndAHalf), after(one, err, oneAndAHalf)], ['err', 'err', 'err']);
  assert.deepEqual([after(one, oneAndAHalf), after(message({ v: 'a' }), err)], [1.5, 'err']);
});

test('latest goes forward in event time only, per metric, and knows nothing of a device that is new', () => {
  const kernel = new TestKernel();
  kernel.run([message({ a: 1, b: 10 }), message({ a: 2 }, TS_MS - 5000), message({ b: 11 }, TS_MS + 5000)]);
  assert.deepEqual(latestOf(kernel), { a: 1, b: 11 });
  assert.deepEqual(answerOf(kernel, 8), { points: [], unheld: [] });
});

test('texts of any length are held whole, and their room is used again', () => {
  const kernel = new TestKernel();
  const texts = ['', 'é', 'x'.repeat(TEXT_PAGE_TEXT_BYTES), 'y'.repeat(TEXT_PAGE_TEXT_BYTES + 1), 'z'.repeat(TEXT_BYTES_MAX)];
  const turns = Math.ceil(TEXT_PAGES_MAX / (TEXT_BYTES_MAX / TEXT_PAGE_TEXT_BYTES)) * 2;
  for (let turn = 0; turn < turns; turn++) {
    const text = texts[turn % texts.length]!;
    kernel.run([message({ a: text, b: turn % 2 === 0 ? text : turn, c: text.slice(1) }, TS_MS + turn)]);
    if (turn % 97 < 6) assert.deepEqual(latestOf(kernel), { a: text, b: turn % 2 === 0 ? text : turn, c: text.slice(1) });
    if (turn % 50 === 0) kernel.take();
  }
});

test('a text that finds no room is named as one that memory does not hold, and is held again once there is room', () => {
  const kernel = new TestKernel();
  const long = 'x'.repeat(TEXT_BYTES_MAX);
  const devices = Math.ceil(TEXT_PAGES_MAX / Math.ceil(TEXT_BYTES_MAX / TEXT_PAGE_TEXT_BYTES));
  for (let device = 1; device <= devices; device++) {
    kernel.run([message({ v: long }, TS_MS, device)]);
    if (device % 200 === 0) kernel.take();
  }
  assert.deepEqual(latestOf(kernel, 1), { v: long });
  assert.deepEqual(answerOf(kernel, devices), {
    points: [{ device: devices, metric: 1, tsMs: TS_MS, value: undefined, receivedMs: NOW_US / 1000 }],
    unheld: [devices],
  });
  kernel.run([message({ v: 1 }, TS_MS, devices)]);
  assert.equal(answerOf(kernel, devices).points[0]?.value, undefined, 'a number of the same time is not later than it');
  kernel.run([message({ v: 1 }, TS_MS + 1, 1), message({ v: `${long.slice(1)}y` }, TS_MS + 1, devices)]);
  assert.deepEqual([latestOf(kernel, 1), latestOf(kernel, devices)], [{ v: 1 }, { v: `${long.slice(1)}y` }]);
});

test('live readings are numbers and texts in the order in which they came, and too many of them are skipped and counted', () => {
  const kernel = new TestKernel();
  kernel.kernel.watch(7, true);
  kernel.run([message({ a: 1, mode: 'eco', door: true }), message({ mode: '' }, TS_MS + 1), message({ a: 2 }, TS_MS, 8)]);
  assert.deepEqual(
    takeLive(kernel).map(({ metric, value }) => [kernel.names[metric - 1], value]),
    [
      ['a', 1],
      ['mode', 'eco'],
      ['door', 1],
      ['mode', ''],
    ],
  );
  kernel.kernel.watch(7, false);
  kernel.run([message({ a: 3 }, TS_MS + 2)]);
  assert.deepEqual(takeLive(kernel), []);
  kernel.kernel.watch(7, true);
  const long = 'x'.repeat(TEXT_BYTES_MAX);
  for (let turn = 0; turn < 100; turn++) kernel.run([message({ mode: long, a: turn }, TS_MS + 2 + turn)]);
  const live = takeLive(kernel);
  assert.equal(live[0]?.value, long);
  assert.ok(live.length < 200);
  assert.equal(kernel.counter(COUNTER_PIPELINE_LIVE_SKIPPED), 200 - live.length);
});

test('a device with more metrics than an answer holds is answered with as many as fit', () => {
  const kernel = new TestKernel();
  const long = 'x'.repeat(TEXT_BYTES_MAX);
  for (let turn = 0; turn < 200; turn++) kernel.run([message({ [`m${turn}`]: long, [`n${turn}`]: turn })]);
  const { points, unheld } = answerOf(kernel);
  assert.deepEqual([points.length, unheld], [400, [7]]);
  assert.equal(points.filter(({ value }) => typeof value === 'number').length, 200);
  assert.ok(points.some(({ value }) => value === long));
});
