import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { chooseReactor } from '../src/reactor/open-reactor.js';
import { chooseKafka } from './support/kafka/choose.js';
import { realBrokers, SHARED_BROKER } from './support/kafka/real-brokers.js';
import { whyNoS3 } from './support/s3/choose.js';
import { SLOWNESS } from './support/until.js';

// Runs every *.test.js below this folder, or those whose path contains one of the arguments. Files named long-*.test.js are the
// long form: they run with --long, alone, or when they are asked for by name.
const folder = fileURLToPath(new URL('.', import.meta.url));
const isLong = process.argv.includes('--long');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--long');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js') && isWanted(file))
  .sort()
  .map((file) => join(folder, file));

let passed = 0;
let failed = 0;
const skipped = new Map<string, string>();
// A file that hangs must not hold up the rest; one that was asked for by name may be a long form.
const timeout = wanted.length === 0 && !isLong ? 240_000 * SLOWNESS : Number.POSITIVE_INFINITY;

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
// Tests over brokers wait more than they compute, so they take a place of their own beside the others.
await Promise.all([
  runFiles(first.filter((file) => !ofKafka.includes(file))),
  runFiles(
    first.filter((file) => ofKafka.includes(file)),
    true,
  ),
]);
await broker?.stop();
const ofReactor = files.filter((file) => file.startsWith(join(folder, 'gateway')) || file === join(folder, 'reactor', 'reactor.test.js'));
if (name === 'portable') skipped.set('tests of the native reactor, and of gateways over it', String(whyPortable));
else if (ofReactor.length > 0) {
  console.log('\nThe tests of gateway and reactor once more, over the portable reactor:\n');
  process.env.REACTOR = 'portable';
  await runFiles(ofReactor);
}
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0;
if (files.length === 0) console.log(`no test file below ${relative('.', folder)} matches ${wanted.join(' ')}`);
console.log(`\n${passed} passed, ${failed} failed, ${skipped.size} skipped`);
for (const [name, why] of skipped) console.log(`Not run: ${name}: ${why}`);

function isWanted(file: string): boolean {
  const isOfLongForm = basename(file).startsWith('long-');
  if (wanted.length === 0) return isOfLongForm === isLong;
  return wanted.some((part) => file.includes(part)) && (!isOfLongForm || isLong || wanted.some((part) => part.includes('long-')));
}

/** Whether real brokers are what the tests of this file run over. */
function isOverBrokers(file: string): boolean {
  return ofKafka.includes(file) && kafka.over === 'brokers' && !kindOf(file).startsWith('mock-');
}

/** The name of a file without what makes it part of the long form. */
function kindOf(file: string): string {
  return basename(file).replace(/^long-/, '');
}

/** Runs files and prints their report as it comes, or whole at the end for those that run beside others, one at a time. */
async function runFiles(paths: string[], isBeside = false): Promise<void> {
  if (paths.length === 0) return;
  const stream = run({ files: paths, concurrency: isBeside ? 1 : Math.min(2, availableParallelism()), timeout });
  stream.on('test:pass', ({ name, skip, details }) => {
    if (skip !== undefined) skipped.set(name, String(skip));
    else if ((details as { type?: string }).type !== 'suite') passed++;
  });
  stream.on('test:fail', () => {
    failed++;
  });
  const report: string[] = [];
  for await (const part of stream.compose(new spec())) {
    if (isBeside) report.push(String(part));
    else process.stdout.write(part);
  }
  process.stdout.write(report.join(''));
}
