// Builds the client of the Kafka log, node-rdkafka, where it was installed and not built: that takes minutes and a C++ compiler, so
// `npm ci` leaves it to those who want it. With --optional it fails nothing, and says in one line why the log is not there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(join(root, 'package.json'));

const missing = build();
if (missing !== undefined) {
  console.log(`Kafka client not built: ${missing}; Spillway keeps its log in files`);
  if (!process.argv.includes('--optional')) process.exitCode = 1;
}

/** Undefined when the client loads, else why not. */
function build() {
  const folder = packageFolder();
  if (folder === undefined) return 'the package node-rdkafka is not installed';
  if (loads()) return undefined;
  console.log('building node-rdkafka, the client of Kafka: this takes some minutes');
  const startedMs = performance.now();
  // What node-gyp needs of Node lies beside it in many installations; elsewhere it is downloaded.
  const headers = join(dirname(dirname(process.execPath)), 'include', 'node', 'node.h');
  const nodedir = existsSync(headers) ? { npm_config_nodedir: dirname(dirname(dirname(headers))) } : {};
  const { status, stdout, stderr } = spawnSync('npm', ['run', 'install'], { cwd: folder, encoding: 'utf8', env: { ...process.env, ...nodedir } });
  if (status !== 0) return `the build failed: ${causeIn(`${stderr ?? ''}\n${stdout ?? ''}`)}`;
  console.log(`node-rdkafka built in ${Math.round((performance.now() - startedMs) / 1000)} s`);
  return loads() ? undefined : 'it was built and does not load';
}

function packageFolder() {
  try {
    return dirname(require.resolve('node-rdkafka/package.json'));
  } catch {
    return undefined;
  }
}

/** In a process of its own: what is loaded once cannot be replaced. */
function loads() {
  return spawnSync(process.execPath, ['-e', "require('node-rdkafka')"], { cwd: root, stdio: 'ignore' }).status === 0;
}

/** The first line that names an error. */
function causeIn(said) {
  return (said.split('\n').find((line) => /error|ERR!/i.test(line) && !/npm error code/.test(line)) ?? 'no reason given').trim();
}
