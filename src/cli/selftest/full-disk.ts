import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A disk of its own below a folder, or a limit on what a process may write: something that fills up and has room again. */
export interface FullDisk {
  readonly name: string;
  /** What has happened once it is filled. */
  readonly filled: string;
  /** What a write says while it is full. */
  readonly code: 'ENOSPC' | 'EFBIG';
  /** `pid` writes there; so many bytes of room are left, where a disk is filled. */
  fill(pid: number, leftBytes?: number): void;
  free(pid: number): void;
  remove(): void;
}

export interface NoDisk {
  /** Why nothing can be filled here. */
  readonly missing: string;
}

const MOUNT_MIB = 160;

/** A small tmpfs mounted at `folder`; where mounting is not allowed, a file-size limit on the process; where there is neither, why. */
export function fullDisk(folder: string): FullDisk | NoDisk {
  mkdirSync(folder, { recursive: true });
  const mount = attempt('mount', ['-t', 'tmpfs', '-o', `size=${MOUNT_MIB}m`, 'spillway-test', folder]);
  if (mount === undefined) return tmpfs(folder);
  const limit = attempt('prlimit', ['--pid', String(process.pid), '--fsize']);
  if (limit === undefined) return sizeLimit();
  return { missing: `no small file system can be mounted (${mount}), and no file-size limit set (${limit})` };
}

/** What `fullDisk` would answer, and nothing that it made is left. */
export function findFullDisk(): Pick<FullDisk, 'name'> | NoDisk {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-disk-'));
  try {
    const disk = fullDisk(folder);
    if (!('missing' in disk)) disk.remove();
    return disk;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why the command failed; undefined: it did not. */
function attempt(command: string, words: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
  if (status === 0) return undefined;
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return `there is no ${command}`;
  return stderr?.trim().split('\n')[0] || `${command} failed`;
}

function tmpfs(folder: string): FullDisk {
  const filler = join(folder, 'filler');
  return {
    name: 'a tmpfs',
    filled: 'the disk of the log, a tmpfs, was full',
    code: 'ENOSPC',
    fill(_pid, leftBytes = 0) {
      const { bavail, bsize } = statfsSync(folder);
      try {
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes), 1));
      } catch (error) {
        // Whoever writes there, too, may have had the last of it: full is full.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    },
    free: () => rmSync(filler),
    // Lazily where it is in use: it goes with its last user.
    remove: () => {
      if (attempt('umount', [folder]) !== undefined) execFileSync('umount', ['-l', folder]);
    },
  };
}

/** Node ignores SIGXFSZ, so a write beyond the limit fails as one to a full disk does. */
function sizeLimit(): FullDisk {
  const limit = (pid: number, bytes: string) => void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  return {
    name: 'a file-size limit',
    filled: "the appliance's files could not grow, by a file-size limit,",
    code: 'EFBIG',
    fill: (pid) => limit(pid, '0'),
    free: (pid) => limit(pid, 'unlimited'),
    remove: () => {},
  };
}
