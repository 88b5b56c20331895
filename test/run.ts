import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

// Runs every *.test.js below this folder, or those whose path contains one of the arguments.
const folder = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && (wanted.length === 0 || wanted.some((part) => file.includes(part))))
  .sort()
  .map((file) => join(folder, file));

let passed = 0;
let failed = 0;
const skipped = new Map<string, string>();
// A file that hangs must not hold up the rest; one that was asked for by name may be a long form.
const timeout = wanted.length === 0 ? 240_000 : Number.POSITIVE_INFINITY;
const stream = run({ files, concurrency: Math.min(2, availableParallelism()), timeout });
stream.on('test:pass', ({ name, skip, details }) => {
  if (skip !== undefined) skipped.set(name, String(skip));
  else if ((details as { type?: string }).type !== 'suite') passed++;
});
stream.on('test:fail', () => {
  failed++;
});
stream.compose(new spec()).pipe(process.stdout);
stream.on('end', () => {
  process.exitCode = failed > 0 || files.length === 0 ? 1 : 0;
  setImmediate(() => {
    if (files.length === 0) console.log(`no test file below ${relative('.', folder)} matches ${wanted.join(' ')}`);
    console.log(`\n${passed} passed, ${failed} failed, ${skipped.size} skipped`);
    for (const [name, why] of skipped) console.log(`Not run: ${name}: ${why}`);
  });
});
