import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PIPELINE_END } from '../../../assembly/abi/state.js';
import { kernelMemory } from '../../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { CheckpointFolder } from '../../../src/pipeline/checkpoints/folder.js';
import { sealCheckpoint } from '../../../src/pipeline/checkpoints/format.js';
import { Partition } from '../../../src/pipeline/partition.js';
import { ModelDisk } from '../../log/file/model-disk.js';
import { sealBlock } from '../../support/blocks.js';
import { RandomLoad } from '../../support/checkpoints.js';
import { Random } from '../../support/random.js';

/** Where a checkpoint says how the build that wrote it lays out its state. */
const AT_LAYOUT = 16;
/** What the build wrote there whose accounts had sixteen reasons each. */
const FORMER_LAYOUT = 0xa1cc854d01e55128n;
const BLOCKS = 24;

function writeLog(disk: ModelDisk): { durable: bigint; devices: readonly number[] } {
  const log = FileLog.open({ folder: '/log', partitions: 1, floors: [0n], report: () => {}, disk });
  const load = new RandomLoad(new Random(11), 30);
  const devices = new Set<number>();
  for (let block = 0; block < BLOCKS; block++) {
    const records = load.block();
    for (const { device } of records) devices.add(device);
    log.append(0, [sealBlock(0, records)]);
    log.commit();
  }
  const durable = log.partitions[0]?.durable ?? 0n;
  log.close();
  return { durable, devices: [...devices] };
}

/** A partition whose rows are all committed, and what it refused when it took up a checkpoint. */
function startPartition(disk: ModelDisk, durable: bigint): { partition: Partition; refused: string[]; replayed: () => number } {
  const progress = new Progress(Progress.memory(1));
  progress.set(0, ProgressWord.durable, durable);
  progress.set(0, ProgressWord.committed, durable);
  const names: string[] = [];
  const partition = new Partition(0, kernelMemory(PIPELINE_END), durable, new LogReader('/log', disk), progress, {
    batch: () => assert.fail('all rows are committed'),
    unknownSchemas: () => assert.fail('no message has a schema'),
    unknownMetrics: (_, _device, unknown) => {
      for (const name of unknown) partition.addMetric(name, names.push(name));
      partition.metricsAnswered(false);
    },
    halted: (_, message) => assert.fail(message),
    missing: () => assert.fail('no record is missing'),
    gap: () => assert.fail('the log has a gap'),
    audited: () => {},
  });
  const refused: string[] = [];
  partition.restore(new CheckpointFolder(disk, '/checkpoints'), (_, name) => refused.push(name));
  const from = partition.position;
  for (let now = 0; partition.position < durable; now++) partition.step(now);
  return { partition, refused, replayed: () => Number(durable - from) };
}

function imageOf(partition: Partition): Uint8Array {
  const image = partition.takeCheckpoint(1, (bytes) => new Uint8Array(bytes));
  assert.ok(image instanceof Uint8Array);
  sealCheckpoint(image);
  return image;
}

test('a checkpoint of the build before is refused with a code, and the log leads to the same state and accounts', () => {
  const disk = new ModelDisk();
  const { durable, devices } = writeLog(disk);
  const fresh = startPartition(disk, durable);
  const image = imageOf(fresh.partition);

  const former = image.slice();
  new DataView(former.buffer).setBigUint64(AT_LAYOUT, FORMER_LAYOUT, true);
  sealCheckpoint(former);
  const folder = new CheckpointFolder(disk, '/checkpoints');
  folder.write(0, durable, former);
  folder.publish(0, durable);
  const upgraded = startPartition(disk, durable);
  assert.deepEqual(upgraded.refused, ['checkpoint_of_other_layout']);
  assert.equal(upgraded.replayed(), Number(durable), 'the whole log is run again');
  assert.deepEqual(imageOf(upgraded.partition), image);
  for (const device of devices) assert.deepEqual(upgraded.partition.account(device), fresh.partition.account(device));

  folder.write(0, durable, image);
  folder.publish(0, durable);
  const restarted = startPartition(disk, durable);
  assert.deepEqual([restarted.refused, restarted.replayed()], [[], 0], 'one of this build is taken up');
  for (const device of devices) assert.deepEqual(restarted.partition.account(device), fresh.partition.account(device));
});
