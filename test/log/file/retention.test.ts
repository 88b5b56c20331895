import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { Retention, removableSegments } from '../../../src/log/file/retention.js';
import { sealBlock } from '../../support/blocks.js';
import { ModelDisk } from './model-disk.js';

const segments = [
  { base: 0n, firstUs: 10n },
  { base: 100n, firstUs: 20n },
  { base: 200n, firstUs: 30n },
  { base: 300n, firstUs: undefined },
];

test('a segment goes when it is committed to its end and all of it is old', () => {
  assert.equal(removableSegments(segments, 250n, 35n), 2);
  assert.equal(removableSegments(segments, 250n, 30n), 1, 'the second one may reach up to 30');
  assert.equal(removableSegments(segments, 199n, 100n), 1);
  assert.equal(removableSegments(segments, 99n, 100n), 0);
  assert.equal(removableSegments(segments, 1000n, 100n), 2, 'what follows the third is not known yet');
});

test('a segment without a trusted block is removed together with the segments after it', () => {
  const spoiled = [...segments.slice(0, 2), { base: 150n, firstUs: undefined }, ...segments.slice(2)];
  assert.equal(removableSegments(spoiled, 250n, 35n), 3);
  assert.equal(removableSegments(spoiled, 250n, 30n), 1);
  assert.equal(removableSegments(spoiled, 199n, 35n), 1, 'what is behind it says how old it is, and is needed');
});

test('the segment being written stays', () => {
  assert.equal(removableSegments([{ base: 0n, firstUs: 1n }], 1000n, 100n), 0);
  assert.equal(removableSegments([], 1000n, 100n), 0);
});

const MINUTE_US = 60_000_000n;
const BEGIN_US = 1_800_000_000_000_000n;

/** Two partitions with a segment a minute each, all of them committed. */
function hours(minutes: number, limits: { hours: number; bytesMax: number }) {
  const events: unknown[] = [];
  const disk = new ModelDisk();
  const log = FileLog.open({ folder: '/log', partitions: 2, floors: [], report: () => {}, disk, segmentBytesMax: 500 });
  for (let minute = 0; minute < minutes; minute++) {
    for (const partition of [0, 1]) {
      const receiveUs = BEGIN_US + BigInt(minute) * MINUTE_US;
      log.append(partition, [sealBlock(partition, [{ device: 1, receiveUs, payload: new Uint8Array(400) }])]);
    }
  }
  log.commit();
  const progress = new Progress(Progress.memory(2));
  const commit = (partition: number, minute: number) => {
    progress.set(
      partition,
      ProgressWord.committed,
      log.partitions[partition]?.segments[minute]?.base ?? (log.partitions[partition]?.durable as bigint),
    );
    progress.set(partition, ProgressWord.committedUs, BEGIN_US + BigInt(minute - 1) * MINUTE_US);
  };
  for (const partition of [0, 1]) {
    progress.set(partition, ProgressWord.durable, log.partitions[partition]?.durable as bigint);
    progress.set(partition, ProgressWord.stateFloor, log.partitions[partition]?.durable as bigint);
    commit(partition, minutes);
  }
  const report = (_level: string, name: string, { because }: Record<string, unknown>) => void events.push([name, because]);
  const retention = new Retention(log, progress, limits, report);
  const kept = () => log.partitions.map(({ segments }) => segments.length);
  return { disk, log, progress, retention, events, commit, kept, nowUs: BEGIN_US + BigInt(minutes) * MINUTE_US };
}

test('by time: the window counts back from what is still to be judged', () => {
  const { retention, kept, nowUs, commit, events } = hours(120, { hours: 1, bytesMax: 1e9 });
  commit(1, 90);
  retention.run(nowUs);
  assert.deepEqual(kept(), [61, 92]);
  assert.deepEqual(events, [
    ['log-segments-removed', 'time'],
    ['log-segments-removed', 'time'],
  ]);
});

test('by time: what nobody has committed since the start stays', () => {
  const { retention, kept, nowUs, commit, progress } = hours(120, { hours: 1, bytesMax: 1e9 });
  commit(0, 110);
  progress.set(0, ProgressWord.committedUs, 0n);
  retention.run(nowUs);
  assert.deepEqual(kept(), [120, 61]);
});

test('by size: the oldest of all partitions go, until the log is as small as it should be', () => {
  const { retention, kept, nowUs, log } = hours(20, { hours: 24, bytesMax: 8000 });
  retention.run(nowUs);
  assert.ok(retention.bytes <= 8000 && retention.bytes > 7000, `${retention.bytes} bytes`);
  const [first, second] = kept() as [number, number];
  assert.ok(Math.abs(first - second) <= 1, `${first} and ${second} segments`);
  assert.equal(log.partitions[0]?.start, log.partitions[0]?.segments[0]?.base);
});

test('by size: never past what is committed, nor what was received in the minute before it', () => {
  const { retention, kept, nowUs, commit } = hours(20, { hours: 24, bytesMax: 1000 });
  commit(0, 5);
  commit(1, 0);
  retention.run(nowUs);
  const bytes = retention.bytes;
  assert.ok(bytes > 1000);
  assert.deepEqual(kept(), [18, 20]);
  retention.run(nowUs);
  assert.equal(retention.bytes, bytes);
});

test('a segment that the disk cannot remove is removed later', () => {
  const { retention, kept, nowUs, disk, events } = hours(20, { hours: 24, bytesMax: 8000 });
  disk.fault = (call) => (call === 'unlink' ? { kind: 'fail', code: 'EIO' } : undefined);
  retention.run(nowUs);
  assert.deepEqual([kept(), events], [[20, 20], [['log-segments-kept', undefined]]]);
  disk.fault = () => undefined;
  retention.run(nowUs);
  assert.ok(retention.bytes <= 8000);
});
