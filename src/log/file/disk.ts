import assert from 'node:assert/strict';
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writevSync,
} from 'node:fs';
import { MIB } from '../../../assembly/abi/limits.js';
import { StartFailure } from '../../contract/start-failure.js';
import { loadAddon, type NativeAddon } from '../../host/native-addon.js';

/**
 * The file calls that the log makes, and no others, so that tests can put a disk beneath it that
 * fills up, fails and loses what was not synced. All throw what `node:fs` throws.
 */
export interface Disk {
  /** Names in a folder; none when there is no such folder. */
  list(folder: string): string[];
  makeFolder(folder: string): void;
  /** `create` empties the file or makes it; the others need one. */
  open(path: string, mode: 'read' | 'write' | 'create'): number;
  close(file: number): void;
  size(file: number): number;
  /** Answers the bytes read; fewer than asked for only at the end of the file. */
  read(file: number, into: Uint8Array, position: number): number;
  /** Answers the bytes written, which may be fewer than given. */
  write(file: number, views: readonly Uint8Array[], position: number): number;
  truncate(file: number, bytes: number): void;
  /** May begin with what `sync` will do to the bytes from `from` on; nothing is durable before that. */
  startWriteback(file: number, from: number): void;
  /** May take durable bytes out of memory, so that it is free for others; `bytes` 0: up to the file's end. They are on the disk as before. */
  releaseCache(file: number, from: number, bytes: number): void;
  /** Makes the file's bytes and its size durable. */
  sync(file: number): void;
  /** Makes the names in a folder durable. */
  syncFolder(folder: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

/**
 * Of one write. Longer ones make Linux lay the page cache out in folios of 2 MiB; on virtual machines that give
 * free memory back to their host, copying into those takes two to three times the CPU.
 */
export const WRITE_BYTES_MAX = MIB;

/** Writes all of it: a full disk takes a part first, and says so only when it is asked again. */
export function writeWhole(disk: Disk, file: number, views: readonly Uint8Array[], position: number): void {
  let rest = views.filter(({ length }) => length > 0);
  for (let at = position; rest.length > 0; ) {
    const written = disk.write(file, firstBytes(rest, WRITE_BYTES_MAX), at);
    assert(written > 0, 'a write takes something or throws');
    at += written;
    rest = dropBytes(rest, written);
  }
}

/** What the system says of an open file does not name it. */
function named(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'EISDIR') return error;
  return new StartFailure(
    'log_unusable',
    `cannot read ${path}: it is a folder where a file of the log belongs (${message})`,
    'move the folder out of the log, then start again',
  );
}

export function withFile<T>(disk: Disk, path: string, mode: 'read' | 'write' | 'create', use: (file: number) => T): T {
  let file: number | undefined;
  try {
    file = disk.open(path, mode);
    return use(file);
  } catch (error) {
    throw named(error, path);
  } finally {
    if (file !== undefined) disk.close(file);
  }
}

function firstBytes(views: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const first: Uint8Array[] = [];
  let room = bytes;
  for (const view of views) {
    if (room === 0) break;
    first.push(view.subarray(0, room));
    room -= Math.min(room, view.length);
  }
  return first;
}

function dropBytes(views: Uint8Array[], bytes: number): Uint8Array[] {
  let rest = bytes;
  let index = 0;
  while (index < views.length && rest >= (views[index] as Uint8Array).length) rest -= (views[index++] as Uint8Array).length;
  if (index === views.length) return [];
  return [(views[index] as Uint8Array).subarray(rest), ...views.slice(index + 1)];
}

let loaded: ReturnType<typeof loadAddon> | undefined;

/** The native addon; undefined where there is none: then each sync does all of the writing, and the system alone says what leaves its cache. */
function addon(): NativeAddon | undefined {
  loaded ??= loadAddon();
  return 'missing' in loaded ? undefined : loaded;
}

const FLAGS = { read: 'r', write: 'r+', create: 'w+' } as const;

export const nodeDisk: Disk = {
  list(folder) {
    try {
      return readdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  },
  makeFolder: (folder) => void mkdirSync(folder, { recursive: true }),
  open: (path, mode) => openSync(path, FLAGS[mode], 0o640),
  close: closeSync,
  size: (file) => fstatSync(file).size,
  read(file, into, position) {
    let done = 0;
    while (done < into.length) {
      const bytes = readSync(file, into, done, into.length - done, position + done);
      if (bytes === 0) break;
      done += bytes;
    }
    return done;
  },
  write: (file, views, position) => writevSync(file, views, position),
  truncate: ftruncateSync,
  startWriteback: (file, from) => addon()?.startWriteback(file, from),
  releaseCache: (file, from, bytes) => addon()?.releaseCache(file, from, bytes),
  sync: fdatasyncSync,
  syncFolder(folder) {
    // A folder cannot be opened on Windows, and its names need no sync there.
    if (process.platform === 'win32') return;
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  rename: renameSync,
  remove: unlinkSync,
};
