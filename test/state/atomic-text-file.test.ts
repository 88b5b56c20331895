import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AtomicTextFile } from '../../src/state/atomic-text-file.js';

test('a text is replaced as a whole, for whoever runs Spillway alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-text-'));
  try {
    const text = new AtomicTextFile(folder, 'alerts');
    assert.equal(text.read(), undefined);
    text.write('a long first one');
    text.write('second');
    assert.equal(new AtomicTextFile(folder, 'alerts').read(), 'second');
    assert.deepEqual(readdirSync(folder), ['alerts']);
    assert.equal(statSync(join(folder, 'alerts')).mode & 0o777, 0o600);
    // What a crash left of a text that was being written is nobody's.
    writeFileSync(join(folder, 'alerts.new'), 'ha');
    assert.equal(text.read(), 'second');
    text.write('third');
    assert.deepEqual([text.read(), readdirSync(folder)], ['third', ['alerts']]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a text that cannot be written leaves the old one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-text-'));
  try {
    const text = new AtomicTextFile(folder, 'alerts');
    text.write('old');
    mkdirSync(join(folder, 'alerts.new'));
    assert.throws(() => text.write('new'), { code: 'EISDIR' });
    assert.equal(text.read(), 'old');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
