import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KIB, MIB } from '../../../assembly/abi/limits.js';
import { WRITE_BYTES_MAX } from '../../../src/log/file/disk.js';
import { FileLog } from '../../../src/log/file/file-log.js';
import { LogReader } from '../../../src/log/file/reader.js';
import { sealBlock } from '../../support/blocks.js';
import { ModelDisk } from './model-disk.js';

const SEGMENT_BYTES = 10 * MIB;
const BLOCK = sealBlock(0, [{ device: 1, receiveUs: 1_800_000_000_000_000, payload: new Uint8Array(100 * KIB) }]);

/** Notes by path what was given back. */
class NotingDisk extends ModelDisk {
  readonly released = new Map<string, { from: number; bytes: number }[]>();
  readonly #paths = new Map<number, string>();

  override open(path: string, mode: 'read' | 'write' | 'create'): number {
    const file = super.open(path, mode);
    this.#paths.set(file, path);
    return file;
  }

  override releaseCache(file: number, from: number, bytes: number): void {
    const path = this.#paths.get(file) as string;
    this.released.set(path, [...(this.released.get(path) ?? []), { from, bytes }]);
  }
}

/** A log of some segments, the last of them begun. */
function filled() {
  const disk = new NotingDisk();
  const log = FileLog.open({ folder: '/log', partitions: 1, floors: [], report: () => {}, disk, segmentBytesMax: SEGMENT_BYTES });
  for (let bytes = 0; bytes < 3.5 * SEGMENT_BYTES; bytes += BLOCK.length) {
    log.append(0, [BLOCK]);
    log.commit();
  }
  const { durable, segments } = log.partitions[0] as (typeof log.partitions)[0];
  return { disk, durable, bases: segments.map(({ base }) => base) };
}

/** Reads all of the log, and tells after each read how far. */
function* offsetsRead(reader: LogReader, durable: bigint): Generator<bigint> {
  const into = new Uint8Array(300 * KIB);
  for (let at = 0n; at < durable; ) {
    const bytes = reader.read(0, at, durable, into);
    assert.ok(bytes > 0);
    at += BigInt(bytes);
    yield at;
  }
}

test('releases passed bytes from the page cache in whole pieces, no others, and a finished segment as a whole', () => {
  const { disk, durable, bases } = filled();
  const reader = new LogReader('/log', disk);
  for (const at of offsetsRead(reader, durable)) {
    reader.pass(0, at);
    const base = bases.findLast((one) => one < at) as bigint;
    const last = [...disk.released.values()].at(bases.indexOf(base))?.at(-1);
    if (last) assert.ok(base + BigInt(last.from + last.bytes) <= at, `${last.from + last.bytes} of ${base} at ${at}`);
  }
  assert.equal(disk.released.size, bases.length);
  [...disk.released.values()].forEach((pieces, index) => {
    const isLast = index === bases.length - 1;
    const whole = isLast ? pieces : pieces.slice(0, -1);
    let to = 0;
    for (const { from, bytes } of whole) {
      assert.equal(from, to);
      assert.ok(bytes >= 4 * WRITE_BYTES_MAX && bytes % WRITE_BYTES_MAX === 0);
      to += bytes;
    }
    if (!isLast) assert.deepEqual(pieces.at(-1), { from: to, bytes: 0 });
  });
});

test('a reader that does not pass its bytes releases none of the cache', () => {
  const { disk, durable } = filled();
  const reader = new LogReader('/log', disk);
  assert.equal([...offsetsRead(reader, durable)].at(-1), durable);
  reader.close();
  assert.equal(disk.released.size, 0);
});
