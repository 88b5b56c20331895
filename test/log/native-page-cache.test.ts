import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MIB } from '../../assembly/abi.js';
import { nodeDisk, withFile, writeWhole } from '../../src/log/disk.js';

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
    // What the program itself still has to load counts as well, and what the machine needed for others is gone too: a clean round will do.
    const released = Array.from({ length: 5 }, () => {
      for (const half of [0, 4 * MIB]) read(half);
      nodeDisk.releaseCache(file, 0, 4 * MIB);
      return { kept: read(4 * MIB), gone: read(0) };
    });
    assert.ok(released.some(({ kept }) => kept === 0));
    if (hasDisk) for (const { gone } of released) assert.ok(gone >= 4 * MIB, JSON.stringify(released));
  });
});
