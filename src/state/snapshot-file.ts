import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from './atomic-text-file.js';

export const SNAPSHOT_NAME = 'registry-snapshot.jsonl';

const NEWLINE = 0x0a;

/**
 * Lines in the state folder, of which the first ones are there as a whole or not at all and later ones are appended. Whoever reads
 * them finds every line that was synced.
 */
export class SnapshotFile {
  readonly #folder: string;
  readonly #path: string;
  #file: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, SNAPSHOT_NAME);
  }

  /** The lines, without one at the end that a crash cut short; none where there is no file. */
  *read(): Generator<string> {
    if (!existsSync(this.#path)) return;
    const bytes = readFileSync(this.#path);
    for (let from = 0, end = bytes.indexOf(NEWLINE); end >= 0; from = end + 1, end = bytes.indexOf(NEWLINE, from)) {
      yield bytes.toString('utf8', from, end);
    }
  }

  /** Begins a new file. The former one goes first: it would miss what is appended to the new one before that is published. */
  begin(): void {
    this.discard();
    // Hashes of tokens are in it.
    this.#file = openSync(this.#unpublished, 'w', 0o600);
  }

  /** Whole lines; they count once they are synced. */
  write(lines: string): void {
    if (this.#file === undefined) throw new Error(`${SNAPSHOT_NAME} is written before it was begun`);
    const bytes = Buffer.from(lines);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }

  /** What was written since `begin` is all that a reader needs: from now on one finds it. */
  publish(): void {
    this.sync();
    renameSync(this.#unpublished, this.#path);
    syncFolder(this.#folder);
  }

  sync(): void {
    if (this.#file !== undefined) fdatasyncSync(this.#file);
  }

  /** Removes it: whoever reads finds none. */
  discard(): void {
    this.close();
    for (const path of [this.#path, this.#unpublished]) rmSync(path, { force: true });
    syncFolder(this.#folder);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  get #unpublished(): string {
    return `${this.#path}.new`;
  }
}
