import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeStateFolder } from '../../src/state/state-folder.js';

const top = mkdtempSync(join(tmpdir(), 'spillway-state-'));
after(() => rmSync(top, { recursive: true }));

function modeOf(folder: string): number {
  return statSync(folder).mode & 0o777;
}

/** A folder that everybody may enter, with this file in it. */
function openFolder(name: string, file?: string): string {
  const folder = join(top, name);
  mkdirSync(folder);
  if (file !== undefined) writeFileSync(join(folder, file), '');
  chmodSync(folder, 0o755);
  return folder;
}

test('a state folder is made with its parents, for its owner alone', () => {
  const folder = join(top, 'a', 'b');
  makeStateFolder(folder);
  makeStateFolder(folder);
  assert.equal(modeOf(folder), 0o700);
});

test('a state folder of an earlier version is closed to others; a folder of other things stays as it is', () => {
  const cases = { empty: undefined, earlier: 'admin-key', foreign: 'somebody-elses' };
  const modes = Object.entries(cases).map(([name, file]) => {
    const folder = openFolder(name, file);
    makeStateFolder(folder);
    return [name, modeOf(folder)];
  });
  assert.deepEqual(Object.fromEntries(modes), { empty: 0o700, earlier: 0o700, foreign: 0o755 });
});

test('a group that may pass through a state folder, as that of the embedded database, keeps that', () => {
  const folder = openFolder('passed', 'admin-key');
  chmodSync(folder, 0o710);
  makeStateFolder(folder);
  assert.equal(modeOf(folder), 0o710);
});

test('a state folder that cannot be made is refused with a way out', () => {
  // A file in the way stands for every cause.
  writeFileSync(join(top, 'file'), '');
  assert.throws(() => makeStateFolder(join(top, 'file', 'state')), {
    code: 'state_folder_unusable',
    message: /^cannot make state folder .*file/,
    wayOut: /SPILLWAY_STATE/,
  });
  // Node's own recursive way never returns there.
  if (process.platform === 'linux') assert.throws(() => makeStateFolder('/proc/spillway/state'), { code: 'state_folder_unusable' });
});
