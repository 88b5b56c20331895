import { closeSync, ftruncateSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StartFailure } from '../contract/start-failure.js';
import { STATE_LOCK } from '../contract/state-folder.js';
import { lockFile } from './file-lock.js';

const NAME_ATTEMPTS_MAX = 50;
const NAME_RETRY_MS = 20;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/** Holds a state folder for this process until it ends or calls the answer. Throws while another process holds it, naming that one. */
export async function lockStateFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, STATE_LOCK);
  const file = await take(folder, path);
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  ftruncateSync(file);
  writeSync(file, `${JSON.stringify(holder)}\n`, 0);
  let isHeld = true;
  return async () => {
    if (isHeld) closeSync(file);
    isHeld = false;
  };
}

async function take(folder: string, path: string): Promise<number> {
  let file: number | undefined;
  try {
    file = lockFile(path);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new StartFailure(
      'state_folder_unusable',
      `cannot lock state folder ${folder}: ${cause}`,
      'set SPILLWAY_STATE to a folder of this user on a file system that has locks',
    );
  }
  if (file !== undefined) return file;
  throw new StartFailure(
    'state_folder_in_use',
    `cannot use state folder ${folder}: ${await holderOf(path)}`,
    'stop that process, or set SPILLWAY_STATE to another folder',
  );
}

/** Says who has the lock. Its file still names a dead predecessor until the one who just took it has written its own name. */
async function holderOf(path: string): Promise<string> {
  for (let attempt = 0; attempt < NAME_ATTEMPTS_MAX; attempt++) {
    const holder = readHolder(path);
    if (holder && !isDeadHere(holder)) return `process ${holder.pid} on host ${holder.host} has held it since ${holder.since}`;
    await delay(NAME_RETRY_MS);
  }
  return `another process holds it, which has not written its name into ${STATE_LOCK}`;
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    // It is being written, or the system lets nobody else read a locked file.
    return undefined;
  }
}

function isDeadHere({ pid, host }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
