import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { standStill } from '../../bench/standstill.js';

/** Stops the embedded server of this state folder without a word; answers how to let it go on, which may be called again. */
export function stopDatabase(stateFolder: string): () => void {
  return standStill(Number(readFileSync(join(stateFolder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]));
}
