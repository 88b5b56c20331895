import { AtomicTextFile } from './atomic-text-file.js';

/**
 * A text that the state folder keeps, made where it is not there; only whoever runs Spillway may read it. An empty file counts as none: a key
 * of no letters would let everybody in.
 */
export function readOrCreateText(folder: string, name: string, make: () => string): string {
  const file = new AtomicTextFile(folder, name);
  const kept = file.read()?.trim();
  if (kept) return kept;
  const made = make();
  file.write(`${made}\n`);
  return made;
}
