import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WRITE_BYTES_MAX, writeWhole } from '../../../src/log/file/disk.js';
import { Random } from '../../support/random.js';
import { ModelDisk } from './model-disk.js';

/** Takes a part of each write, and notes how much it was given. */
class HastyDisk extends ModelDisk {
  readonly given: number[] = [];
  readonly #takes: number;

  constructor(takes: number) {
    super();
    this.#takes = takes;
  }

  override write(file: number, views: readonly Uint8Array[], position: number): number {
    const bytes = Buffer.concat(views);
    this.given.push(bytes.length);
    return super.write(file, [bytes.subarray(0, this.#takes)], position);
  }
}

for (const takes of [WRITE_BYTES_MAX, 300_001]) {
  test(`what is longer than a write comes onto the disk whole and in order, ${takes} bytes at a time`, () => {
    const disk = new HastyDisk(takes);
    const random = new Random(takes);
    const views = [6, 0, 700_000, 1, 2 * WRITE_BYTES_MAX + 5, 0, 400_000].map((bytes) => Buffer.alloc(bytes).map(() => random.below(256)));
    const file = disk.open('/a/file', 'create');
    writeWhole(disk, file, [Buffer.from('before')], 0);
    writeWhole(disk, file, views, 6);
    const found = Buffer.alloc(disk.size(file));
    disk.read(file, found, 0);
    assert.ok(found.equals(Buffer.concat([Buffer.from('before'), ...views])));
    assert.equal(Math.max(...disk.given), WRITE_BYTES_MAX);
    assert.ok(disk.given.every((bytes) => bytes > 0));
  });
}
