import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root, textOf } from './source-tree.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

const manifest = JSON.parse(textOf('package.json')) as Manifest;
const { thirdPartyNotices } = (await import(pathToFileURL(join(root, 'deploy', 'notices.mjs')).href)) as { thirdPartyNotices(): string };

test('the notices name every package that Spillway runs with, and carry the licences of those that have a text', () => {
  const notices = thirdPartyNotices();
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter((name) =>
    existsSync(join(root, 'node_modules', name, 'package.json')),
  );
  assert.ok(installed.length >= Object.keys(manifest.dependencies).length);
  assert.deepEqual(
    installed.filter((name) => !notices.includes(`\n## ${name} `)),
    [],
  );
  // Packages of packages: the one under pino, and a crate of the reactor.
  for (const name of ['thread-stream', 'rustls', 'assemblyscript']) assert.ok(notices.includes(`\n## ${name} `), name);
  assert.match(notices, /Permission is hereby granted/);
  assert.doesNotMatch(notices, /^Licence: undefined/m);
});

test('the console is built with the licences of what it contains', () => {
  const licences = readFileSync(join(root, 'dist', 'console', 'licenses.txt'), 'utf8');
  for (const name of ['preact', '@preact/signals', '@preact/signals-core', 'uplot']) assert.ok(licences.includes(`## ${name} `), name);
  assert.ok(licences.match(/Permission is hereby granted/g)!.length >= 3);
});

test('both are in the package', () => {
  for (const file of ['dist/console', 'dist/THIRD-PARTY.md']) assert.ok(manifest.files.includes(file), file);
});
