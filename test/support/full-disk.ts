import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A disk of its own below a folder, or a limit on what a process may write: something that fills up and has room again. */
export interface FullDisk {
  readonly name: string;
  /** What a write says while it is full. */
  readonly code: 'ENOSPC' | 'EFBIG';
  fill(pid: number): void;
  free(pid: number): void;
  remove(): void;
}

const MOUNT_MIB = 160;
const LEFT_MIB = 2;
const MIB = 1024 * 1024;

/** A small tmpfs mounted at `folder`; where mounting is not allowed, a file-size limit on the process. */
export function fullDisk(folder: string): FullDisk {
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${MOUNT_MIB}m`, 'spillway-test', folder]).status === 0;
  return mounted ? tmpfs(folder) : sizeLimit();
}

function tmpfs(folder: string): FullDisk {
  const filler = join(folder, 'filler');
  return {
    name: 'a tmpfs',
    code: 'ENOSPC',
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize - LEFT_MIB * MIB, 1));
    },
    free: () => rmSync(filler),
    remove: () => void execFileSync('umount', [folder]),
  };
}

/** Node ignores SIGXFSZ, so a write beyond the limit fails as one to a full disk does. */
function sizeLimit(): FullDisk {
  const limit = (pid: number, bytes: string) => void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  return {
    name: 'a file-size limit',
    code: 'EFBIG',
    fill: (pid) => limit(pid, '0'),
    free: (pid) => limit(pid, 'unlimited'),
    remove: () => {},
  };
}
