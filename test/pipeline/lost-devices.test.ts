import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_DONE } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_DEAD, COUNTER_PIPELINE_RECORDS, COUNTER_PIPELINE_REPLAYED } from '../../assembly/abi/counters.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const NOW_US = 1_790_000_000_000_000;
const messagesOf = (devices: readonly number[]) => devices.map((device) => ({ device, receiveUs: NOW_US, payload: '{"metrics":{"a":1}}' }));

test('messages of lost devices become dead letters, at both ends of a range; the devices beside it keep theirs', () => {
  const kernel = new TestKernel();
  assert.equal(kernel.kernel.loseDevices(3, 5), 1);
  assert.equal(kernel.kernel.loseDevices(8, 8), 1);
  assert.equal(kernel.run(messagesOf([2, 3, 5, 6, 7, 8, 9])), BLOCK_DONE);
  const { readings, deads, records } = kernel.take();
  assert.deepEqual(
    readings.map(({ device }) => device),
    [2, 6, 7, 9],
  );
  assert.deepEqual(
    deads.map(({ device, reason, payload }) => [device, reason, payload.toString()]),
    [3, 5, 8].map((device) => [device, 'device_lost', '{"metrics":{"a":1}}']),
  );
  assert.equal(records, 7);
  const counted = [COUNTER_PIPELINE_RECORDS, COUNTER_PIPELINE_DEAD].map((counter) => kernel.counter(counter));
  assert.deepEqual(counted, [7, 3]);
});

test('replayed, they leave neither rows nor state', () => {
  const kernel = new TestKernel();
  kernel.kernel.loseDevices(3, 3);
  assert.equal(kernel.run(messagesOf([3, 3]), { replay: true }), BLOCK_DONE);
  assert.equal(kernel.take().deads.length, 0);
  assert.equal(kernel.counter(COUNTER_PIPELINE_REPLAYED), 2);
  assert.equal(kernel.kernel.latest(3), 0);
  assert.equal(kernel.kernel.account(3), -1);
});

test('a kernel says when it takes no further range', () => {
  const kernel = new TestKernel();
  const taken = Array.from({ length: 600 }, (_, index) => kernel.kernel.loseDevices(index * 2 + 1, index * 2 + 1));
  assert.equal(taken.indexOf(0), 512);
});
