import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A device token that later runs find again in the state folder, readable by its owner alone. */
export function keptToken(stateFolder: string, name: string): { token: string; path: string; made: boolean } {
  const path = join(stateFolder, name);
  try {
    return { token: readFileSync(path, 'utf8').trim(), path, made: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(24).toString('base64url');
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return { token, path, made: true };
}
