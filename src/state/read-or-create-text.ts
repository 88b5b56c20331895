import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text that the state folder keeps, made where it is not there; only whoever runs Spillway may read it. */
export function readOrCreateText(folder: string, name: string, make: () => string): string {
  const file = join(folder, name);
  if (!existsSync(file)) {
    writeFileSync(file, `${make()}\n`, { mode: 0o600 });
    // A mask of the process takes rights away from what a file is made with, and never gives any.
    chmodSync(file, 0o600);
  }
  return readFileSync(file, 'utf8').trim();
}
