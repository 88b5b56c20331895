import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { READ_BELOW_START, READ_DAMAGED, READ_GAP } from '../../../src/contract/block-source.js';
import { verifyBlock } from '../../../src/log/block.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { partitionFolder, segmentPath } from '../../../src/log/file/segment.js';
import { sealBlock } from '../../support/blocks.js';
import { Random } from '../../support/random.js';
import { ModelDisk } from './model-disk.js';

const FOLDER = '/log';
const PARTITIONS = 2;
const SEGMENT_BYTES_MAX = 1500;

let clock = 1_800_000_000_000_000n;
function block(partition: number, payloadBytes: number): Uint8Array {
  clock += 1000n;
  return sealBlock(partition, [{ device: 1, receiveUs: clock, payload: new Uint8Array(payloadBytes).fill(Number(clock % 251n)) }]);
}

interface Reported {
  name: string;
  fields: Record<string, unknown>;
}

function open(disk: ModelDisk, floors: bigint[] = [], partitions = PARTITIONS): { log: FileLog; reports: Reported[] } {
  const reports: Reported[] = [];
  const report = (_level: string, name: string, fields: Record<string, unknown>) => void reports.push({ name, fields });
  return { log: FileLog.open({ folder: FOLDER, partitions, floors, report, disk, segmentBytesMax: SEGMENT_BYTES_MAX }), reports };
}

/** All blocks a reader finds up to `limit`, and the offsets at which it had to skip. */
function readAll(disk: ModelDisk, partition: number, limit: bigint, bytes = 4096): { blocks: Buffer[]; gaps: bigint[] } {
  const reader = new LogReader(FOLDER, disk);
  const into = new Uint8Array(bytes);
  const blocks: Buffer[] = [];
  const gaps: bigint[] = [];
  let offset = 0n;
  while (offset < limit) {
    const got = reader.read(partition, offset, limit, into);
    if (got === READ_GAP || got === READ_DAMAGED) {
      gaps.push(offset);
      offset = reader.resume(partition, offset, limit);
      continue;
    }
    assert.ok(got > 0, `read at ${offset} of ${limit} answers ${got}`);
    for (const one of split(into.subarray(0, got))) {
      // A body is what whoever reads has to look at.
      if (verifyBlock(one, 0, { partition, offset }) < 0) {
        gaps.push(offset);
        offset = reader.resume(partition, offset, limit);
        break;
      }
      blocks.push(one);
      offset += BigInt(one.length);
    }
  }
  reader.close();
  return { blocks, gaps };
}

function split(bytes: Uint8Array): Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 64 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 16, true);
    blocks.push(Buffer.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return blocks;
}

function lastSegment(disk: ModelDisk, partition: number): string {
  const names = disk.list(partitionFolder(FOLDER, partition)).filter((name) => name.endsWith('.log'));
  return `${partitionFolder(FOLDER, partition)}/${names.sort().at(-1)}`;
}

describe('file log', () => {
  test('holds what was committed, and a prefix of the rest, against a naive model', (t) => {
    const random = new Random();
    t.diagnostic(`seed ${random.seed}`);
    for (let run = 0; run < 60; run++) checkAgainstModel(random);
  });

  test('cuts a torn tail at every byte of the last block', () => {
    const disk = new ModelDisk();
    const { log } = open(disk);
    const [kept, torn] = [block(0, 40), block(0, 90)];
    log.append(0, [kept, torn]);
    log.commit();
    log.close();
    for (let bytes = torn.length - 1; bytes >= 0; bytes--) {
      const file = disk.open(lastSegment(disk, 0), 'write');
      disk.truncate(file, kept.length + bytes);
      disk.close(file);
      const { log: again, reports } = open(disk);
      assert.equal(again.partitions[0]?.durable, BigInt(kept.length));
      assert.deepEqual(
        reports.map(({ name, fields }) => [name, fields.bytes]),
        bytes === 0 ? [] : [['log-tail-cut', bytes]],
      );
      again.append(0, [torn]);
      again.commit();
      again.close();
      assert.deepEqual(readAll(disk, 0, BigInt(kept.length + torn.length)).blocks, [Buffer.from(kept), Buffer.from(torn)]);
    }
  });

  for (const [what, at] of [
    ['body', 100],
    ['header', 2],
  ] as const) {
    test(`a damaged ${what} is told and stays where it is, the blocks behind it are read, and no offset is given out twice`, () => {
      const disk = new ModelDisk();
      const { log } = open(disk);
      const blocks = [50, 60, 70, 80].map((bytes) => block(0, bytes));
      log.append(0, blocks);
      log.commit();
      log.close();
      const end = log.partitions[0]?.durable as bigint;
      const offset = (blocks[0] as Uint8Array).length;
      disk.damage(lastSegment(disk, 0), offset + at);
      const { log: again, reports } = open(disk);
      assert.equal(again.partitions[0]?.durable, end);
      assert.deepEqual(
        reports.map(({ name, fields }) => [name, fields.code, fields.offset, fields.bytes]),
        [['log-damaged', `block_${what}_damaged`, String(offset), blocks[1]?.length]],
      );
      again.close();
      assert.equal(open(disk).log.partitions[0]?.durable, end, 'also when nothing was appended in between');
      const reader = new LogReader(FOLDER, disk);
      assert.equal(reader.resume(0, BigInt(offset), end), BigInt(offset + (blocks[1]?.length ?? 0)));
    });
  }

  test('a torn block whose payload holds a block is not read on from', () => {
    const disk = new ModelDisk();
    const { log } = open(disk);
    const forged = block(0, 20);
    const carrier = sealBlock(0, [{ device: 1, receiveUs: clock, payload: Buffer.concat([forged, Buffer.alloc(100)]) }]);
    log.append(0, [carrier]);
    log.commit();
    log.close();
    const file = disk.open(lastSegment(disk, 0), 'write');
    disk.truncate(file, carrier.length - 30);
    disk.close(file);
    const { log: again } = open(disk);
    assert.equal(readAll(disk, 0, again.partitions[0]?.durable as bigint).blocks.length, 0);
  });

  test('a disk that fills up in the middle of a write loses nothing and doubles nothing', () => {
    const disk = new ModelDisk();
    const { log } = open(disk);
    const [first, second, third] = [block(0, 100), block(0, 300), block(1, 50)];
    log.append(0, [first]);
    log.commit();
    disk.room = 200;
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.throws(() => log.append(0, [second]), { code: 'ENOSPC' });
      assert.equal(log.partitions[0]?.durable, BigInt(first.length));
      log.rewind();
      disk.room = 10 * attempt;
    }
    disk.room = Number.POSITIVE_INFINITY;
    log.append(0, [second]);
    log.append(1, [third]);
    log.commit();
    log.close();
    assert.equal(disk.openFiles, 0);
    const { log: again, reports } = open(disk);
    assert.deepEqual(reports, []);
    assert.deepEqual(readAll(disk, 0, again.partitions[0]?.durable as bigint).blocks, [Buffer.from(first), Buffer.from(second)]);
    assert.deepEqual(readAll(disk, 1, again.partitions[1]?.durable as bigint).blocks, [Buffer.from(third)]);
  });

  test('after a failed sync the blocks are written anew, not synced again', () => {
    const random = new Random(7);
    const disk = new ModelDisk();
    const { log } = open(disk);
    const [first, second] = [block(0, 100), block(0, 120)];
    log.append(0, [first]);
    log.commit();
    log.append(0, [second]);
    disk.failingSyncs = 1;
    disk.failingTruncates = 1;
    assert.throws(() => log.commit(), { code: 'EIO' });
    assert.throws(() => log.rewind(), { code: 'EIO' });
    log.rewind();
    log.append(0, [second]);
    log.commit();
    disk.crash(random);
    const { log: again } = open(disk);
    assert.deepEqual(readAll(disk, 0, again.partitions[0]?.durable as bigint).blocks, [Buffer.from(first), Buffer.from(second)]);
  });

  test('a log that ends before the committed offset continues after it, and reports an error', () => {
    const disk = new ModelDisk();
    const { log, reports } = open(disk, [5000n, 0n]);
    assert.deepEqual(
      reports.map(({ name }) => name),
      ['log-behind-store'],
    );
    assert.equal(log.partitions[0]?.durable, 5000n);
    const only = block(0, 30);
    log.append(0, [only]);
    log.commit();
    log.close();
    assert.deepEqual(
      open(disk, [5000n, 0n]).reports.map(({ name }) => name),
      ['log-file-gap'],
    );
    assert.deepEqual(readAll(disk, 0, 5000n + BigInt(only.length)), { blocks: [Buffer.from(only)], gaps: [0n] });
  });

  test('another number of partitions is refused by its key', () => {
    const disk = new ModelDisk();
    open(disk).log.close();
    assert.throws(
      () => open(disk, [], 3),
      /cannot open the log in \/log: it has 2 partitions, SPILLWAY_PARTITIONS says 3; set SPILLWAY_PARTITIONS to 2/,
    );
  });

  test('a reader below the oldest segment gets READ_BELOW_START', () => {
    const disk = new ModelDisk();
    const { log } = open(disk);
    for (let index = 0; index < 12; index++) log.append(0, [block(0, 400)]);
    log.commit();
    const segments = log.partitions[0]?.segments ?? [];
    assert.ok(segments.length > 2);
    const kept = segments[2]?.base as bigint;
    log.partitions[0]?.removeOldest(2);
    assert.equal(log.partitions[0]?.start, kept);
    const reader = new LogReader(FOLDER, disk);
    const end = log.partitions[0]?.durable as bigint;
    assert.equal(reader.read(0, 0n, end, new Uint8Array(4096)), READ_BELOW_START);
    assert.equal(reader.resume(0, 0n, end), kept);
    assert.ok(reader.read(0, kept, end, new Uint8Array(4096)) > 0);
    assert.equal(disk.list(partitionFolder(FOLDER, 0)).includes(segmentPath('', 0n)), false);
  });
});

/** Random appends, commits, full disks, failed syncs, kills and crashes, each followed by a look at everything. */
function checkAgainstModel(random: Random): void {
  const disk = new ModelDisk();
  let { log } = open(disk);
  const durable: Buffer[][] = [[], []];
  let pending: Buffer[][] = [[], []];
  const highest = [0n, 0n];
  const commit = () => {
    log.commit();
    pending.forEach((blocks, partition) => void durable[partition]?.push(...blocks));
    pending = [[], []];
  };
  const append = (blocks: readonly Buffer[][]) => {
    blocks.forEach((list, partition) => {
      if (list.length > 0) log.append(partition, list);
    });
  };
  for (let step = 0; step < 60; step++) {
    const fresh = Buffer.from(block(random.int(0, 1), random.int(1, 400)));
    const partition = fresh.readUInt32LE(8);
    if (random.chance(0.15)) disk.room = random.int(0, 600);
    if (random.chance(0.15)) disk.failingSyncs = 1;
    (pending[partition] as Buffer[]).push(fresh);
    try {
      append(pending.map((blocks, index) => (index === partition ? [fresh] : blocks.slice(0, 0))));
      if (random.chance(0.5)) commit();
    } catch (error) {
      assert.ok((error as NodeJS.ErrnoException).syscall, String(error));
      disk.room = Number.POSITIVE_INFINITY;
      disk.failingSyncs = 0;
      if (random.chance(0.5)) {
        log.rewind();
        append(pending);
        commit();
      } else {
        crashAndReopen();
      }
    }
    if (random.chance(0.1)) crashAndReopen();
  }
  disk.room = Number.POSITIVE_INFINITY;
  disk.failingSyncs = 0;
  crashAndReopen();

  function crashAndReopen(): void {
    disk.room = Number.POSITIVE_INFINITY;
    disk.failingSyncs = 0;
    log.partitions.forEach(({ durable: end }, partition) => {
      highest[partition] = end;
    });
    if (random.chance(0.3)) disk.kill();
    else disk.crash(random);
    log = open(disk).log;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      assert.ok((log.partitions[partition]?.durable ?? 0n) >= (highest[partition] as bigint), 'an offset is given out twice');
      const { blocks } = readAll(disk, partition, log.partitions[partition]?.durable as bigint, random.int(500, 4096));
      const kept = durable[partition] as Buffer[];
      assert.deepEqual(blocks.slice(0, kept.length), kept, `partition ${partition} lost or changed what was durable`);
      const rest = blocks.slice(kept.length);
      let at = 0;
      for (const found of rest) {
        at = (pending[partition] as Buffer[]).findIndex((candidate, index) => index >= at && candidate.equals(found)) + 1;
        assert.ok(at > 0, `partition ${partition} holds a block that was not appended there, or in another order`);
      }
      kept.push(...rest);
    }
    pending = [[], []];
  }
}
