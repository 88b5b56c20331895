import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { shortfallOf } from '../../src/state/log-reach.js';
import { SNAPSHOT_NAME, SnapshotFile } from '../../src/state/snapshot-file.js';

const top = mkdtempSync(join(tmpdir(), 'spillway-snapshot-'));
after(() => rmSync(top, { recursive: true }));

const read = (folder: string) => [...new SnapshotFile(folder).read()];

test('a snapshot is there as a whole or not at all, and a line that a crash cut short is none', () => {
  const folder = mkdtempSync(join(top, 'file-'));
  const file = new SnapshotFile(folder);
  assert.deepEqual(read(folder), []);
  file.begin();
  file.write('one\ntwo\n');
  assert.deepEqual(read(folder), []);
  file.publish();
  file.write('three\n');
  assert.deepEqual(read(folder), ['one', 'two', 'three']);
  assert.equal(statSync(join(folder, SNAPSHOT_NAME)).mode & 0o777, 0o600);
  file.close();
  appendFileSync(join(folder, SNAPSHOT_NAME), 'fo');
  assert.deepEqual(read(folder), ['one', 'two', 'three']);
  // The former one would miss what is appended to the new one.
  file.begin();
  assert.deepEqual(read(folder), []);
  file.discard();
  assert.deepEqual(readdirSync(folder), []);
});

test('a log that ends before the committed offset is found short', () => {
  const folder = mkdtempSync(join(top, 'log-'));
  mkdirSync(join(folder, '00'));
  writeFileSync(join(folder, '00', '00000000000000000000.log'), 'x'.repeat(100));
  writeFileSync(join(folder, '00', '00000000000000000100.log'), 'x'.repeat(50));
  assert.equal(shortfallOf(folder, [150n, 0n]), undefined);
  assert.match(shortfallOf(folder, [151n, 0n]) ?? '', /^partition 0 of the log ends before offset 151/);
  assert.match(shortfallOf(folder, [150n, 1n]) ?? '', /^partition 1 of the log ends before offset 1,/);
});
