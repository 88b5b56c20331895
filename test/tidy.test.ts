import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { test } from 'node:test';
import { variableOf } from '../src/config/setting.js';
import { settings } from '../src/config/table.js';
import { apiErrors } from '../src/contract/api-errors.js';
import { refusalCodes } from '../src/contract/codes.js';
import { findCycle, type Import, importsOf, root, sourceFiles, textOf } from './source-tree.js';

// The house rules, as a test: what a reviewer need not say again.

const files = sourceFiles();
const known = new Set(files);
const scripts = files.filter((file) => /\.tsx?$/.test(file));
const imports = scripts.flatMap((file) => importsOf(file, known));

const topLevel = [
  ...['assembly', 'native', 'src', 'bench', 'test', 'deploy', '.ci'],
  ...[
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'LICENSE',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'asconfig.json',
    'biome.json',
  ],
  ...['.gitignore', '.gitattributes', '.npmrc'],
];
const sourceFolders = [
  ...[
    'app',
    'broker',
    'cli',
    'config',
    'console',
    'contract',
    'control',
    'decisions',
    'edge',
    'gateway',
    'host',
    'http',
    'kafka',
    'log',
    'object-store',
  ],
  ...['pipeline', 'plane', 'reactor', 'sockets', 'state', 'store', 'telemetry', 'main.ts'],
];

/**
 * Who may import whom below src/: contract <- telemetry, host, state, sockets <- reactor, kafka, object-store <- gateway, log, pipeline,
 * store, plane, http <- control, cli <- app <- main. The folders of the data plane (gateway, log, pipeline, store) do not import one another, but for
 * the log's reader and disk: app wires them. A folder may always import itself; main.ts may import everything, and nobody imports it.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  contract: ['assembly/abi'],
  config: ['assembly/abi', 'contract'],
  telemetry: ['assembly/abi', 'config', 'contract'],
  host: ['assembly/abi', 'contract'],
  // The lock of the state folder is a call of the addon, where that was built.
  state: ['config', 'contract', 'telemetry', 'host/native-addon.ts'],
  // Server sockets of devices and of HTTP: TLS, PROXY headers, the request that opens a WebSocket.
  sockets: ['contract'],
  reactor: ['assembly/abi', 'contract', 'host', 'sockets'],
  kafka: ['assembly/abi', 'contract', 'telemetry'],
  'object-store': ['contract', 'telemetry'],
  broker: ['assembly/abi', 'contract', 'host', 'telemetry'],
  gateway: ['assembly/abi', 'contract', 'host', 'reactor', 'telemetry'],
  log: ['assembly/abi', 'config', 'contract', 'host', 'kafka', 'telemetry'],
  // The log is the queue before the pipeline: its reader is how blocks come in. Checkpoints lie on the same kind of disk.
  pipeline: [...['assembly/abi', 'contract', 'host', 'object-store', 'telemetry'], ...['log/file/reader.ts', 'log/file/disk.ts']],
  store: ['assembly/abi', 'contract', 'host', 'telemetry'],
  plane: ['assembly/abi', 'config', 'contract', 'host', 'reactor', 'state', 'telemetry'],
  http: ['assembly/abi', 'config', 'contract', 'sockets', 'telemetry'],
  // A subject brings its calls, made with what http offers. A trial of a rule, and the search for the fault
  // of a dead letter, run kernels of their own; the first reads its rows as the store does.
  control: [
    ...['assembly/abi', 'contract', 'http', 'telemetry', 'config/settings/process.ts'],
    // An upload of a codec is brought up once.
    ...['host/codec-instance.ts', 'host/codec-output.ts'],
    ...['pipeline/fault-kernel.ts', 'pipeline/trial-kernel.ts', 'store/write/batch-rows.ts', 'store/write/copy-rows.ts'],
  ],
  cli: ['contract', 'config'],
  // It puts the rooms together; what it has started it hands to the commands.
  app: [
    ...['config', 'contract', 'control', 'http', 'kafka', 'log', 'plane', 'reactor', 'sockets', 'state', 'store', 'telemetry'],
    'cli/appliance.ts',
  ],
  console: ['contract'],
  edge: ['contract', 'host', 'telemetry'],
};

/**
 * The floors of assembly/, the lowest first: a file imports its own folder and floors below its own. Blocks know no protocol, so that
 * MQTT, CoAP and HTTP share one way in.
 */
const kernelFloors: readonly (readonly string[])[] = [
  ['abi'],
  ['memory'],
  ['clock', 'utf8', 'answers', 'outbox'],
  ['directory', 'series'],
  ['dedup', 'block', 'rows', 'decode', 'routes'],
  ['mqtt', 'coap', 'schema'],
  ['captures'],
  ['records', 'release', 'statement', 'turn'],
  ['checkpoint'],
  ['gateway', 'pipeline'],
  // The pipeline's exports, and more.
  ['trial'],
];

/** Folder or file of a kernel source: `assembly/mqtt/turn.ts` is `mqtt`, `assembly/memory.ts` is `memory`. */
function kernelPlaceOf(file: string): string {
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '');
}

function refusedInKernel({ from, to }: Import): string | undefined {
  if (!to.startsWith('assembly/')) return 'kernels import kernels only';
  const [here, there] = [kernelPlaceOf(from), kernelPlaceOf(to)];
  const [floor, floorBelow] = [here, there].map((place) => kernelFloors.findIndex((places) => places.includes(place))) as [number, number];
  return here === there || (floorBelow >= 0 && floorBelow < floor) ? undefined : `${there} is not below ${here}`;
}

/** A place in the table: `src/log/file.ts` is `log`, `assembly/abi/block.ts` is `assembly/abi`. */
function placeOf(file: string): string {
  const [top, second = ''] = file.split('/');
  return top === 'src' ? second : top === 'assembly' ? `${top}/${second}` : (top ?? '');
}

function refused({ from, to }: Import): string | undefined {
  if (!known.has(to)) return undefined;
  if (from.startsWith('assembly/')) return refusedInKernel({ from, to });
  if (!from.startsWith('src/') || from === 'src/main.ts') return undefined;
  const [here, there] = [placeOf(from), placeOf(to)];
  const allowed = mayImport[here]?.some((place) => place === there || `src/${place}` === to);
  return here === there || allowed ? undefined : `${here} may import ${mayImport[here]?.join(', ') ?? 'nothing'}`;
}

test('top-level and source folders are those of the tree', () => {
  const strange = files.filter((file) => {
    const [top = '', second = ''] = file.split('/');
    return !topLevel.includes(top) || (top === 'src' && !sourceFolders.includes(second));
  });
  assert.deepEqual(strange, []);
});

test('imports go one way, into files that exist', () => {
  const wrong = imports.flatMap((one) => {
    const why = refused(one) ?? (/^(src|bench|test|assembly)\//.test(one.to) && !known.has(one.to) ? 'there is no such file' : undefined);
    return why ? [`${one.from} -> ${one.to}: ${why}`] : [];
  });
  assert.deepEqual(wrong, []);
  // The rule itself: without it a broken parser of imports would pass.
  assert.ok(imports.length > scripts.length);
  assert.ok(refused({ from: 'src/contract/codes.ts', to: 'src/config/config.ts' }));
  assert.ok(refused({ from: 'src/host/kernel.ts', to: 'src/cli/program.ts' }));
  assert.ok(refused({ from: 'assembly/block/seal.ts', to: 'assembly/mqtt/turn.ts' }));
});

test('no import runs in a circle', () => {
  assert.equal(findCycle(imports.filter(({ to }) => known.has(to)))?.join(' -> '), undefined);
  assert.deepEqual(
    findCycle([
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ]),
    ['a', 'b', 'a'],
  );
});

test('files are named in kebab-case, Rust in snake_case, and none is a drawer for everything', () => {
  const plain = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
  const rust = /^[a-z0-9]+(_[a-z0-9]+)*\.rs$/;
  const given = /^([A-Z]+\.md|LICENSE|Cargo\.(toml|lock)|\.[a-z]+)$/;
  const drawer = /^(utils?|helpers?|commons?|managers?|types|misc)$/;
  const wrong = files.filter((file) => {
    const name = basename(file);
    const parts = file.split('/').map((part) => part.replace(/\..*$/, ''));
    const inDrawer = parts.some((part) => drawer.test(part) || /-(utils?|helpers?|manager)$/.test(part));
    return inDrawer || (!(file.endsWith('.rs') ? rust : plain).test(name) && !given.test(name));
  });
  assert.deepEqual(wrong, []);
});

test('files keep to 500 lines and none re-exports everything of another', () => {
  const long = files.filter((file) => /\.(tsx?|rs|sql)$/.test(file) && textOf(file).split('\n').length > 501);
  assert.deepEqual(long, []);
  assert.deepEqual(
    scripts.filter((file) => !file.startsWith('assembly/') && /^export \* from/m.test(textOf(file))),
    [],
  );
});

test('every test runs and asserts', () => {
  const tests = scripts.filter((file) => file.endsWith('.test.ts'));
  assert.ok(tests.length > 5);
  const switched = /\b(?:test|it|describe|suite)\.(?:skip|only|todo)\b|\b(?:only|todo): true\b|\bskip: (?:true|')/;
  assert.deepEqual(
    tests.filter((file) => switched.test(textOf(file))),
    [],
  );
  assert.deepEqual(
    tests.filter((file) => !importsOf(file, known).some(({ to }) => to.startsWith('node:assert'))),
    [],
  );
});

test('nothing is left for later in a comment', () => {
  // Put together here so that this file does not find itself.
  const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
  assert.deepEqual(
    files.filter((file) => /\.(tsx?|rs|css|html|sql|md|json)$|^\.ci\//.test(file) && marks.test(textOf(file))),
    [],
  );
});

test('the lock file names packages and hashes, no registry', () => {
  const lock = textOf('package-lock.json');
  assert.doesNotMatch(lock, /"resolved": "https?:/);
  assert.match(lock, /"integrity": "sha512-/);
});

test('what the kernels export says what it does; a getter whose name says it may be without', () => {
  const exported = ['assembly/gateway.ts', 'assembly/pipeline.ts'].flatMap((module) => {
    const text = textOf(module);
    const lists = [...text.matchAll(/^export \{([^}]*)\} from '\.\/([^']+)'/gm)];
    const listed = lists.flatMap(([, names = '', path]) =>
      names.split(',').map((name) => [`assembly/${path}.ts`, name.trim().split(' ')[0] ?? '']),
    );
    const own = [...text.matchAll(/^export function (\w+)/gm)].map(([, name = '']) => [module, name]);
    return [...listed, ...own];
  });
  assert.ok(exported.length >= 2);
  const bare = exported.filter(([file = '', name]) => {
    const found = new RegExp(`(\\*/\\n(?:@.*\\n)*)?^export function ${name}\\((.*)`, 'm').exec(textOf(file));
    return found !== null && found[1] === undefined && !found[2]?.startsWith(')');
  });
  assert.deepEqual(bare, []);
});

test('every code and every setting is in the documents, and every documented code exists', async () => {
  const readme = textOf('README.md');
  const linked = [...readme.matchAll(/\]\(([^)#\s]+\.md)\)/g)]
    .map(([, path = '']) => posix.normalize(path))
    .filter((path) => known.has(path));
  const documents = [readme, ...linked.map(textOf)].join('\n');
  const codes = [...refusalCodes.map(({ name }) => name), ...apiErrors.keys()];
  assert.deepEqual(
    codes.filter((name) => !documents.includes(`\`${name}\``)),
    [],
  );
  assert.deepEqual(
    settings.map(({ name }) => variableOf(name)).filter((name) => !documents.includes(`\`${name}\``)),
    [],
  );
  const documented = [...textOf('deploy/REFUSALS.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  assert.ok(documented.length >= codes.length);
  const sources = scripts
    .filter((file) => file.startsWith('src/'))
    .map(textOf)
    .join('\n');
  assert.deepEqual(
    documented.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources)),
    [],
  );
});

test('the commands that the documents promise are there', () => {
  const { scripts: commands, bin } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string>; bin: Record<string, string> };
  for (const name of [
    'build',
    'test',
    'lint',
    'demo',
    'start',
    'bench:kernel',
    'bench:ingest',
    'bench:thin',
    'bench:broker',
    'bench:fairness',
    'bench:idle',
    'bench:peers',
    'bench:soak',
    'bench:recovery',
  ])
    assert.ok(commands[name], name);
  assert.equal(bin.spillway, 'dist/src/main.js');
  for (const command of ['npm ci', 'npm run lint', 'npm test']) assert.ok(textOf('.ci/run').includes(`\n${command}\n`), command);
});

test('decisions are numbered one after the other, each with its number in its title', () => {
  const files = readdirSync(join(root, 'src', 'decisions')).filter((name) => name.endsWith('.md'));
  const titles = files.sort().map((name) => textOf(`src/decisions/${name}`).slice(2, 6));
  assert.deepEqual(
    files.map((name) => name.slice(0, 4)),
    files.map((_, index) => String(index + 1).padStart(4, '0')),
  );
  assert.deepEqual(
    titles,
    files.map((name) => name.slice(0, 4)),
  );
});
