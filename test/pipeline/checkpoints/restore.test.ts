import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_MAGIC } from '../../../assembly/abi/block.js';
import { STATE_DEVICE_BYTES, STATE_HEAD_BYTES } from '../../../assembly/abi/state.js';
import { CheckpointFolder } from '../../../src/pipeline/checkpoints/folder.js';
import { CHECKPOINT_VERSION, sealCheckpoint } from '../../../src/pipeline/checkpoints/format.js';
import { type RefusalName, refusals } from '../../../src/pipeline/checkpoints/refusals.js';
import { restoreCheckpoint } from '../../../src/pipeline/checkpoints/restore.js';
import { ModelDisk } from '../../log/file/model-disk.js';
import { assertSameState, checkpointOf, PARTITIONS, RandomLoad } from '../../support/checkpoints.js';
import { TestKernel } from '../../support/pipeline-kernel.js';
import { Random } from '../../support/random.js';

const PARTITION = 2;
/** Bytes of the header before the first section's. */
const HEADER_BYTES = 200;
const SECTIONS_AT = 72;

/** A kernel that has run for a while, as it is at every start of this file's tests. */
function ranKernel(): TestKernel {
  const kernel = new TestKernel(PARTITION);
  const load = new RandomLoad(new Random(7), 40);
  for (let block = 0; block < 10; block++) kernel.run(load.block());
  kernel.logOffset = 5000;
  return kernel;
}

const ran = ranKernel();

function store(folder: CheckpointFolder, offset: bigint, bytes: Uint8Array): void {
  folder.write(PARTITION, offset, bytes);
  folder.publish(PARTITION, offset);
}

function restore(folder: CheckpointFolder, reader: { committed?: bigint; logStart?: bigint } = {}) {
  const kernel = new TestKernel(PARTITION);
  const refused: [bigint, RefusalName][] = [];
  const at = { partition: PARTITION, partitions: PARTITIONS, committed: 10_000n, logStart: 0n, database: 0n, ...reader };
  const restored = restoreCheckpoint(folder, at, kernel.memory, kernel.kernel, (offset, name, cause) => {
    assert.ok(cause.startsWith(refusals[name]));
    refused.push([offset, name]);
  });
  return { kernel, refused, restored };
}

/** The checkpoint with some bytes changed, its hash made right again. */
function patched(change: (view: DataView) => void): Uint8Array {
  const bytes = checkpointOf(ran);
  change(new DataView(bytes.buffer));
  sealCheckpoint(bytes);
  return bytes;
}

const sound = checkpointOf(ran);
const flipped = sound.slice();
flipped[sound.length >> 1] = (flipped[sound.length >> 1] as number) ^ 4;
const deviceAt = HEADER_BYTES + STATE_HEAD_BYTES;

const cases: readonly [what: string, name: RefusalName, bytes: Uint8Array, reader?: { committed?: bigint; logStart?: bigint }][] = [
  ['no byte at all', 'checkpoint_truncated', new Uint8Array()],
  ['cut in the header', 'checkpoint_truncated', sound.slice(0, 100)],
  ['cut in the state', 'checkpoint_truncated', sound.slice(0, sound.length - 1)],
  ['bytes behind its end', 'checkpoint_malformed', Buffer.concat([sound, Buffer.alloc(8)])],
  ['a bit of the state turned over', 'checkpoint_damaged', flipped],
  ['another kind of file', 'checkpoint_malformed', patched((view) => view.setUint32(0, BLOCK_MAGIC, true))],
  ['of a newer version', 'checkpoint_newer', patched((view) => view.setUint16(4, CHECKPOINT_VERSION + 1, true))],
  ['of an older version', 'checkpoint_older', patched((view) => view.setUint16(4, CHECKPOINT_VERSION - 1, true))],
  ['with the numbers of another database', 'checkpoint_of_other_database', checkpointOf(ran, { database: 1n })],
  ['of another layout', 'checkpoint_of_other_layout', patched((view) => view.setUint8(16, view.getUint8(16) ^ 1))],
  ['of another number of partitions', 'checkpoint_of_other_partitions', checkpointOf(ran, { partitions: PARTITIONS + 1 })],
  ['of another partition', 'checkpoint_of_other_partition', checkpointOf(ran, { partition: 3 })],
  ['ahead of the database', 'checkpoint_not_committed', sound, { committed: 4999n }],
  ['before the log', 'checkpoint_below_log', sound, { logStart: 5001n }],
  ['under the name of another', 'checkpoint_malformed', checkpointOf(ran, { offset: 4000n })],
  ['a part that there is none of', 'checkpoint_malformed', patched((view) => view.setUint32(SECTIONS_AT, 99, true))],
  ['a part that is there twice', 'checkpoint_malformed', patched((view) => view.setUint32(SECTIONS_AT + 8, 0, true))],
  ['a part larger than its region', 'checkpoint_malformed', patched((view) => view.setUint32(SECTIONS_AT + 4, 2 ** 31, true))],
  [
    'a device that is there twice',
    'checkpoint_malformed',
    patched((view) => view.setUint32(deviceAt + STATE_DEVICE_BYTES, view.getUint32(deviceAt, true), true)),
  ],
];

for (const [what, name, bytes, reader] of cases) {
  test(`${what}: refused as ${name}, the one before it is taken, and it is gone`, () => {
    const folder = new CheckpointFolder(new ModelDisk(), '/checkpoints');
    // The older one is good for any log and any database.
    if (!reader) store(folder, 3000n, checkpointOf(ran, { offset: 3000n }));
    store(folder, 5000n, bytes);
    const { kernel, refused, restored } = restore(folder, reader);
    assert.deepEqual(refused, [[5000n, name]]);
    assert.equal(restored?.meta.offset, reader ? undefined : 3000n);
    assertSameState(kernel, reader ? new TestKernel(PARTITION) : ran, what);
    assert.deepEqual(folder.list(PARTITION), reader ? [] : [3000n]);
  });
}

test('a checkpoint cut at any byte is refused', () => {
  const folder = new CheckpointFolder(new ModelDisk(), '/checkpoints');
  const random = new Random();
  for (let cut = 0; cut < 40; cut++) {
    store(folder, 5000n, sound.slice(0, random.below(sound.length)));
    const { restored, refused } = restore(folder);
    assert.deepEqual([restored, refused], [undefined, [[5000n, 'checkpoint_truncated']]], `seed ${random.seed}`);
  }
});

test('a sound one is taken with what it says of itself, and neither is removed', () => {
  const folder = new CheckpointFolder(new ModelDisk(), '/checkpoints');
  store(folder, 3000n, checkpointOf(ran, { offset: 3000n }));
  store(folder, 5000n, sound);
  const { restored, refused, kernel } = restore(folder, { committed: 5000n, logStart: 5000n });
  assert.deepEqual(refused, []);
  assert.deepEqual(restored, {
    meta: { partition: PARTITION, partitions: PARTITIONS, offset: 5000n, lastUs: 1_790_000_000_000_000, takenMs: 1, database: 0n },
    bytes: sound.length,
    older: 3000n,
  });
  assertSameState(kernel, ran, 'restored');
  assert.deepEqual(folder.list(PARTITION), [5000n, 3000n]);
});

test('one that the disk does not give out is passed over and stays; without any the kernel is as it was', () => {
  const disk = new ModelDisk();
  const folder = new CheckpointFolder(disk, '/checkpoints');
  store(folder, 5000n, sound);
  disk.read = () => {
    throw Object.assign(new Error('EIO: read'), { code: 'EIO', syscall: 'read' });
  };
  const { restored, refused, kernel } = restore(folder);
  assert.deepEqual([restored, refused], [undefined, [[5000n, 'checkpoint_unreadable']]]);
  assert.deepEqual(folder.list(PARTITION), [5000n]);
  assertSameState(kernel, new TestKernel(PARTITION), 'none');
  assert.equal(disk.openFiles, 0);
});
