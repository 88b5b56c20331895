import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../source-tree.js';

test('the tests in Rust pass', async () => {
  const manifest = join(root, 'native', 'Cargo.toml');
  const args = ['test', '--locked', '--quiet', '--manifest-path', manifest, '-p', 'spillway-reactor'];
  // Cargo ends with another code than 0, and so rejects, when one fails.
  const { stdout } = await promisify(execFile)('cargo', args);
  const counts = [...stdout.matchAll(/test result: ok\. (\d+) passed; 0 failed; 0 ignored/g)].map(([, count]) => Number(count));
  assert.ok(
    counts.some((count) => count > 0),
    stdout,
  );
});
