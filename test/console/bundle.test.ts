import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { root } from '../source-tree.js';

const KIB = 1024;
/** What a browser fetches before it shows anything. */
const firstBytesMax = 32 * KIB;
/** What opening a page fetches besides, script and styles. The device page brings the charts. */
const pageBytesMax: Readonly<Record<string, number>> = { 'device-page': 40 * KIB };
const otherBytesMax = 12 * KIB;

const folder = join(root, 'dist', 'console');
const built = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(html|js|css)$/.test(file));
const page = readFileSync(join(folder, 'index.html'), 'utf8');
const isFirst = (file: string) => file === 'index.html' || page.includes(`/${file}`);
const gzipped = (file: string) => gzipSync(readFileSync(join(folder, file)), { level: 9 }).length;

test('the first load of the console is at most 32 KiB, gzipped', () => {
  const first = built.filter(isFirst);
  assert.ok(first.some((file) => file.endsWith('.js')) && first.some((file) => file.endsWith('.css')));
  const sizes = first.map((file) => [file, gzipped(file)] as const);
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  assert.ok(total <= firstBytesMax, `${total} bytes: ${sizes.join('; ')}`);
});

test('each page is a file of its own within its limit, and the charts come with the device page alone', () => {
  const totals = new Map<string, number>();
  for (const file of built.filter((file) => !isFirst(file))) {
    const name = /^assets\/(.+)-[\w-]{8}\.(?:js|css)$/.exec(file)?.[1];
    assert.ok(name, `${file} has no hash in its name, so it would be cached for ever`);
    totals.set(name, (totals.get(name) ?? 0) + gzipped(file));
  }
  const pages = readdirSync(join(root, 'src', 'console', 'pages')).map((file) => file.replace(/\.tsx$/, ''));
  for (const name of pages.filter((one) => !['fleet-page', 'sign-in-page', 'missing-page'].includes(one)))
    assert.ok(totals.has(name), name);
  for (const [name, bytes] of totals) assert.ok(bytes <= (pageBytesMax[name] ?? otherBytesMax), `${name}: ${bytes} bytes`);
});
