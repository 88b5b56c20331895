import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BLOCK_HEADER_BYTES, BLOCK_VERSION, RECORD_HEADER_BYTES } from '../../../assembly/abi/block.js';
import { COUNTER_PIPELINE_BLOCKS } from '../../../assembly/abi/counters.js';
import { PIPELINE_END } from '../../../assembly/abi/state.js';
import { kernelMemory } from '../../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { partitionFolder, segmentPath } from '../../../src/log/file/segment.js';
import type { Gap } from '../../../src/pipeline/gaps.js';
import { Partition } from '../../../src/pipeline/partition.js';
import { sealBlock } from '../../support/blocks.js';
import { ModelDisk } from './model-disk.js';

// Blocks that are whole and do not belong where they are, or are not whole: what the log says of them when it is
// opened again, and what the pipeline does that comes to them.

const FOLDER = '/log';
const BLOCKS = 5;
const BAD = 2;

const block = (partition: number, index: number) =>
  sealBlock(partition, [
    {
      device: 1,
      receiveUs: 1_800_000_000_000_000 + index,
      payload: JSON.stringify({ ts: 1_800_000_000_000, metrics: { n: index }, seq: index }),
    },
  ]);

function open(disk: ModelDisk, reports: [string, unknown][] = []): FileLog {
  const report = (_level: string, name: string, { code }: Record<string, unknown>) => void reports.push([name, code]);
  return FileLog.open({ folder: FOLDER, partitions: 2, floors: [], report, disk });
}

/** A log of two partitions with a few blocks of one size each, and the bytes of their only segments. */
function written(): { disk: ModelDisk; segments: Buffer[]; bytes: number } {
  const disk = new ModelDisk();
  const log = open(disk);
  for (const partition of [0, 1])
    log.append(
      partition,
      Array.from({ length: BLOCKS }, (_, index) => block(partition, index)),
    );
  log.commit();
  log.close();
  const segments = [0, 1].map((partition) => {
    const file = disk.open(segmentPath(partitionFolder(FOLDER, partition), 0n), 'read');
    const bytes = Buffer.alloc(disk.size(file));
    disk.read(file, bytes, 0);
    disk.close(file);
    return bytes;
  });
  return { disk, segments, bytes: (segments[0] as Buffer).length / BLOCKS };
}

function replace(disk: ModelDisk, bytes: Uint8Array): void {
  const file = disk.open(segmentPath(partitionFolder(FOLDER, 0), 0n), 'create');
  disk.write(file, [bytes], 0);
  disk.close(file);
}

interface Case {
  readonly what: string;
  /** By recovery, and by the pipeline. */
  readonly code: string;
  /** The segment of partition 0 with something wrong at block BAD. */
  make(own: readonly Buffer[], other: readonly Buffer[]): Buffer[];
  /** Blocks that are read all the same. */
  readonly left: number;
}

const cases: readonly Case[] = [
  {
    what: 'a block that is there twice',
    code: 'block_misplaced',
    make: (own) => own.map((one, index) => (index === BAD ? (own[BAD - 1] as Buffer) : one)),
    left: BLOCKS - 1,
  },
  {
    what: 'two blocks out of order',
    code: 'block_misplaced',
    make: (own) => own.map((one, index) => (index === BAD ? (own[BAD + 1] as Buffer) : index === BAD + 1 ? (own[BAD] as Buffer) : one)),
    left: BLOCKS - 2,
  },
  {
    what: 'a block of another partition',
    code: 'block_foreign',
    make: (own, other) => own.map((one, index) => (index === BAD ? (other[BAD] as Buffer) : one)),
    left: BLOCKS - 1,
  },
  {
    what: 'a block that is cut in the middle of a segment',
    code: 'block_body_damaged',
    make: (own) => own.map((one, index) => (index === BAD ? one.subarray(0, one.length - 7) : one)),
    left: BAD,
  },
];

describe('blocks that are refused', () => {
  for (const { what, code, make, left } of cases) {
    test(`${what}: told with its code when the log is opened, and passed over by the pipeline`, () => {
      const { disk, segments, bytes } = written();
      replace(disk, Buffer.concat(make(split(segments[0] as Buffer, bytes), split(segments[1] as Buffer, bytes))));
      const reports: [string, unknown][] = [];
      const log = open(disk, reports);
      assert.deepEqual(reports, [['log-damaged', code]]);
      const { halted, gaps, position, blocks } = run(disk, log.partitions[0]?.durable as bigint);
      assert.equal(halted, '');
      assert.deepEqual(
        gaps.map(({ kind, from, code }) => [kind, from, code]),
        [['lost', BigInt(bytes * BAD), code]],
      );
      assert.deepEqual([blocks, position], [left, log.partitions[0]?.durable]);
      assert.equal(disk.list('/log/quarantine').length, 1);
    });
  }

  test('a block of a newer version: the log is not opened, and nothing of it is cut away', () => {
    const { disk, segments, bytes } = written();
    const newer = newerVersion(split(segments[0] as Buffer, bytes)[BAD] as Buffer);
    const spoiled = Buffer.concat(split(segments[0] as Buffer, bytes).map((one, index) => (index === BAD ? newer : one)));
    replace(disk, spoiled);
    assert.throws(() => open(disk), /cannot open partition 0 of the log: the block at offset \d+ is of a newer version; start the newer/);
    const file = disk.open(segmentPath(partitionFolder(FOLDER, 0), 0n), 'read');
    assert.equal(disk.size(file), spoiled.length);
    assert.match(run(disk, BigInt(spoiled.length)).halted, /block_newer/);
  });

  test('a newer format of the whole log is refused by its number', () => {
    const { disk } = written();
    const file = disk.open(`${FOLDER}/log.json`, 'create');
    disk.write(file, [Buffer.from('{"format":2,"partitions":2}')], 0);
    assert.throws(() => open(disk), /its format is 2, this build knows 1/);
  });
});

function split(segment: Buffer, bytes: number): Buffer[] {
  return Array.from({ length: BLOCKS }, (_, index) => segment.subarray(index * bytes, (index + 1) * bytes));
}

function newerVersion(one: Buffer): Buffer {
  const payload = one.subarray(BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES);
  return Buffer.from(sealBlock(0, [{ device: 1, receiveUs: 1, payload }], BLOCK_VERSION + 1));
}

/** The pipeline of partition 0 over the log as it lies there: what it ran, passed and why it halted. */
function run(disk: ModelDisk, durable: bigint): { halted: string; gaps: Gap[]; position: bigint; blocks: number } {
  const progress = new Progress(Progress.memory(2));
  progress.set(0, ProgressWord.durable, durable);
  const gaps: Gap[] = [];
  let halted = '';
  const partition = new Partition(0, kernelMemory(PIPELINE_END), 0n, new LogReader(FOLDER, disk), progress, {
    batch: () => {},
    unknownSchemas: () => assert.fail('no message has a schema'),
    unknownMetrics: () => {},
    audited: () => {},
    halted: (_, message) => {
      halted = message;
    },
    missing: () => assert.fail('no record is missing'),
    gap: (_, gap) => void gaps.push(gap),
  });
  partition.addMetric('n', 1);
  while (partition.step(0));
  const blocks = Number(partition.memory.counters[COUNTER_PIPELINE_BLOCKS]);
  return { halted, gaps, position: progress.get(0, ProgressWord.processed), blocks };
}
