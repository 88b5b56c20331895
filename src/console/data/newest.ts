import type { Reading } from './answer.js';

/** Whether a reading takes the place of the one that is held: it is newer, or of the same time and not a number after a text. */
export function replaces(fresh: Reading, held: Reading): boolean {
  const [freshMs, heldMs] = [Date.parse(fresh.ts), Date.parse(held.ts)];
  if (freshMs !== heldMs) return freshMs > heldMs;
  return typeof fresh.value === 'string' || typeof held.value === 'number';
}
