import { basename, dirname } from 'node:path';
import type { Disk } from '../../../src/log/file/disk.js';
import type { Random } from '../../support/random.js';

/** Small, so that a block of a test spans many of what a disk writes as one. */
const PAGE_BYTES = 64;

export type DiskCall =
  | 'open'
  | 'close'
  | 'fstat'
  | 'read'
  | 'write'
  | 'ftruncate'
  | 'fdatasync'
  | 'fsync'
  | 'rename'
  | 'unlink'
  | 'readdir';

/**
 * What goes wrong with a call. `fail`: it throws and changes nothing (a sync: takes the pages for clean all the same).
 * `short`: a write takes a part. `halt`: the machine or the process ends, before the call had any effect or after it.
 */
export type Fault =
  | { readonly kind: 'fail'; readonly code: 'EIO' | 'ENOSPC' | 'EDQUOT' }
  | { readonly kind: 'short' }
  | { readonly kind: 'halt'; readonly effect: 'none' | 'done' };

/** What every call throws once the machine has halted: no failure of a disk, so nobody may catch it and go on. */
export class Halted extends Error {
  constructor() {
    super('the machine has halted');
    this.name = 'Halted';
  }
}

/** A file as programs see it, as the platter has it, and which pages differ for all the kernel knows. */
interface Inode {
  seen: Uint8Array;
  kept: Uint8Array;
  dirty: Set<number>;
}

/**
 * A disk in memory that does what disks do to logs: it fills up in the middle of a write, fails a sync
 * and then takes the pages for clean, and forgets at a crash an arbitrary part of what was not synced.
 */
export class ModelDisk implements Disk {
  /** Bytes that files can still grow; a write beyond takes what fits, the next one fails. */
  room = Number.POSITIVE_INFINITY;
  /** After so many sound syncs the next `failingSyncs` fail with EIO. */
  soundSyncs = 0;
  failingSyncs = 0;
  failingTruncates = 0;
  /** Asked at every call. */
  fault: (call: DiskCall, path: string) => Fault | undefined = () => undefined;
  /** Calls so far. */
  calls = 0;
  #hasHalted = false;
  #names = new Map<string, Inode>();
  #keptNames = new Map<string, Inode>();
  readonly #files = new Map<number, Inode>();
  #nextFile = 3;

  get openFiles(): number {
    return this.#files.size;
  }

  list(folder: string): string[] {
    this.#enter('readdir', folder);
    return [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }

  makeFolder(): void {}

  open(path: string, mode: 'read' | 'write' | 'create'): number {
    const halts = this.#enter('open', path);
    let inode = this.#names.get(path);
    if (!inode && mode !== 'create') throw failure('ENOENT', 'open');
    inode ??= { seen: new Uint8Array(0), kept: new Uint8Array(0), dirty: new Set() };
    this.#names.set(path, inode);
    if (mode === 'create') inode.seen = new Uint8Array(0);
    this.#leave(halts);
    this.#files.set(this.#nextFile, inode);
    return this.#nextFile++;
  }

  close(file: number): void {
    if (this.#hasHalted) throw new Halted();
    if (!this.#files.delete(file)) throw failure('EBADF', 'close');
  }

  size(file: number): number {
    return this.#inode(file).seen.length;
  }

  read(file: number, into: Uint8Array, position: number): number {
    this.#enter('read');
    const part = this.#inode(file).seen.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  write(file: number, views: readonly Uint8Array[], position: number): number {
    const fault = this.#enter('write');
    const inode = this.#inode(file);
    // What is there already is written over without room for it.
    const over = Math.max(0, inode.seen.length - position);
    const whole = Buffer.concat(views).subarray(0, over + this.room);
    const bytes = fault?.kind === 'short' ? whole.subarray(0, Math.ceil(whole.length / 3)) : whole;
    if (bytes.length === 0) throw failure('ENOSPC', 'write');
    this.room -= Math.max(0, bytes.length - over);
    const grown = new Uint8Array(Math.max(inode.seen.length, position + bytes.length));
    grown.set(inode.seen);
    grown.set(bytes, position);
    inode.seen = grown;
    for (let page = Math.floor(position / PAGE_BYTES); page * PAGE_BYTES < position + bytes.length; page++) inode.dirty.add(page);
    this.#leave(fault);
    return bytes.length;
  }

  startWriteback(): void {}

  releaseCache(_file: number, _from: number, _bytes: number): void {}

  truncate(file: number, bytes: number): void {
    const halts = this.#enter('ftruncate');
    if (this.failingTruncates > 0) {
      this.failingTruncates--;
      throw failure('EIO', 'ftruncate');
    }
    const inode = this.#inode(file);
    inode.seen = inode.seen.slice(0, bytes);
    this.#leave(halts);
  }

  sync(file: number): void {
    const inode = this.#inode(file);
    const fault = this.#enter('fdatasync', '', () => inode.dirty.clear());
    if (this.failingSyncs > 0 && this.soundSyncs > 0) {
      this.soundSyncs--;
    } else if (this.failingSyncs > 0) {
      this.failingSyncs--;
      inode.dirty.clear();
      throw failure('EIO', 'fdatasync');
    }
    inode.kept = merge(inode, () => true, inode.seen.length);
    inode.dirty.clear();
    this.#leave(fault);
  }

  syncFolder(folder: string): void {
    const halts = this.#enter('fsync', folder);
    for (const path of new Set([...this.#names.keys(), ...this.#keptNames.keys()])) {
      if (dirname(path) === folder) copyName(path, this.#names, this.#keptNames);
    }
    this.#leave(halts);
  }

  rename(from: string, to: string): void {
    const halts = this.#enter('rename', from);
    const inode = this.#names.get(from);
    if (!inode) throw failure('ENOENT', 'rename');
    this.#names.delete(from);
    this.#names.set(to, inode);
    this.#leave(halts);
  }

  remove(path: string): void {
    const halts = this.#enter('unlink', path);
    if (!this.#names.delete(path)) throw failure('ENOENT', 'unlink');
    this.#leave(halts);
  }

  /** The process is killed: the kernel keeps all that it was given. */
  kill(): void {
    this.#hasHalted = false;
    this.#files.clear();
  }

  /**
   * The power fails: of what was not synced each page and name may have reached the platter or not, in any order, and
   * a size may have got anywhere between the synced one and the last. A size without its pages reads as zeros.
   */
  crash(random: Random): void {
    this.#hasHalted = false;
    this.#files.clear();
    for (const path of new Set([...this.#names.keys(), ...this.#keptNames.keys()])) {
      if (random.chance(0.5)) copyName(path, this.#names, this.#keptNames);
    }
    this.#names = new Map(this.#keptNames);
    for (const inode of this.#names.values()) {
      const size = random.pick([inode.kept.length, inode.seen.length, between(random, inode.kept.length, inode.seen.length)]);
      inode.kept = merge(inode, () => random.chance(0.6), size);
      inode.seen = inode.kept.slice();
      inode.dirty.clear();
    }
  }

  /** Turns one byte of a file over, as failing hardware does. */
  damage(path: string, position: number): void {
    const inode = this.#names.get(path);
    if (!inode) throw failure('ENOENT', 'open');
    for (const bytes of [inode.seen, inode.kept]) bytes[position] = (bytes[position] as number) ^ 0xff;
  }

  /** Counts the call, and lets it fail or halt before it does anything; answers a fault that its end or its length has to obey. */
  #enter(call: DiskCall, path = '', failing: () => void = () => {}): Fault | undefined {
    if (this.#hasHalted) throw new Halted();
    this.calls++;
    const fault = this.fault(call, path);
    if (fault?.kind === 'fail') {
      failing();
      throw failure(fault.code, call);
    }
    if (fault?.kind === 'halt' && fault.effect === 'none') this.#halt();
    return fault;
  }

  #leave(fault: Fault | undefined): void {
    if (fault?.kind === 'halt') this.#halt();
  }

  #halt(): never {
    this.#hasHalted = true;
    throw new Halted();
  }

  #inode(file: number): Inode {
    const inode = this.#files.get(file);
    if (!inode) throw failure('EBADF', 'read');
    return inode;
  }
}

/** The platter's bytes at `size`, with those dirty pages that `reached` says. */
function merge(inode: Inode, reached: (page: number) => boolean, size: number): Uint8Array {
  const merged = new Uint8Array(size);
  merged.set(inode.kept.subarray(0, size));
  for (const page of inode.dirty) {
    if (reached(page))
      merged.set(inode.seen.subarray(page * PAGE_BYTES, Math.min(size, (page + 1) * PAGE_BYTES)), Math.min(size, page * PAGE_BYTES));
  }
  return merged;
}

function between(random: Random, from: number, to: number): number {
  return Math.min(from, to) + random.below(Math.abs(to - from) + 1);
}

function copyName(path: string, from: Map<string, Inode>, to: Map<string, Inode>): void {
  const inode = from.get(path);
  if (inode) to.set(path, inode);
  else to.delete(path);
}

function failure(code: string, syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
}
