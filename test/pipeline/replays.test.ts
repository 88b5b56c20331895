import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_TEXT } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_DEAD, COUNTER_PIPELINE_DUPLICATE, COUNTER_PIPELINE_STORED } from '../../assembly/abi/counters.js';
import {
  BATCH_AT_REPLAYED,
  BATCH_AT_SLOT,
  BATCH_HEAD_OFFSET,
  BATCH_REPLAYED_OFFSET,
  BATCH_REPLAYED_SLOT_BYTES,
} from '../../assembly/abi/pipeline.js';
import { REPLAYS_MAX } from '../../assembly/abi/state.js';
import { decodeContext, encodeContext } from '../../src/contract/record-context.js';
import { adopt, checkpointOf } from '../support/checkpoints.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9, 0, 1) * 1000;
const NOW_US = RECEIVED_US + 3_600_000_000;

/** The record of a dead letter that is tried again. */
function retry(id: number, payload: string) {
  return { device: 7, receiveUs: NOW_US, payload, context: { profile: 0, letter: { id: BigInt(id), receivedUs: BigInt(RECEIVED_US) } } };
}

/** Ids of the letters that the batch which was taken last marks as tried again. */
function replayedOf({ memory: { view } }: TestKernel): number[] {
  const at = BATCH_REPLAYED_OFFSET + view.getUint32(BATCH_HEAD_OFFSET + BATCH_AT_SLOT, true) * BATCH_REPLAYED_SLOT_BYTES;
  const letters = view.getUint32(BATCH_HEAD_OFFSET + BATCH_AT_REPLAYED, true);
  return Array.from({ length: letters }, (_, index) => Number(view.getBigUint64(at + index * 8, true)));
}

test('a dead letter keeps its payload apart from its context, and its format', () => {
  const kernel = new TestKernel();
  const context = { profile: 0, name: 'door', topic: 'hall/door' };
  kernel.run([{ device: 7, receiveUs: RECEIVED_US, payload: Buffer.from([0xff]), format: FORMAT_TEXT, context }]);
  const [letter] = kernel.take().deads;
  assert.deepEqual([letter?.reason, letter?.payload, letter?.format], ['text_utf8_malformed', Buffer.from([0xff]), FORMAT_TEXT]);
  assert.deepEqual(decodeContext(letter?.context ?? Buffer.alloc(0)), { ...decodeContext(encodeContext(context)) });
});

test('a letter that is tried again has the time at which its message came, and is marked', () => {
  const kernel = new TestKernel();
  kernel.run([retry(5, '{"v":1}'), { device: 7, receiveUs: NOW_US, payload: '{"v":2}' }]);
  const { readings } = kernel.take();
  assert.deepEqual(
    readings.map(({ tsUs, value }) => [tsUs, value]),
    [
      [RECEIVED_US, 1],
      [NOW_US, 2],
    ],
  );
  assert.deepEqual(replayedOf(kernel), [5]);
});

test('a letter that comes twice is stored once, also across a checkpoint', () => {
  const kernel = new TestKernel();
  kernel.run([retry(5, '{"v":1}')]);
  const restarted = new TestKernel();
  adopt(restarted, checkpointOf(kernel), kernel);
  restarted.run([retry(5, '{"v":1}'), retry(6, '{"v":1}')]);
  assert.equal(restarted.take().readings.length, 1);
  assert.deepEqual(replayedOf(restarted), [5, 6]);
  assert.deepEqual([restarted.counter(COUNTER_PIPELINE_STORED), restarted.counter(COUNTER_PIPELINE_DUPLICATE)], [1, 1]);
});

test('a letter that still cannot be decoded is another letter, and is marked', () => {
  const kernel = new TestKernel();
  kernel.run([retry(5, 'no json')]);
  const { deads } = kernel.take();
  assert.deepEqual(
    deads.map(({ reason, payload, receivedUs }) => [reason, String(payload), receivedUs]),
    [['json_malformed', 'no json', RECEIVED_US]],
  );
  assert.deepEqual(replayedOf(kernel), [5]);
  assert.equal(kernel.counter(COUNTER_PIPELINE_DEAD), 1);
});

test('as many letters as may be on their way are known for sure', () => {
  const kernel = new TestKernel();
  const step = 4096;
  const send = (from: number) => {
    const ids = Array.from({ length: Math.min(step, REPLAYS_MAX - from) }, (_, index) => from + index + 1);
    kernel.run(ids.map((id) => retry(id, `{"v":${id}}`)));
    return kernel.take().readings.length;
  };
  let stored = 0;
  for (let from = 0; from < REPLAYS_MAX; from += step) stored += send(from);
  assert.equal(stored, REPLAYS_MAX);
  kernel.run([retry(REPLAYS_MAX + 1, '{"v":0}')]);
  kernel.take();
  for (let from = 0; from < REPLAYS_MAX; from += step) assert.equal(send(from), 0, `from ${from}`);
});
