import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text that the state folder keeps and that changes now and then: a crash leaves the old one or the new one. */
export class KeptText {
  readonly #file: string;

  constructor(folder: string, name: string) {
    this.#file = join(folder, name);
  }

  read(): string | undefined {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : undefined;
  }

  write(text: string): void {
    const written = `${this.#file}.new`;
    writeFileSync(written, text, { mode: 0o600, flush: true });
    renameSync(written, this.#file);
  }
}
