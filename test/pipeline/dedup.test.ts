import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_DONE, FLAG_DUP } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_DUPLICATE, COUNTER_PIPELINE_REBOOTS, COUNTER_PIPELINE_RUNS_FORGOTTEN } from '../../assembly/abi/counters.js';
import { TestKernel } from '../support/pipeline-kernel.js';
import { Random } from '../support/random.js';

const NOW_US = 1_790_000_000_000_000;

interface Sent {
  seq?: number;
  ts?: number;
  value?: number;
  afterMs?: number;
  flags?: number;
}

/** Sends messages of one device and answers the values that were stored, by their times. */
function stored(kernel: TestKernel, messages: readonly Sent[]): number[] {
  const records = messages.map(({ seq, ts, value = 0, afterMs = 0, flags = 0 }) => ({
    device: 5,
    receiveUs: NOW_US + afterMs * 1000,
    flags,
    payload: JSON.stringify({ ts, metrics: { v: value }, seq }),
  }));
  assert.equal(kernel.run(records), BLOCK_DONE);
  return kernel.take().readings.map((row) => row.value as number);
}

const T = NOW_US / 1000 - 100_000;

test('a resent number is dropped, in order or not, across gaps', () => {
  const kernel = new TestKernel();
  const send = [1, 2, 3, 7, 5, 6, 4].map((seq) => ({ seq, ts: T + seq, value: seq }));
  assert.deepEqual(stored(kernel, send), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(stored(kernel, send), []);
  assert.equal(kernel.counter(COUNTER_PIPELINE_DUPLICATE), 7);
});

test('a known number with a newer or a much older device time is a reboot', () => {
  for (const shift of [60_000, -50_000]) {
    const kernel = new TestKernel();
    stored(
      kernel,
      [1, 2, 3, 4, 5].map((seq) => ({ seq, ts: T + seq })),
    );
    const again = [1, 2, 3].map((seq) => ({ seq, ts: T + shift + seq, value: seq }));
    assert.deepEqual(stored(kernel, again), [1, 2, 3]);
    assert.deepEqual(stored(kernel, again), []);
    assert.equal(kernel.counter(COUNTER_PIPELINE_REBOOTS), 1);
  }
});

test('a sequence that starts again with a clock set back is a reboot: readings that differ are stored', () => {
  const kernel = new TestKernel();
  const first = [-100, -90, -80].map((s, seq) => ({ seq, ts: NOW_US / 1000 + s * 1000, value: seq }));
  const second = [-95, -94, -93].map((s, seq) => ({ seq, ts: NOW_US / 1000 + s * 1000, value: 10 + seq }));
  assert.deepEqual(stored(kernel, first), [0, 1, 2]);
  assert.deepEqual(stored(kernel, first), []);
  assert.deepEqual(stored(kernel, second), [10, 11, 12]);
  assert.deepEqual(stored(kernel, second), []);
  assert.equal(kernel.counter(COUNTER_PIPELINE_REBOOTS), 1);
  assert.equal(kernel.counter(COUNTER_PIPELINE_DUPLICATE), 6);
});

test('a device that boots with the same time again and again is known by its readings', () => {
  const kernel = new TestKernel();
  for (const boot of [1, 2, 3]) {
    const send = Array.from({ length: 20 }, (_, seq) => ({ seq, ts: T + seq * 10, value: boot * 100 + seq }));
    assert.equal(stored(kernel, send).length, 20, `boot ${boot}`);
    assert.deepEqual(stored(kernel, send), []);
  }
  assert.equal(kernel.counter(COUNTER_PIPELINE_REBOOTS), 2);
});

test('readings differ by text, metric name and kind of value, not by the order of members', () => {
  const forms = [
    '{"a":1,"b":"x"}',
    '{"b":"x","a":1}',
    '{"a":1,"b":"y"}',
    '{"a":1,"c":"y"}',
    '{"a":"1","c":"y"}',
    '{"a":1,"c":1}',
    '{"c":1,"a":1}',
  ];
  const kernel = new TestKernel();
  const isStored = forms.map((metrics) => {
    const duplicates = kernel.counter(COUNTER_PIPELINE_DUPLICATE);
    kernel.run([{ device: 5, receiveUs: NOW_US, payload: `{"ts":${T},"seq":1,"metrics":${metrics}}` }]);
    return kernel.counter(COUNTER_PIPELINE_DUPLICATE) === duplicates;
  });
  assert.deepEqual(isStored, [true, false, true, true, true, true, false]);
});

test('a new boot is known although its first messages, or those of the boot before, never came', () => {
  const boot = (from: number, shift: number, value: number) =>
    Array.from({ length: 200 }, (_, index) => index).flatMap((seq) =>
      seq < from ? [] : [{ seq, ts: T + seq * 10 + shift, value: value + seq }],
    );
  for (const [lostBefore, lostNow] of [
    [1, 0],
    [5, 0],
    [0, 1],
    [0, 4],
    [0, 16],
    [3, 4],
  ] as const) {
    const kernel = new TestKernel();
    stored(kernel, boot(lostBefore, 0, 0));
    const second = boot(lostNow, 5, 1000);
    assert.equal(stored(kernel, second).length, second.length, `${lostBefore}, ${lostNow}`);
    const third = boot(0, 7, 2000);
    assert.equal(stored(kernel, third).length, third.length, `${lostBefore}, ${lostNow}, and again`);
  }
});

test('a number below all others keeps the prints of those above it', () => {
  const kernel = new TestKernel();
  const down = [9, 8, 7, 6, 5].map((seq) => ({ seq, ts: T + seq, value: seq }));
  stored(kernel, down);
  assert.deepEqual(stored(kernel, down), []);
  assert.deepEqual(stored(kernel, [{ seq: 8, ts: T + 6, value: 80 }]), [80]);
});

test('without a device time a known number is dropped only if the payload was the same', () => {
  const kernel = new TestKernel();
  assert.deepEqual(
    stored(kernel, [
      { seq: 1, value: 1 },
      { seq: 2, value: 2 },
      { seq: 2, value: 2 },
    ]),
    [1, 2],
  );
  assert.deepEqual(stored(kernel, [{ seq: 1, value: 9 }]), [9]);
});

test('without a number the same payload with a time is dropped, without a time only if the client says DUP', () => {
  const kernel = new TestKernel();
  assert.deepEqual(
    stored(kernel, [
      { ts: T, value: 1 },
      { ts: T, value: 1 },
      { ts: T + 1, value: 1 },
    ]),
    [1, 1],
  );
  assert.deepEqual(stored(kernel, [{ value: 4 }, { value: 4 }, { value: 4, flags: FLAG_DUP | 1 }]), [4, 4]);
});

test('a fingerprint is forgotten after two minutes at the latest and kept for one', () => {
  const kernel = new TestKernel();
  stored(kernel, [{ ts: T, value: 1 }]);
  assert.deepEqual(stored(kernel, [{ ts: T, value: 1, afterMs: 59_000 }]), []);
  assert.deepEqual(stored(kernel, [{ ts: T, value: 1, afterMs: 200_000 }]), []);
  stored(kernel, [{ ts: T + 1, value: 2, afterMs: 300_000 }]);
  assert.deepEqual(stored(kernel, [{ ts: T, value: 1, afterMs: 400_000 }]), [1]);
});

test('devices do not share numbers', () => {
  const kernel = new TestKernel();
  const payload = JSON.stringify({ ts: T, metrics: { v: 1 }, seq: 1 });
  kernel.run([5, 6, 7].map((device) => ({ device, receiveUs: NOW_US, payload })));
  assert.equal(kernel.take().readings.length, 3);
});

test('runs against a naive set: what was stored is never dropped, what is dropped was stored', () => {
  const random = new Random();
  const { seed } = random;
  console.log(`dedup model seed ${seed}`);
  for (let round = 0; round < 20; round++) {
    const kernel = new TestKernel();
    const known = new Set<number>();
    // Few enough gaps at a time for the 64 runs of a device, so that the model is exact.
    const spread = 1 + random.below(60);
    let base = 0;
    for (let step = 0; step < 40; step++) {
      base += random.below(spread);
      const numbers = Array.from({ length: 50 }, () => base + random.below(spread * 2));
      const expected: number[] = [];
      for (const seq of numbers) {
        if (!known.has(seq)) expected.push(seq);
        known.add(seq);
      }
      const forgotten = kernel.counter(COUNTER_PIPELINE_RUNS_FORGOTTEN);
      const got = stored(
        kernel,
        numbers.map((seq) => ({ seq, ts: T + seq, value: seq })),
      );
      if (forgotten === 0 && kernel.counter(COUNTER_PIPELINE_RUNS_FORGOTTEN) === 0)
        assert.deepEqual(
          got,
          expected.sort((a, b) => a - b),
          `seed ${seed}`,
        );
      else for (const seq of expected) assert.ok(got.includes(seq), `seed ${seed}: ${seq} was dropped`);
    }
  }
});

test('boots with any clock: every reading is stored once, whatever is sent again within its boot', () => {
  const random = new Random();
  const { seed } = random;
  console.log(`dedup boots seed ${seed}`);
  for (let round = 0; round < 20; round++) {
    const kernel = new TestKernel();
    let value = 0;
    for (let boot = 0; boot < 10; boot++) {
      const start = T - random.below(20_000);
      const sent: Sent[] = [];
      const fresh: number[] = [];
      for (const end = 1 + random.below(100); sent.length < end; ) {
        const ts = start + sent.length * 100 + random.below(100);
        fresh.push(++value);
        sent.push({ seq: sent.length, ts, value });
        const again = random.chance(0.3) ? [random.pick(sent)] : [];
        assert.deepEqual(stored(kernel, [sent.at(-1)!, ...again]), [value], `seed ${seed}, round ${round}, boot ${boot}`);
      }
      assert.deepEqual(stored(kernel, sent), [], `seed ${seed}, round ${round}, boot ${boot}`);
    }
  }
});

test('without room for another gap the lowest run is forgotten and nothing is dropped', () => {
  const kernel = new TestKernel();
  const numbers = Array.from({ length: 200 }, (_, index) => index * 2);
  const send = numbers.map((seq) => ({ seq, ts: T + seq, value: seq }));
  assert.deepEqual(stored(kernel, send), numbers);
  assert.equal(kernel.counter(COUNTER_PIPELINE_RUNS_FORGOTTEN), 200 - 64);
  assert.deepEqual(stored(kernel, send.slice(-64)), []);
});
