import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockRing } from '../../../src/host/block-ring.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { BlockAppender } from '../../../src/log/file/block-appender.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { sealBlock } from '../../support/blocks.js';
import { ModelDisk } from './model-disk.js';

test('on a failing disk nothing is released; afterwards every block is in the log once', () => {
  const disk = new ModelDisk();
  const log = FileLog.open({ folder: '/log', partitions: 2, floors: [], report: () => {}, disk });
  const progress = new Progress(Progress.memory(2));
  const bytes = new Uint8Array(new SharedArrayBuffer(65536));
  const ring = new BlockRing(BlockRing.memory(8));
  const appender = new BlockAppender(log, [{ bytes, ring }], progress);
  const push = (offset: number, partition: number) => {
    const block = sealBlock(partition, [{ device: 1, receiveUs: BigInt(offset + 1), payload: `at ${offset}` }]);
    bytes.set(block, offset);
    ring.push(offset, block.length, partition);
    return block;
  };
  const first = push(0, 0);
  assert.equal(appender.append(), 1);
  assert.equal(ring.length, 0);

  const [second, third] = [push(1024, 0), push(2048, 1)];
  disk.room = second.length + 20;
  assert.throws(() => appender.append(), { code: 'ENOSPC' });
  disk.room = Number.POSITIVE_INFINITY;
  log.rewind();
  // Partition 0 is synced before partition 1 fails: it must not be there twice in the end.
  disk.soundSyncs = 1;
  disk.failingSyncs = 1;
  assert.throws(() => appender.append(), { code: 'EIO' });
  log.rewind();
  assert.equal(ring.length, 2);
  assert.equal(progress.get(0, ProgressWord.durable), BigInt(first.length));
  assert.equal(progress.get(0, ProgressWord.durableUs), 1n);

  assert.equal(appender.append(), 2);
  assert.equal(ring.length, 0);
  assert.equal(progress.get(0, ProgressWord.durable), BigInt(first.length + second.length));
  assert.equal(progress.get(1, ProgressWord.durableUs), 2049n);
  const reader = new LogReader('/log', disk);
  const into = new Uint8Array(4096);
  const read = (offset: number) => reader.read(0, BigInt(offset), progress.get(0, ProgressWord.durable), into);
  assert.equal(read(0), first.length);
  assert.equal(read(first.length), second.length);
  // As it lies in the gateway's memory, where the log wrote its place into it.
  assert.deepEqual(Buffer.from(into.subarray(0, second.length)), Buffer.from(bytes.subarray(1024, 1024 + second.length)));
  assert.equal(reader.read(1, 0n, BigInt(third.length), into), third.length);
});
