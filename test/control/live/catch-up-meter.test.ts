import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionLag } from '../../../src/contract/data-plane.js';
import { CatchUpMeter } from '../../../src/control/live/catch-up-meter.js';

function lagOf(partition: number, durable: number, committed: number, records: number): PartitionLag {
  const offsets = {
    isHere: true,
    startOffset: 0n,
    processedOffset: 0n,
    durableOffset: BigInt(durable),
    committedOffset: BigInt(committed),
  };
  const checkpoint = { checkpointOffset: undefined, checkpointMs: undefined, storedOffset: undefined, storedMs: undefined };
  return { partition, ...offsets, ...checkpoint, lagBytes: durable - committed, lagMs: 0, committedRecords: records };
}

test('rates are over all partitions, and the time left is the lag over what is gained', () => {
  const meter = new CatchUpMeter();
  assert.deepEqual(meter.catchUp, { inputBytesPerSecond: 0, committedBytesPerSecond: 0, committedMessagesPerSecond: 0, secondsLeft: 0 });
  assert.equal(meter.sample([lagOf(0, 5000, 0, 0), lagOf(1, 5000, 0, 0)], 1000).secondsLeft, null);
  assert.deepEqual(meter.sample([lagOf(0, 6000, 2000, 20), lagOf(1, 5000, 1000, 10)], 3000), {
    inputBytesPerSecond: 500,
    committedBytesPerSecond: 1500,
    committedMessagesPerSecond: 15,
    secondsLeft: 8,
  });
});

test('a lag of what a second commits is none; one that grows has no end; old looks are forgotten', () => {
  const meter = new CatchUpMeter();
  meter.sample([lagOf(0, 1000, 0, 0)], 1000);
  assert.equal(meter.sample([lagOf(0, 2000, 1000, 0)], 2000).secondsLeft, 0);
  assert.equal(meter.sample([lagOf(0, 9000, 1500, 0)], 3000).secondsLeft, null);
  // Nothing is committed for longer than it looks back.
  for (let second = 4; second < 16; second++) meter.sample([lagOf(0, 9000, 1500, 0)], second * 1000);
  assert.deepEqual([meter.catchUp.committedBytesPerSecond, meter.catchUp.inputBytesPerSecond, meter.catchUp.secondsLeft], [0, 0, null]);
  const { catchUp } = meter;
  assert.equal(meter.sample([lagOf(0, 9000, 9000, 0)], 15_000), catchUp, 'a clock that stood still');
});
