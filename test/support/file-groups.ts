import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Files of one process: what one of them leaves open is there while the next ones run, so that a hang is found by a small group. */
const FILES_MAX = 12;
/** Folders whose files start no process, and measure none: most of what such a file costs is the start of its own. */
const TOGETHER = [
  ...['broker/', 'config/', 'console/', 'contract/', 'control/', 'decode/', 'gateway/', 'host/', 'http/', 'log/', 'object-store/'],
  ...['pipeline/', 'plane/', 'state/', 'store/refused/', 'store/schema/', 'store/write/', 'telemetry/'],
];

/** Test files that run in one process. */
export interface FileGroup {
  /** What runs: the test file itself, or one that brings in several. */
  readonly path: string;
  readonly files: readonly string[];
}

/** Where the files that bring in several are. */
export class GroupFolder {
  readonly #folder = mkdtempSync(join(tmpdir(), 'spillway-groups-'));
  #count = 0;

  /** `files` of the folder `top`, in their order; those of one folder together where that does no harm. */
  group(top: string, files: readonly string[]): FileGroup[] {
    const groups: string[][] = [];
    const open = new Map<string, string[]>();
    for (const file of files) {
      const room = waitsAtItsTop(file) ? undefined : TOGETHER.find((start) => relative(top, file).startsWith(start));
      const group = room === undefined ? undefined : open.get(room);
      if (group && group.length < FILES_MAX) {
        group.push(file);
        continue;
      }
      const begun = [file];
      groups.push(begun);
      if (room !== undefined) open.set(room, begun);
    }
    return groups.map((group) => ({ path: group.length === 1 ? String(group[0]) : this.#write(top, group), files: group }));
  }

  /** Each file is a suite, so that what it does before and after its tests concerns its own. */
  #write(top: string, files: readonly string[]): string {
    const path = join(this.#folder, `${relative(top, dirname(files[0] ?? '')).replaceAll('/', '-')}-${++this.#count}.test.mjs`);
    const suites = files.map((file) => {
      const url = JSON.stringify(pathToFileURL(file).href);
      return `describe(${JSON.stringify(relative(top, file))}, async () => void (await import(${url})));\n`;
    });
    writeFileSync(path, `import { describe } from 'node:test';\n${suites.join('')}`);
    return path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Node 20 does not know any more of which suite the tests are that are declared after such a wait. */
function waitsAtItsTop(file: string): boolean {
  return /^\S.*\bawait\b/m.test(
    readFileSync(file, 'utf8').replaceAll(/^(\/\/|import\b|export (async )?function\b|async function\b).*/gm, ''),
  );
}
