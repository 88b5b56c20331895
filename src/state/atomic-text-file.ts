import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text in the state folder that changes now and then: a crash leaves the old one or the new one, and a written one stays. */
export class AtomicTextFile {
  readonly #folder: string;
  readonly #file: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#file = join(folder, name);
  }

  /** Undefined: there is none. */
  read(): string | undefined {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : undefined;
  }

  write(text: string): void {
    const written = `${this.#file}.new`;
    writeFileSync(written, text, { mode: 0o600, flush: true });
    // A mask of the process takes rights away from what a file is made with, and never gives any.
    chmodSync(written, 0o600);
    renameSync(written, this.#file);
    syncFolder(this.#folder);
  }
}

/** Without it a loss of power may take the new name away again. Windows opens no folder. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const open = openSync(folder, 'r');
  try {
    fsyncSync(open);
  } finally {
    closeSync(open);
  }
}
