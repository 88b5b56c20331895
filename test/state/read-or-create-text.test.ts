import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readOrCreateText } from '../../src/state/read-or-create-text.js';

test('a text is made once, kept, and readable by its owner alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-stored-'));
  try {
    assert.equal(
      readOrCreateText(folder, 'name', () => 'first'),
      'first',
    );
    assert.equal(
      readOrCreateText(folder, 'name', () => 'second'),
      'first',
    );
    if (process.platform !== 'win32') assert.equal(statSync(join(folder, 'name')).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an empty file, as a crash or a full disk left it, is no text: one is made', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-stored-'));
  try {
    for (const left of ['', '\n']) {
      writeFileSync(join(folder, 'admin-key'), left);
      const key = readOrCreateText(folder, 'admin-key', () => `key after ${left.length}`);
      assert.equal(key, `key after ${left.length}`);
      assert.equal(
        readOrCreateText(folder, 'admin-key', () => 'another'),
        key,
      );
    }
    assert.deepEqual(readdirSync(folder), ['admin-key']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
