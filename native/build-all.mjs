// Builds everything, step by step: a line says what is being built before it is, and how long it took after it.
import { spawnSync } from 'node:child_process';

const steps = [
  ['build:wasm', 'the WebAssembly modules'],
  ['build:ts', 'the program'],
  ['build:console', 'the console'],
  ['build:native', 'the native reactor, some minutes the first time'],
  ['build:notices', 'the notices of third-party software'],
];
/** The optimizer of AssemblyScript says so of itself; nobody can act on it. */
const noise = /^Last converge was suboptimal\.\n/gm;

for (const [index, [script, what]] of steps.entries()) {
  console.log(`[${index + 1}/${steps.length}] building ${what}`);
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', script], { encoding: 'utf8', shell: process.platform === 'win32' });
  const said = `${stdout ?? ''}${stderr ?? ''}`.replace(noise, '');
  if (status !== 0) {
    console.error(`${said}cannot build ${what}: npm run ${script} failed`);
    process.exit(1);
  }
  if (script === 'build:native') process.stdout.write(said);
  console.log(`[${index + 1}/${steps.length}] done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
