import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MIB } from '../../../assembly/abi/limits.js';
import { nodeDisk, withFile, writeWhole } from '../../../src/log/file/disk.js';

/** Bytes that this process had brought from or onto a disk. proc(5), /proc/pid/io. */
function counted(name: 'read_bytes' | 'write_bytes'): number {
  return Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(readFileSync('/proc/self/io', 'latin1'))?.[1]);
}

test('bytes that are given back come from the disk again, the same, and others from memory', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-page-cache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const bytes = Buffer.alloc(8 * MIB).map((_, index) => index % 251);
  const writtenBefore = counted('write_bytes');
  const path = join(folder, 'file');
  withFile(nodeDisk, path, 'create', (file) => {
    writeWhole(nodeDisk, file, [bytes], 0);
    nodeDisk.sync(file);
  });
  const hasDisk = counted('write_bytes') - writtenBefore >= bytes.length;
  if (!hasDisk) t.diagnostic(`${folder} is not on a disk that Linux counts: only what is read is looked at`);
  withFile(nodeDisk, path, 'read', (file) => {
    const found = Buffer.alloc(4 * MIB);
    const read = (position: number): number => {
      const before = counted('read_bytes');
      const length = nodeDisk.read(file, found, position);
      const fromDisk = counted('read_bytes') - before;
      assert.equal(length, found.length);
      assert.ok(found.equals(bytes.subarray(position, position + found.length)));
      return fromDisk;
    };
    read(0); // What the program itself still has to load counts as well.
    nodeDisk.releaseCache(file, 0, 4 * MIB);
    assert.equal(read(4 * MIB), 0);
    assert.ok(read(0) >= (hasDisk ? 4 * MIB : 0));
  });
});
