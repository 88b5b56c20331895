import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BLOCK_AT_RECORDS,
  BLOCK_DONE,
  BLOCK_HASH_MISMATCH,
  BLOCK_HEADER_BYTES,
  BLOCK_MALFORMED,
  BLOCK_OF_OTHER_PARTITION,
  FORMATS_END,
  RECORD_HEADER_BYTES,
} from '../../assembly/abi/block.js';
import { CODE_JSON_MALFORMED } from '../../assembly/abi/codes.js';
import {
  COUNTER_PIPELINE_DEAD,
  COUNTER_PIPELINE_DUPLICATE,
  COUNTER_PIPELINE_NULLS,
  COUNTER_PIPELINE_RECORDS,
  COUNTER_PIPELINE_REPLAYED,
  COUNTER_PIPELINE_ROUNDED,
  COUNTER_PIPELINE_STORED,
} from '../../assembly/abi/counters.js';
import { sealBlock } from '../support/blocks.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const NOW_US = 1_790_000_000_000_000;
const TS_MS = NOW_US / 1000 - 50;
const message = (fields: object) => ({ device: 7, receiveUs: NOW_US, payload: JSON.stringify(fields) });

test('a block of messages becomes rows, texts and dead letters with their places in the log', () => {
  const kernel = new TestKernel(3);
  kernel.logOffset = 4096;
  const bad = '{"ts":';
  const good = message({ ts: TS_MS, metrics: { temperature: 23.41, door: 'open', heating: true, fan: null }, seq: 1 });
  assert.equal(kernel.run([good, { ...good, device: 9, payload: bad }]), BLOCK_DONE);
  const { readings, texts, deads, records } = kernel.take();
  assert.deepEqual(readings, [
    { device: 7, metric: 'temperature', tsUs: TS_MS * 1000, value: 23.41 },
    { device: 7, metric: 'heating', tsUs: TS_MS * 1000, value: 1 },
  ]);
  assert.deepEqual(texts, [{ device: 7, metric: 'door', tsUs: TS_MS * 1000, value: 'open' }]);
  assert.deepEqual(deads, [
    {
      partition: 3,
      logOffset: 4096 + BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES + good.payload.length,
      device: 9,
      receivedUs: NOW_US,
      reason: 'json_malformed',
      payload: Buffer.from(bad),
    },
  ]);
  assert.equal(records, 2);
  assert.equal(kernel.counter(COUNTER_PIPELINE_RECORDS), 2);
  assert.equal(kernel.counter(COUNTER_PIPELINE_STORED), 1);
  assert.equal(kernel.counter(COUNTER_PIPELINE_DEAD), 1);
  assert.equal(kernel.counter(CODE_JSON_MALFORMED), 1);
  assert.equal(kernel.counter(COUNTER_PIPELINE_NULLS), 1);
});

test('a message of a format that this build does not know is kept with its bytes, and the next one is decoded', () => {
  const kernel = new TestKernel();
  const payload = Buffer.from('a1617601', 'hex');
  const known = { device: 7, receiveUs: NOW_US, payload: '{"metrics":{"a":1}}' };
  const records = [known, { device: 7, receiveUs: NOW_US, payload, format: FORMATS_END }, { ...known, payload: '{"metrics":{"a":2}}' }];
  assert.equal(kernel.run(records), BLOCK_DONE);
  const { readings, deads } = kernel.take();
  assert.deepEqual(
    readings.map(({ value }) => value),
    [1, 2],
  );
  assert.deepEqual(
    deads.map((dead) => [dead.reason, dead.payload]),
    [['format_unknown', payload]],
  );
});

test('whole numbers that a double cannot hold are stored as the one next to them, and counted once each', () => {
  const kernel = new TestKernel();
  const message = (seq: number) => ({ device: 1, receiveUs: NOW_US, payload: `{"metrics":{"a":9007199254740993,"b":1},"seq":${seq}}` });
  assert.equal(
    kernel.run([message(1), message(2), message(2), { ...message(3), payload: '{"metrics":{"c":9007199254740993,"c":1}}' }]),
    BLOCK_DONE,
  );
  assert.equal(kernel.run([message(4)], { replay: true }), BLOCK_DONE);
  assert.equal(kernel.counter(COUNTER_PIPELINE_ROUNDED), 2);
  assert.deepEqual(
    kernel.take().readings.map(({ value }) => value),
    [9007199254740992, 9007199254740992, 1, 1],
  );
});

test('without ts the receive time is the event time', () => {
  const kernel = new TestKernel();
  kernel.run([message({ metrics: { level: 5 } })]);
  assert.deepEqual(kernel.take().readings, [{ device: 7, metric: 'level', tsUs: NOW_US, value: 5 }]);
});

test('names that the registry denies make dead letters, and only of the messages that use them', () => {
  const kernel = new TestKernel();
  kernel.addMetric('known');
  const records = [
    message({ ts: TS_MS, metrics: { known: 1 }, seq: 1 }),
    message({ ts: TS_MS, metrics: { novel: 1 }, seq: 2 }),
    message({ ts: TS_MS, metrics: { known: 3 }, seq: 3 }),
  ];
  assert.equal(kernel.run(records, { deny: true }), BLOCK_DONE);
  const { readings, deads } = kernel.take();
  assert.deepEqual(
    readings.map((row) => row.value),
    [1, 3],
  );
  assert.deepEqual(
    deads.map((row) => row.reason),
    ['metric_unknown'],
  );
});

test('a replay rebuilds dedup and latest and writes nothing', () => {
  const kernel = new TestKernel();
  const records = [message({ ts: TS_MS, metrics: { a: 1 }, seq: 1 }), message({ ts: TS_MS + 1, metrics: { a: 2 }, seq: 2 })];
  kernel.run(records, { replay: true });
  assert.deepEqual(kernel.take(), { readings: [], texts: [], deads: [], records: 0 });
  kernel.run([...records, message({ ts: TS_MS + 2, metrics: { a: 3 }, seq: 3 })]);
  assert.deepEqual(
    kernel.take().readings.map((row) => row.value),
    [3],
  );
  assert.equal(kernel.counter(COUNTER_PIPELINE_DUPLICATE), 2);
  assert.equal(kernel.counter(COUNTER_PIPELINE_REPLAYED), 2);
});

test('a damaged, foreign or newer block is refused with its cause', () => {
  const kernel = new TestKernel(1);
  const block = () => Buffer.from(sealBlock(1, [message({ metrics: { a: 1 } })]));
  const patched = (at: number) => {
    const bytes = block();
    bytes[at] = (bytes[at] as number) ^ 1;
    return bytes;
  };
  assert.equal(kernel.runBlock(patched(0)), BLOCK_MALFORMED);
  assert.equal(kernel.runBlock(patched(BLOCK_AT_RECORDS)), BLOCK_HASH_MISMATCH);
  assert.equal(kernel.runBlock(patched(BLOCK_HEADER_BYTES + 30)), BLOCK_HASH_MISMATCH);
  assert.equal(kernel.runBlock(sealBlock(2, [message({ metrics: { a: 1 } })])), BLOCK_OF_OTHER_PARTITION);
  for (let cut = 1; cut < block().length; cut++) assert.equal(kernel.runBlock(block().subarray(0, cut)), BLOCK_MALFORMED);
  assert.equal(kernel.counter(COUNTER_PIPELINE_RECORDS), 0);
});

test('a batch without room for the worst block is handed over first', () => {
  const kernel = new TestKernel();
  const metrics = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`m${index}`, index]));
  let sequence = 0;
  const records = () => Array.from({ length: 20 }, () => message({ ts: TS_MS, metrics, seq: sequence++ }));
  let blocks = 0;
  while (kernel.run(records()) === BLOCK_DONE) blocks++;
  assert.equal(kernel.kernel.batchHasRoom(), 0);
  assert.equal(kernel.take().readings.length, blocks * 20_000);
  assert.equal(kernel.run(records()), BLOCK_DONE);
});
