import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFullDisk, fullDisk } from '../../../src/cli/selftest/full-disk.js';
import { temporaryFolder } from '../run-spillway.js';

test('a disk is full and has room again, or it is said why there is none', (t) => {
  const folder = temporaryFolder(t);
  const found = findFullDisk();
  const disk = fullDisk(join(folder, 'log'));
  if ('missing' in disk) {
    assert.deepEqual(found, disk);
    assert.match(disk.missing, /^no small file system can be mounted \(.+\), and no file-size limit set \(.+\)$/);
    return;
  }
  assert.equal('name' in found && found.name, disk.name);
  try {
    // A limit on this very process would stop the test runner's own files: it is tried on an appliance.
    if (disk.code === 'EFBIG') return;
    const write = () => writeFileSync(join(folder, 'log', 'block'), Buffer.alloc(65_536));
    write();
    disk.fill(process.pid);
    assert.throws(() => writeFileSync(join(folder, 'log', 'other'), Buffer.alloc(65_536)), { code: disk.code });
    disk.free(process.pid);
    write();
  } finally {
    disk.remove();
  }
  assert.deepEqual(readdirSync(join(folder, 'log')), []);
});

test('where nothing can be mounted or limited, it says so of both', (t) => {
  const path = process.env.PATH;
  t.after(() => {
    process.env.PATH = path;
  });
  process.env.PATH = '/nowhere';
  assert.deepEqual(findFullDisk(), {
    missing: 'no small file system can be mounted (there is no mount), and no file-size limit set (there is no prlimit)',
  });
});
