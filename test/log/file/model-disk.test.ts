import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../support/random.js';
import { Halted, ModelDisk } from './model-disk.js';

// The other tests trust this disk to do its worst: here it shows that it does.

const SEEDS = 200;
const PAGE = 64;

/** Contents of a file after a power failure, for many seeds; undefined: it is not there. */
function afterCrash(prepare: (disk: ModelDisk) => void, path = '/a/file'): (string | undefined)[] {
  return Array.from({ length: SEEDS }, (_, seed) => {
    const disk = new ModelDisk();
    prepare(disk);
    disk.crash(new Random(seed));
    return contents(disk, path);
  });
}

function contents(disk: ModelDisk, path: string): string | undefined {
  if (!disk.list('/a').includes(path.slice(3))) return undefined;
  const file = disk.open(path, 'read');
  const bytes = Buffer.alloc(disk.size(file));
  disk.read(file, bytes, 0);
  return bytes.toString('latin1').replaceAll('\0', '_');
}

/** A synced file of one page of `s`, and three unsynced pages behind it. */
function threeUnsynced(disk: ModelDisk): number {
  const file = disk.open('/a/file', 'create');
  disk.write(file, [Buffer.alloc(PAGE, 's')], 0);
  disk.sync(file);
  disk.syncFolder('/a');
  for (const [index, letter] of ['x', 'y', 'z'].entries()) disk.write(file, [Buffer.alloc(PAGE, letter)], PAGE * (index + 1));
  return file;
}

describe('a power failure of the model disk', () => {
  test('loses any of the unsynced pages, in any order, and never what was synced', () => {
    const found = afterCrash((disk) => void threeUnsynced(disk));
    assert.ok(found.every((text) => text?.startsWith('s'.repeat(PAGE))));
    const whole = new Set(
      found.filter((text) => text?.length === 4 * PAGE).map((text) => [1, 2, 3].map((page) => text?.[page * PAGE]).join('')),
    );
    for (const pages of ['___', 'xyz', '__z', 'x__', '_y_', 'x_z']) assert.ok(whole.has(pages), `${pages} never came`);
    assert.ok(
      found.some((text) => text?.length === PAGE),
      'the size is lost with the pages',
    );
    assert.ok(
      found.some((text) => (text?.length ?? 0) % PAGE !== 0),
      'a size in the middle of a page',
    );
  });

  test('after a sync all of it is there', () => {
    const found = afterCrash((disk) => disk.sync(threeUnsynced(disk)));
    assert.deepEqual([...new Set(found)], [['s', 'x', 'y', 'z'].map((letter) => letter.repeat(PAGE)).join('')]);
  });

  test('after a failed sync the next one keeps nothing, though the bytes can be read until then', () => {
    const found = afterCrash((disk) => {
      const file = threeUnsynced(disk);
      disk.failingSyncs = 1;
      assert.throws(() => disk.sync(file), { code: 'EIO' });
      disk.sync(file);
      assert.equal(contents(disk, '/a/file')?.slice(-PAGE), 'z'.repeat(PAGE));
    });
    assert.ok(found.every((text) => !/[xyz]/.test(text ?? '')));
  });

  test('loses or keeps names, renames and removals that the folder was not synced for', () => {
    const make = (disk: ModelDisk) => {
      disk.sync(disk.open('/a/file', 'create'));
    };
    const isThere = (found: (string | undefined)[]) => new Set(found.map((text) => text !== undefined));
    assert.equal(isThere(afterCrash(make)).size, 2);
    const synced = (disk: ModelDisk) => {
      make(disk);
      disk.syncFolder('/a');
    };
    assert.deepEqual([...isThere(afterCrash(synced))], [true]);
    const gone = (disk: ModelDisk) => {
      synced(disk);
      disk.remove('/a/file');
    };
    assert.equal(isThere(afterCrash(gone)).size, 2);
    const renamed = (disk: ModelDisk) => {
      synced(disk);
      disk.rename('/a/file', '/a/new');
    };
    assert.equal(isThere(afterCrash(renamed, '/a/new')).size, 2);
  });

  test('a halt stops every call until the machine begins anew, with or without the effect of the one it came in', () => {
    for (const effect of ['none', 'done'] as const) {
      const disk = new ModelDisk();
      const file = disk.open('/a/file', 'create');
      disk.fault = (call) => (call === 'write' ? { kind: 'halt', effect } : undefined);
      assert.throws(() => disk.write(file, [Buffer.from('bytes')], 0), Halted);
      assert.throws(() => disk.sync(file), Halted);
      assert.throws(() => disk.close(file), Halted);
      disk.kill();
      assert.equal(contents(disk, '/a/file'), effect === 'done' ? 'bytes' : '');
    }
  });

  test('a disk with little room takes what fits, and writes over what is there without any', () => {
    const disk = new ModelDisk();
    const file = threeUnsynced(disk);
    disk.room = 10;
    assert.equal(disk.write(file, [Buffer.alloc(PAGE, 'o')], 0), PAGE);
    assert.equal(disk.write(file, [Buffer.alloc(PAGE, 'o')], 4 * PAGE - 5), 15);
    assert.throws(() => disk.write(file, [Buffer.alloc(1)], 4 * PAGE + 10), { code: 'ENOSPC' });
  });
});
