import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { root } from '../source-tree.js';

/** What a browser fetches before it shows anything. */
const gzippedBytesMax = 60 * 1024;

test('the built console is at most 60 KiB, gzipped', () => {
  const folder = join(root, 'dist', 'console');
  const loaded = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(html|js|css)$/.test(file));
  const sizes = loaded.map((file) => [file, gzipSync(readFileSync(join(folder, file)), { level: 9 }).length] as const);
  assert.ok(sizes.some(([file]) => file.endsWith('.js')));
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  assert.ok(total <= gzippedBytesMax, `${total} bytes: ${sizes.join('; ')}`);
});
