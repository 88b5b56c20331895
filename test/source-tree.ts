import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout that this test was built from: compiled tests lie in dist/test/. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const generated = new Set(['node_modules', 'dist', 'target', '.git', '.spillway']);

/** Every file that git knows or would take in, else every file that is not generated; paths with slashes. */
export function sourceFiles(): string[] {
  try {
    const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const files = [...new Set(list.split('\0'))].filter((file) => file !== '' && file !== 'node_modules' && existsSync(join(root, file)));
    if (files.length > 0) return files.sort();
  } catch {
    // An unpacked archive has no history.
  }
  return walk('').sort();
}

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (generated.has(entry.name) || entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? walk(path) : [path];
  });
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

export interface Import {
  readonly from: string;
  /** A source file's path, or a package's name. */
  readonly to: string;
}

/** Imports and re-exports of a TypeScript file, type-only and dynamic ones with a fixed name included. */
export function importsOf(file: string, files: ReadonlySet<string>): Import[] {
  const statements = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/g;
  return [...textOf(file).matchAll(statements)].map(([, fixed, dynamic]) => {
    const name = fixed ?? dynamic ?? '';
    return { from: file, to: name.startsWith('.') ? resolved(file, name, files) : name };
  });
}

/** Sources name each other as .js (tsc), without an ending (asc) or as they are (vite). */
function resolved(file: string, name: string, files: ReadonlySet<string>): string {
  const path = posix.join(posix.dirname(file), name);
  const candidates = [path, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx'), path.replace(/\.js$/, '.d.ts'), `${path}.ts`];
  return candidates.find((candidate) => files.has(candidate)) ?? path;
}

/** One cycle of the graph as a list of files, or undefined. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const to of next.get(file) ?? []) {
      const cycle = visit(to, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of next.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
