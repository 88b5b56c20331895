import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ThreadEvent } from '../../../src/contract/threads/shared.js';
import { CheckpointFolder } from '../../../src/pipeline/checkpoints/folder.js';
import { restoreCheckpoint } from '../../../src/pipeline/checkpoints/restore.js';
import { CheckpointWriter } from '../../../src/pipeline/checkpoints/writer.js';
import { ModelDisk } from '../../log/file/model-disk.js';
import { checkpointOf, PARTITIONS, RandomLoad } from '../../support/checkpoints.js';
import { TestKernel } from '../../support/pipeline-kernel.js';
import { Random } from '../../support/random.js';

const PARTITION = 1;

function open() {
  const disk = new ModelDisk();
  const folder = new CheckpointFolder(disk, '/checkpoints');
  const events: [level: ThreadEvent['level'], name: string, fields: ThreadEvent['fields']][] = [];
  const writer = new CheckpointWriter(folder, (...event) => events.push(event));
  return { disk, folder, events, writer };
}

/** Asks for a checkpoint of the kernel's state as a pipeline does; answers whether it was published. */
function write(writer: CheckpointWriter, kernel: TestKernel): boolean {
  const bytes = checkpointOf(kernel);
  const image = new SharedArrayBuffer(bytes.length + 100);
  new Uint8Array(image).set(bytes.subarray(0, bytes.length - 8));
  const place = { partition: PARTITION, offset: BigInt(kernel.logOffset) };
  const { kind } = writer.obey({ kind: 'write', ...place, image, bytes: bytes.length, copyMs: 0.5 });
  if (kind === 'failed') return false;
  assert.equal(kind, 'written');
  return writer.obey({ kind: 'publish', ...place }).kind === 'published';
}

function restored(folder: CheckpointFolder, committed: bigint): bigint | undefined {
  const into = new TestKernel(PARTITION);
  const reader = { partition: PARTITION, partitions: PARTITIONS, committed, logStart: 0n, database: 0n };
  return restoreCheckpoint(folder, reader, into.memory, into.kernel, (_, name) => assert.fail(name))?.meta.offset;
}

test('the last two checkpoints are kept, and an unpublished one does not count', () => {
  const { disk, folder, writer, events } = open();
  const kernel = new TestKernel(PARTITION);
  for (const offset of [100, 200, 300]) {
    kernel.logOffset = offset;
    assert.ok(write(writer, kernel));
  }
  assert.deepEqual(folder.list(PARTITION), [300n, 200n]);
  assert.deepEqual(
    events.map(([level, name, { offset }]) => [level, name, offset]),
    ['100', '200', '300'].map((offset) => ['debug', 'checkpoint-written', offset]),
  );
  kernel.logOffset = 400;
  folder.write(PARTITION, 400n, checkpointOf(kernel));
  assert.deepEqual(folder.list(PARTITION), [300n, 200n]);
  assert.equal(restored(folder, 1000n), 300n);
  kernel.logOffset = 500;
  assert.ok(write(writer, kernel));
  assert.deepEqual(disk.list('/checkpoints/01').length, 2, 'the leftover is gone');
  assert.equal(disk.openFiles, 0);
});

test('a full disk is reported now and then, costs no published checkpoint, and leaves no partial file', () => {
  const { disk, folder, writer, events } = open();
  const kernel = new TestKernel(PARTITION);
  kernel.logOffset = 100;
  assert.ok(write(writer, kernel));
  disk.room = 300;
  for (let attempt = 1; attempt <= 8; attempt++) {
    kernel.logOffset += 100;
    assert.ok(!write(writer, kernel));
    assert.deepEqual(disk.list('/checkpoints/01').length, 1);
  }
  const warned = events.filter(([level, name]) => level === 'warn' && name === 'checkpoint-failed').map(([, , fields]) => fields);
  assert.deepEqual(
    warned.map(({ failures }) => failures),
    [1, 7],
  );
  assert.match(String(warned[0]?.message), /ENOSPC/);
  assert.equal(restored(folder, 1000n), 100n);
  disk.room = Number.POSITIVE_INFINITY;
  kernel.logOffset += 100;
  assert.ok(write(writer, kernel));
  const [level, name, { failures }] = events.at(-1) ?? assert.fail();
  assert.deepEqual([level, name, failures], ['info', 'checkpoint-written', 8]);
  assert.equal(disk.openFiles, 0);
});

test('a broken invariant is no trouble of the disk', () => {
  const { disk, writer } = open();
  disk.open = () => {
    throw new Error('assertion');
  };
  assert.throws(() => write(writer, new TestKernel(PARTITION)), /assertion/);
});

test('power losses and failing syncs: what restarts has the state of a checkpoint that was published', () => {
  const random = new Random();
  for (let round = 0; round < 25; round++) {
    const { disk, folder, writer } = open();
    const load = new RandomLoad(random, 20);
    const kernel = new TestKernel(PARTITION);
    const written = new Map<bigint, Uint8Array>();
    let newest: bigint | undefined;
    for (let left = random.int(1, 5); left > 0; left--) {
      kernel.run(load.block());
      const offset = BigInt(kernel.logOffset);
      if (random.chance(0.3)) Object.assign(disk, { failingSyncs: 1, soundSyncs: random.below(2) });
      if (write(writer, kernel)) newest = offset;
      disk.failingSyncs = 0;
      written.set(offset, checkpointOf(kernel));
    }
    disk.crash(random);
    // The names of a folder are synced with every publication, so none that was published is forgotten.
    const found = folder.list(PARTITION)[0];
    assert.equal(found, newest, `seed ${random.seed}`);
    if (found !== undefined) assert.deepEqual(folder.read(PARTITION, found), written.get(found), `seed ${random.seed}`);
  }
});
