// Writes the notices of third-party software: dist/THIRD-PARTY.md for the packages that Spillway runs with and for what is
// compiled into its modules. The console's bundle gets its own from the same functions, in src/console/vite.config.mjs.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const licenceFile = /^(licen[cs]e|copying|notice|copyright)/i;

/** Name, version, licence and its texts of the package in this folder, as one section. */
export function noticeOf(folder) {
  const { name, version, license = 'see its texts', author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return section(name, version, typeof license === 'string' ? license : license.type, author, textsIn(folder));
}

/** The folders of the packages that run with Spillway: its dependencies and theirs, as far as they are installed here. */
export function runtimePackages(folder = root) {
  const found = new Map();
  const visit = (from) => {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const there = installedAt(name, from);
      if (there === undefined || found.has(there)) continue;
      found.set(there, name);
      visit(there);
    }
  };
  visit(folder);
  return [...found].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([at]) => at);
}

export function thirdPartyNotices() {
  return [
    '# Third-party software',
    'Spillway itself is under the Apache License 2.0, see LICENSE. What the console contains is listed in console/licenses.txt.',
    '# Packages that Spillway runs with',
    ...runtimePackages().map(noticeOf),
    '# Compiled into the WebAssembly modules',
    ...[installedAt('assemblyscript', root)].filter((folder) => folder !== undefined).map(noticeOf),
    '# Compiled into the native reactor',
    ...crates(),
    '',
  ].join('\n\n');
}

/** As Node resolves it: the nearest node_modules above that has the package. */
function installedAt(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const there = join(folder, 'node_modules', name);
    if (existsSync(join(there, 'package.json'))) return there;
    if (dirname(folder) === folder) return undefined;
  }
}

function textsIn(folder) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && licenceFile.test(entry.name));
  return files.map(({ name }) => readFileSync(join(folder, name), 'utf8').trim());
}

function section(name, version, license, author, texts) {
  const by = typeof author === 'string' ? author : author?.name;
  // A package without a text of its own is named with its author: the licences ask for no less.
  const body = texts.length > 0 ? texts.map((text) => `\`\`\`\n${text.replaceAll('```', "'''")}\n\`\`\``) : by ? [`By ${by}.`] : [];
  return [`## ${name} ${version}`, `Licence: ${license}`, ...body].join('\n\n');
}

/** The Rust crates of the reactor: with their texts where cargo has them, by name and version where it has not. */
function crates() {
  try {
    const options = { cwd: join(root, 'native'), encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] };
    const said = execFileSync('cargo', ['metadata', '--format-version', '1', '--locked', '--offline'], options);
    const { packages } = JSON.parse(said);
    const others = packages.filter(({ source }) => source !== null);
    return others.map(({ name, version, license, authors, manifest_path: manifest }) =>
      section(name, version, license ?? 'see its texts', authors.join(', '), textsIn(dirname(manifest))),
    );
  } catch {
    const lock = readFileSync(join(root, 'native', 'Cargo.lock'), 'utf8');
    const named = lock.matchAll(/name = "(.+)"\nversion = "(.+)"\nsource/g);
    return [...named].map(([, name, version]) => `## ${name} ${version}\n\nLicence: as published on crates.io`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'dist', 'THIRD-PARTY.md'), thirdPartyNotices());
}
