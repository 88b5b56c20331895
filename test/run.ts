import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { chooseReactor } from '../src/reactor/open-reactor.js';
import { type FileGroup, GroupFolder } from './support/file-groups.js';
import { chooseKafka } from './support/kafka/choose.js';
import { realBrokers, SHARED_BROKER } from './support/kafka/real-brokers.js';
import { startsGateways } from './support/reactor-files.js';
import { startRunDatabase } from './support/run-database.js';
import { whyNoS3 } from './support/s3/choose.js';
import { SLOWNESS } from './support/until.js';

// Runs every *.test.js below this folder, or those whose path contains one of the arguments. Files named long-*.test.js are the
// long form: they run with --long, alone, or when they are asked for by name.
const folder = fileURLToPath(new URL('.', import.meta.url));
const isLong = process.argv.includes('--long');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--long');
/** Folders whose files take longest; they begin first, so that at the end nobody waits for one long file. */
const longest = ['browser/', 'reactor/native-crate', 'integration/', 'cli/selftest', 'store/', 'bench/', 'cli/', 'gateway/', 'http/'];
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && isWanted(file))
  .sort()
  .sort((one, other) => turnOf(one) - turnOf(other))
  .map((file) => join(folder, file));

// Most of what a short process does is compile the same files: newer versions of Node keep the result, older ones do not know the variable.
const compiled = mkdtempSync(join(tmpdir(), 'spillway-compiled-'));
process.env.NODE_COMPILE_CACHE = compiled;

let passed = 0;
let failed = 0;
const skipped = new Map<string, string>();
const seconds = new Map<string, number>();
const groups = new GroupFolder();
// A file that hangs must not hold up the rest; one that was asked for by name may be a long form.
const timeout = wanted.length === 0 && !isLong ? 240_000 * SLOWNESS : Number.POSITIVE_INFINITY;
const report = new spec();
report.pipe(process.stdout);

const { name, reason: whyPortable } = chooseReactor('auto');
const ofKafka = files.filter((file) => file.startsWith(join(folder, 'integration', 'kafka')));
const kafka = ofKafka.length > 0 ? await chooseKafka() : { over: 'brokers', reason: '' };
if (kafka.over !== 'brokers') skipped.set(kafka.over === 'mock' ? 'Kafka tests over real brokers' : 'Kafka tests', String(kafka.reason));
const leftOut = ofKafka.filter((file) => kafka.over === 'nothing' || (kafka.over === 'mock' && !kindOf(file).startsWith('mock-')));
const ofS3 = files.filter((file) => kindOf(file).startsWith('s3-'));
const noS3 = ofS3.length > 0 ? await whyNoS3() : undefined;
if (noS3 !== undefined) {
  skipped.set('tests of checkpoints in an object store over an S3 server', noS3);
  leftOut.push(...ofS3);
}
const first = files.filter((file) => !leftOut.includes(file) && (name === 'native' || !kindOf(file).startsWith('native-')));
const broker = first.some((file) => isOverBrokers(file)) ? await realBrokers(1) : undefined;
if (broker) process.env[SHARED_BROKER] = broker.addresses;
const others = groups.group(
  folder,
  first.filter((file) => !ofKafka.includes(file)),
);
// Tests over brokers wait more than they compute: one of them is always beside the others.
const beside = groups.group(
  folder,
  first.filter((file) => ofKafka.includes(file)),
);
// Worth its second and a half where several files need a database.
const database = files.length > 3 ? await startRunDatabase() : undefined;
await Promise.all([runInTurn(beside, others), ...Array.from({ length: Math.min(2, availableParallelism()) }, () => runInTurn(others))]);
await broker?.stop();
const ofReactor = files.filter(
  (file) => (file.startsWith(join(folder, 'gateway')) && startsGateways(file)) || file === join(folder, 'reactor', 'reactor.test.js'),
);
if (name === 'portable') skipped.set('tests of the native reactor, and of gateways over it', String(whyPortable));
else if (ofReactor.length > 0) {
  console.log('\nThe tests of gateway and reactor once more, over the portable reactor:\n');
  process.env.REACTOR = 'portable';
  const again = groups.group(folder, ofReactor);
  await Promise.all(Array.from({ length: Math.min(3, availableParallelism() + 1) }, () => runInTurn(again)));
}
await database?.stop();
rmSync(compiled, { recursive: true, force: true });
groups.remove();
await new Promise((resolve) => report.once('end', resolve).end());
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0;
if (files.length === 0) console.log(`no test file below ${relative('.', folder)} matches ${wanted.join(' ')}`);
const slowest = [...seconds].sort(([, one], [, other]) => other - one).slice(0, 10);
console.log(`\nlongest: ${slowest.map(([file, took]) => `${file} ${took.toFixed(0)} s`).join(', ')}`);
console.log(`\n${passed} passed, ${failed} failed, ${skipped.size} skipped`);
for (const [name, why] of skipped) console.log(`Not run: ${name}: ${why}`);

function isWanted(file: string): boolean {
  const isOfLongForm = basename(file).startsWith('long-');
  if (wanted.length === 0) return isOfLongForm === isLong;
  return wanted.some((part) => file.includes(part)) && (!isOfLongForm || isLong || wanted.some((part) => part.includes('long-')));
}

function turnOf(file: string): number {
  const turn = longest.findIndex((start) => file.startsWith(start));
  return turn < 0 ? longest.length : turn;
}

/** Whether real brokers are what the tests of this file run over. */
function isOverBrokers(file: string): boolean {
  return ofKafka.includes(file) && kafka.over === 'brokers' && !kindOf(file).startsWith('mock-');
}

/** The name of a file without what makes it part of the long form. */
function kindOf(file: string): string {
  return basename(file).replace(/^long-/, '');
}

/** Takes groups off the lists, the first list first, and runs one after another. */
async function runInTurn(...lists: FileGroup[][]): Promise<void> {
  for (const list of lists) for (let group = list.shift(); group !== undefined; group = list.shift()) await runGroup(group);
}

/** Runs the files of a group and prints their report whole, so that groups that run at once do not get mixed up. */
async function runGroup({ path, files }: FileGroup): Promise<void> {
  const startedMs = performance.now();
  const events: object[] = [];
  const silent = new Set(files.length > 1 ? files : []);
  for await (const event of run({ files: [path], timeout })) {
    if (isOfWholeRun(event)) continue;
    events.push(event);
    silent.delete((event.data as { readonly file?: string }).file ?? '');
    if (event.type === 'test:fail' && !isOfItsTests(event.data.details.error)) failed++;
    if (event.type !== 'test:pass') continue;
    const { name, skip, details } = event.data;
    if (skip !== undefined) skipped.set(name, String(skip));
    else if ((details as { type?: string }).type !== 'suite') passed++;
  }
  const others = files.length > 1 ? ` and ${files.length - 1} more` : '';
  seconds.set(`${relative(folder, files[0] ?? path)}${others}`, (performance.now() - startedMs) / 1000);
  for (const event of events) report.write(event);
  failed += silent.size;
  for (const file of silent) console.log(`No test of ${relative(folder, file)} ran.`);
}

/** Whether a suite has failed because a test of it has, which is counted by itself. */
function isOfItsTests(error: object): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed';
}

/** Whether it counts the tests of a file, which stands for a whole run here. */
function isOfWholeRun({ type, data }: { readonly type: string; readonly data: unknown }): boolean {
  if (type === 'test:summary') return true;
  const { nesting, message } = data as { readonly nesting?: number; readonly message?: string };
  return (
    type === 'test:diagnostic' &&
    nesting === 0 &&
    /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message ?? '')
  );
}
