import { spawnSync } from 'node:child_process';
import { closeSync, constants, fchmodSync, fstatSync, openSync, statSync } from 'node:fs';
import { loadAddon } from '../host/native-addon.js';

// The lock of flock(2): the kernel keeps it with the open file and frees it when the last descriptor of that file is closed,
// however the process ends. Node has no call for it, so it is taken in one of three ways, which all exclude one another:
//
//   macOS, Windows   a flag of open(2); on Windows it denies every other open
//   Linux            the native addon, where it was built; else the program flock(1): its lock lies on the open file that it
//                    inherits, so the lock stays with this process when the program has ended

/** Only this account may open the file: a lock can be taken through a descriptor that only reads. */
const MODE = 0o600;
/** libuv's UV_FS_O_EXLOCK, which Node does not name: the system's own O_EXLOCK, and a value of libuv's own on Windows. */
const EXCLUSIVE = { darwin: 0x20, win32: 0x10000000 } as const;
const TAKEN = ['EAGAIN', 'EWOULDBLOCK', 'EBUSY'];
/** How often a file that is replaced while it is being locked is opened again. */
const ATTEMPTS_MAX = 10;

/**
 * Takes the lock of the file, which is made where it is not there, and answers its descriptor: to close it gives the lock
 * back. Undefined: another process has the lock. Throws what the system refuses.
 */
export function lockFile(path: string): number | undefined {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const file = openLocked(path);
    if (file === undefined) return undefined;
    if (isNamed(file, path)) return file;
    closeSync(file);
  }
  throw new Error('the file is replaced again and again');
}

function openLocked(path: string): number | undefined {
  const { O_RDWR, O_CREAT, O_NONBLOCK = 0 } = constants;
  const exclusive = EXCLUSIVE[process.platform as keyof typeof EXCLUSIVE];
  if (exclusive !== undefined) {
    try {
      return openSync(path, O_RDWR | O_CREAT | O_NONBLOCK | exclusive, MODE);
    } catch (error) {
      if (TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  }
  const file = openSync(path, O_RDWR | O_CREAT, MODE);
  try {
    fchmodSync(file, MODE);
    if (lockOpenFile(file)) return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
  closeSync(file);
  return undefined;
}

function lockOpenFile(file: number): boolean {
  const addon = loadAddon();
  // An addon that was built from older sources has no such call.
  if (!('missing' in addon) && addon.lockFile) return addon.lockFile(file);
  return lockByProgram(file);
}

/** Whether the open file got its lock; false: another one has it. */
export function lockByProgram(file: number): boolean {
  const inherited = 3;
  const { status, error, stderr } = spawnSync('flock', ['-x', '-n', String(inherited)], { stdio: ['ignore', 'ignore', 'pipe', file] });
  if (error) throw new Error(`the program flock does not run (${error.message}): install util-linux, or build the native addon`);
  if (status === 0 || status === 1) return status === 0;
  throw new Error(`flock ended with ${status}: ${stderr.toString().trim()}`);
}

/** Whether the path still names the open file: a lock on one that was removed or replaced excludes nobody. */
function isNamed(file: number, path: string): boolean {
  const [open, named] = [fstatSync(file, { bigint: true }), statSync(path, { bigint: true, throwIfNoEntry: false })];
  return named !== undefined && open.ino === named.ino && open.dev === named.dev;
}
