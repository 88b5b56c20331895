import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionLag } from '../../src/contract/data-plane.js';
import { PartitionWatch } from '../../src/plane/partition-watch.js';

function lag(partition: number, durable: bigint, processed: bigint, committed: bigint, isHere = true): PartitionLag {
  const offsets = { durableOffset: durable, processedOffset: processed, committedOffset: committed, startOffset: 0n };
  const unknown = { checkpointOffset: undefined, checkpointMs: undefined, storedOffset: undefined, storedMs: undefined };
  return { partition, isHere, ...offsets, ...unknown, lagBytes: 0, lagMs: 0, committedRecords: 0, gaps: 0, gapBytes: 0 };
}

function open(isAssigned = true) {
  const clock = { ms: 0 };
  return { clock, watch: new PartitionWatch({ isAssigned, nowMs: () => clock.ms }) };
}

test('a process without partitions says so at once before its group has assigned any, and after a while when they are revoked', () => {
  const { clock, watch } = open();
  assert.equal(watch.unassigned, 'partitions are not shared out yet');
  watch.assigned();
  clock.ms = 60_000;
  assert.equal(watch.unassigned, undefined);
  watch.revoked();
  clock.ms += 9_999;
  assert.equal(watch.unassigned, undefined, 'a rebalance takes a moment');
  clock.ms += 1;
  watch.revoked();
  assert.equal(watch.unassigned, 'this process has no partitions: its consumer group has assigned none for 10 s');
  watch.assigned();
  assert.equal(watch.unassigned, undefined);
});

test('a process that no group assigns partitions to is not without any', () => {
  assert.equal(open(false).watch.unassigned, undefined);
});

test('a partition that lags and does not move is found after 20 s, and named', () => {
  const { clock, watch } = open();
  const lags = [lag(0, 9n, 9n, 9n), lag(1, 9n, 4n, 3n)];
  assert.equal(watch.stalled(lags, false), undefined);
  clock.ms = 19_999;
  assert.equal(watch.stalled(lags, false), undefined);
  clock.ms = 20_000;
  assert.equal(watch.stalled(lags, false), 'partition 1 has not moved for 20 s: it is stored up to 3 of 9');
});

test('whatever moves is no standstill: an offset that is stored, one that is read, or a partition that caught up meanwhile', () => {
  for (const moved of [lag(0, 9n, 4n, 4n), lag(0, 9n, 5n, 3n), lag(0, 3n, 3n, 3n)]) {
    const { clock, watch } = open();
    watch.stalled([lag(0, 9n, 4n, 3n)], false);
    clock.ms = 15_000;
    watch.stalled([moved], false);
    clock.ms = 30_000;
    assert.equal(watch.stalled([lag(0, 9n, 4n, 3n)], false), undefined);
  }
});

test('a partition whose log holds nothing any more waits for nothing', () => {
  const { clock, watch } = open();
  const emptied = { ...lag(0, 9n, 4n, 3n), startOffset: 9n };
  watch.stalled([emptied], false);
  clock.ms = 60_000;
  assert.equal(watch.stalled([emptied], false), undefined);
});

test('a partition of another process is not watched here', () => {
  const { clock, watch } = open();
  watch.stalled([lag(0, 9n, 4n, 3n, false)], false);
  clock.ms = 60_000;
  assert.equal(watch.stalled([lag(0, 9n, 4n, 3n, false)], false), undefined);
});

test('while another cause holds partitions up no time counts', () => {
  const { clock, watch } = open();
  const lags = [lag(0, 9n, 4n, 3n)];
  watch.stalled(lags, false);
  clock.ms = 60_000;
  watch.stalled(lags, true);
  clock.ms = 70_000;
  assert.equal(watch.stalled(lags, false), undefined);
  clock.ms = 80_000;
  assert.match(watch.stalled(lags, false) ?? '', /has not moved for 20 s/);
});
