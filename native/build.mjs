// Builds the native reactor into dist/native/reactor.node where Linux and cargo are there. Everything works without it, on the
// portable reactor, so whatever goes wrong here is said in one line and fails nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, '..');
const target = join(root, 'dist', 'native');
const addon = join(target, 'reactor.node');

const missing = build();
if (missing !== undefined) {
  // One that was built before may be of other sources.
  rmSync(addon, { force: true });
  console.log(`native reactor not built: ${missing}; Spillway runs on the portable reactor`);
}

/** Undefined when the addon is there and fresh, else why not. */
function build() {
  if (process.platform !== 'linux') return `it is for Linux, this is ${process.platform}`;
  try {
    execFileSync('cargo', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'cargo is not on the path';
  }
  const cli = commandLine();
  if (cli === undefined) return 'the package @napi-rs/cli is not installed';
  // Its paths start from the folder of package.json, which is also where it looks for a name: without one it is index.node.
  const out = 'native/target/addon';
  const options = ['build', '--release', '--cargo-cwd', 'native/binding', '--cargo-flags=--locked', '--js', 'false', out];
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...options], { cwd: root, encoding: 'utf8' });
  if (status !== 0) return `the build failed: ${causeIn(`${stderr}\n${stdout}`)}`;
  mkdirSync(target, { recursive: true });
  // A running appliance has the old file mapped: it keeps that, and the new one takes its name.
  copyFileSync(join(root, out, 'index.node'), `${addon}.new`);
  renameSync(`${addon}.new`, addon);
  return undefined;
}

function commandLine() {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve('@napi-rs/cli/package.json');
    return join(dirname(manifest), require(manifest).bin.napi);
  } catch {
    return undefined;
  }
}

/** The first line that names an error, of cargo or of the command line above it. */
function causeIn(said) {
  const lines = stripVTControlCharacters(said).split('\n');
  return (lines.find((line) => /error/i.test(line)) ?? 'no reason given').trim();
}
