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
  return { partition, ...offsets, ...checkpoint, lagBytes: durable - committed, lagMs: 0, committedRecords: records, gaps: 0, gapBytes: 0 };
}

const ROOMY = 4000;

test('rates are over all partitions, and the time left is the lag over what is gained', () => {
  const meter = new CatchUpMeter();
  assert.deepEqual(meter.catchUp, { inputBytesPerSecond: 0, committedBytesPerSecond: 0, committedMessagesPerSecond: 0, secondsLeft: 0 });
  meter.sample([lagOf(0, 10_000, 0, 0), lagOf(1, 10_000, 0, 0)], ROOMY);
  assert.deepEqual(meter.sample([lagOf(0, 12_000, 4000, 40), lagOf(1, 10_000, 2000, 20)], 2 * ROOMY), {
    inputBytesPerSecond: 500,
    committedBytesPerSecond: 1500,
    committedMessagesPerSecond: 15,
    secondsLeft: 16,
  });
});

test('a lag of what a second commits is none; one that grows has no end; old looks are forgotten', () => {
  const meter = new CatchUpMeter();
  meter.sample([lagOf(0, 1000, 0, 0)], 1000);
  assert.equal(meter.sample([lagOf(0, 10_000, 5000, 0)], 6000).secondsLeft, null);
  assert.equal(meter.sample([lagOf(0, 10_000, 9000, 0)], 7000).secondsLeft, 0);
  // Nothing is committed for longer than it looks back.
  for (let second = 8; second < 22; second++) meter.sample([lagOf(0, 90_000, 9000, 0)], second * 1000);
  assert.deepEqual([meter.catchUp.committedBytesPerSecond, meter.catchUp.inputBytesPerSecond, meter.catchUp.secondsLeft], [0, 0, null]);
  const { catchUp } = meter;
  assert.equal(meter.sample([lagOf(0, 9000, 9000, 0)], 21_000), catchUp, 'a clock that stood still');
});

test('what came in a moment ago is under way, however much it is and however idle it was before', () => {
  const meter = new CatchUpMeter();
  for (let second = 1; second < 20; second++) meter.sample([lagOf(0, 5000, 5000, 0)], second * 1000);
  // Load begins, and its first batch is not committed yet.
  assert.equal(meter.sample([lagOf(0, 500_000, 5000, 0)], 20_000).secondsLeft, 0);
  assert.equal(meter.sample([lagOf(0, 900_000, 400_000, 0)], 21_000).secondsLeft, 0);
  assert.equal(meter.sample([lagOf(0, 1_300_000, 400_000, 0)], 22_500).secondsLeft, null, 'longer than a moment');
});
