import { readdirSync, readFileSync } from 'node:fs';
import { CONNECTIONS_MAX } from '../../assembly/abi/limits.js';

/** Descriptors that threads, log segments, the database and the API take while connections come. */
const RESERVED = 256;

/** How many descriptors this process may hold open, the limit that Node raised at its start; undefined outside Linux. */
export function openFilesMax(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** How many more connections there is room for. */
export function connectionsMax(): number {
  const files = openFilesMax();
  if (files === undefined) return CONNECTIONS_MAX;
  return Math.max(0, Math.min(CONNECTIONS_MAX, files - readdirSync('/proc/self/fd').length - RESERVED));
}
