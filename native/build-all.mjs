// Builds everything, step by step: a line says what is being built before it is, and how long it took after it. The native reactor
// takes longest and needs none of the others, so it is built beside them; the notices read the crates that it has fetched.
import { spawn } from 'node:child_process';

const steps = [
  ['build:native', 'the native reactor, some minutes the first time'],
  ['build:wasm', 'the WebAssembly modules'],
  ['build:ts', 'the program'],
  ['build:console', 'the console'],
  ['build:notices', 'the notices of third-party software'],
];
/** The optimizer of AssemblyScript says so of itself; nobody can act on it. */
const noise = /^Last converge was suboptimal\.\n/gm;

const running = new Set();
const [native, ...others] = steps.map(([script, what], index) => () => build(`[${index + 1}/${steps.length}]`, script, what));
const notices = others.pop();
const beside = native();
for (const step of others) await step();
await beside;
await notices();

/** Ends the whole build when the step fails. */
async function build(place, script, what) {
  console.log(`${place} building ${what}`);
  const startedMs = performance.now();
  const child = spawn('npm', ['run', '-s', script], { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
  running.add(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const status = await new Promise((resolve) => child.once('error', () => resolve(1)).once('close', resolve));
  running.delete(child);
  said = said.replace(noise, '');
  if (status !== 0) {
    console.error(`${said}cannot build ${what}: npm run ${script} failed`);
    for (const other of running) other.kill();
    process.exit(1);
  }
  if (script === 'build:native') process.stdout.write(said);
  console.log(`${place} done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
