import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A device token that later runs find again in the state folder, readable by its owner alone. An empty file counts as none. */
export function keptToken(stateFolder: string, name: string): { token: string; path: string; made: boolean } {
  const path = join(stateFolder, name);
  const kept = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (kept !== '') return { token: kept, path, made: false };
  const token = randomBytes(24).toString('base64url');
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(`${path}.new`, `${token}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
  return { token, path, made: true };
}
