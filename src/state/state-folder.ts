import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartFailure } from '../contract/start-failure.js';
import { STATE_LOCK } from '../contract/state-folder.js';

/** Keys, passwords and readings lie in it: nobody but the account of Spillway enters. */
const MODE = 0o700;
/** Names in a folder that say that it is a state folder and nothing else. */
const OWN_NAMES: readonly string[] = [STATE_LOCK, 'admin-key'];

/** Makes the state folder if it is not there, parents included, and closes it to other accounts. */
export function makeStateFolder(folder: string): void {
  if (!existsSync(folder)) make(folder, MODE);
  else closeToOthers(folder);
}

/** One by one, as Node's own recursive way never returns where a folder can be seen but not made (below /proc). */
function make(folder: string, mode?: number): void {
  if (dirname(folder) !== folder && !existsSync(dirname(folder))) make(dirname(folder));
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    const cause = error instanceof Error ? error.message : String(error);
    throw new StartFailure(
      'state_folder_unusable',
      `cannot make state folder ${folder}: ${cause}`,
      'set SPILLWAY_STATE to a folder that this user can write',
    );
  }
}

/** A folder that somebody else owns, or that holds other things (somebody set SPILLWAY_STATE to /tmp), stays as it is. */
function closeToOthers(folder: string): void {
  const { uid, mode } = statSync(folder);
  // Run as root, the group of the embedded database may pass through.
  if ((mode & 0o067) === 0 || uid !== process.geteuid?.()) return;
  const names = readdirSync(folder);
  if (names.length === 0 || names.some((name) => OWN_NAMES.includes(name))) chmodSync(folder, MODE);
}
