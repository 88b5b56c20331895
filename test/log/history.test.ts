import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as abi from '../../assembly/abi.js';
import { FileLog } from '../../src/log/file-log.js';
import { type HistoryRecord, LogHistory } from '../../src/log/history.js';
import { partitionFolder, segmentPath } from '../../src/log/segment.js';
import { sealBlock } from '../support/blocks.js';
import { Random } from '../support/random.js';
import { ModelDisk } from './model-disk.js';

const FOLDER = '/log';
const BEGIN_US = 1_800_000_000_000_000;
const RECORD_BYTES = abi.RECORD_HEADER_BYTES;

interface Kept {
  readonly block: bigint;
  readonly offset: bigint;
  readonly receiveUs: bigint;
  readonly payload: string;
}

/** A log and a plain list of what is in it. */
class Written {
  readonly disk = new ModelDisk();
  readonly log = FileLog.open({ folder: FOLDER, partitions: 1, floors: [], report: () => {}, disk: this.disk, segmentBytesMax: 1500 });
  readonly history = new LogHistory(FOLDER, () => this.partition.durable, this.disk);
  records: Kept[] = [];
  blocks: { readonly offset: bigint; readonly bytes: number }[] = [];
  nowUs = BEGIN_US;

  get partition() {
    const [partition] = this.log.partitions;
    assert.ok(partition);
    return partition;
  }

  /** Times of records step back by up to two seconds, as those of two gateways do. */
  append(random: Random): void {
    this.nowUs += random.int(0, 30_000_000);
    const offset = this.partition.durable;
    const records = Array.from({ length: random.int(1, 4) }, (_, index) => {
      const receiveUs = BigInt(this.nowUs - random.int(0, 2_000_000));
      return { device: index, receiveUs, payload: `${offset}/${index}`.padEnd(random.int(8, 120), '.') };
    }).sort((a, b) => Number(a.receiveUs - b.receiveUs));
    const block = sealBlock(0, records);
    let at = offset + BigInt(abi.BLOCK_HEADER_BYTES);
    for (const { receiveUs, payload } of records) {
      this.records.push({ block: offset, offset: at, receiveUs, payload });
      at += BigInt(RECORD_BYTES + payload.length);
    }
    this.blocks.push({ offset, bytes: block.length });
    this.log.append(0, [block]);
    this.log.commit();
  }

  /** Changes the bytes of a block where they lie; answers its offset and its size. */
  spoil(index: number, change: (block: Buffer) => Uint8Array): { offset: bigint; bytes: number } {
    const block = this.blocks[index];
    const segment = this.partition.segments.findLast(({ base }) => base <= (block?.offset ?? -1n));
    assert.ok(block && segment);
    const file = this.disk.open(segmentPath(partitionFolder(FOLDER, 0), segment.base), 'write');
    const bytes = Buffer.alloc(block.bytes);
    this.disk.read(file, bytes, Number(block.offset - segment.base));
    this.disk.write(file, [change(bytes)], Number(block.offset - segment.base));
    this.disk.close(file);
    return block;
  }
}

function written(blocks: number, random = new Random(5)): Written {
  const log = new Written();
  for (let block = 0; block < blocks; block++) log.append(random);
  return log;
}

const plain = ({ block, offset, receiveUs, payload }: HistoryRecord): Kept => ({
  block,
  offset,
  receiveUs,
  payload: Buffer.from(payload).toString(),
});

/** Records and everything else that a history tells, apart. */
function readAll(items: Iterable<{ readonly kind: string }>) {
  const records: Kept[] = [];
  const others: { kind: string }[] = [];
  for (const item of items) {
    if (item.kind === 'record') records.push(plain(item as HistoryRecord));
    else others.push(item);
  }
  return { records, others };
}

describe('the history of a log', () => {
  test('by offset and by time, against a plain list', (t) => {
    const random = new Random();
    t.diagnostic(`seed ${random.seed}`);
    for (let run = 0; run < 20; run++) {
      const log = written(random.int(1, 60), random);
      const end = { kind: 'end', offset: log.partition.durable };
      const { offset } = random.pick(log.blocks);
      assert.deepEqual(readAll(log.history.records(0, offset)), {
        records: log.records.filter((record) => record.offset >= offset),
        others: [end],
      });
      const timeUs = BigInt(random.int(BEGIN_US - 1_000_000, log.nowUs + 1_000_000));
      const later = log.records.filter(({ receiveUs }) => receiveUs >= timeUs);
      assert.deepEqual(readAll(log.history.recordsSince(0, timeUs)), { records: later, others: [end] });
      const place = log.history.offsetAt(0, timeUs);
      assert.deepEqual(place, { block: later[0]?.block ?? end.offset, offset: later[0]?.offset ?? end.offset, isComplete: true });
      assert.deepEqual(readAll(log.history.records(0, place.block, place.offset)).records[0], later[0]);
    }
  });

  test('beside a writer it ends at what is durable, and goes on from there', () => {
    const random = new Random(3);
    const log = written(10, random);
    const seen: Kept[] = [];
    let at = 0n;
    for (let round = 0; round < 5; round++) {
      for (const item of log.history.records(0, at)) {
        if (item.kind === 'record') seen.push(plain(item));
        else if (item.kind === 'end') at = item.offset;
        else assert.fail(item.kind);
        // In the middle of a read, more comes.
        if (round < 4 && random.chance(0.1)) log.append(random);
      }
      assert.equal(at, log.partition.durable);
    }
    assert.deepEqual(seen, log.records);
    assert.equal(log.disk.openFiles, 1, 'only the writer has a file open');
  });

  test('beside retention it says what it missed, and reads on what it has open', () => {
    const log = written(40);
    const reading = log.history.records(0, 0n);
    const first = reading.next().value as HistoryRecord;
    assert.deepEqual(plain(first), log.records[0]);
    const { segments } = log.partition;
    const kept = segments[segments.length - 2]?.base as bigint;
    log.partition.removeOldest(segments.length - 2);
    const { records, others } = readAll(reading);
    assert.deepEqual(
      others.map(({ kind }) => kind),
      ['below-start', 'end'],
    );
    assert.deepEqual((others[0] as unknown as { to: bigint }).to, kept);
    assert.deepEqual(
      records.filter(({ offset }) => offset >= kept),
      log.records.filter(({ offset }) => offset >= kept),
    );
    const early = log.history.offsetAt(0, BigInt(BEGIN_US));
    assert.deepEqual([early.block, early.isComplete], [kept, false]);
  });

  for (const [code, change] of [
    ['block_body_damaged', (block: Buffer) => block.fill(block.readUInt8(90) ^ 1, 90, 91)],
    ['block_header_damaged', (block: Buffer) => block.fill(0, 0, 4)],
    ['block_header_damaged', (block: Buffer) => block.fill(abi.BLOCK_VERSION + 1, abi.BLOCK_AT_VERSION, abi.BLOCK_AT_VERSION + 1)],
    ['block_foreign', (block: Buffer) => resealed(block, 1)],
    ['block_misplaced', (block: Buffer) => block.fill(block.readUInt8(abi.BLOCK_AT_PLACE) ^ 1, abi.BLOCK_AT_PLACE, abi.BLOCK_AT_PLACE + 1)],
  ] as const) {
    test(`${code}: it is told, and all around it is read`, () => {
      const log = written(30);
      const { offset, bytes } = log.spoil(12, change);
      const { records, others } = readAll(log.history.records(0, 0n));
      const end = { kind: 'end', offset: log.partition.durable };
      assert.deepEqual(others, [{ kind: 'damaged', from: offset, to: offset + BigInt(bytes), code }, end]);
      assert.deepEqual(
        records,
        log.records.filter(({ block }) => block !== offset),
      );
    });
  }
});

/** The same records, sealed for another partition. */
function resealed(block: Buffer, partition: number): Uint8Array {
  const payload = block.subarray(abi.BLOCK_HEADER_BYTES + RECORD_BYTES);
  return sealBlock(partition, [{ device: 1, receiveUs: 1, payload }]);
}
