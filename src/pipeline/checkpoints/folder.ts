import { join } from 'node:path';
import type { Disk } from '../../log/file/disk.js';

/** Checkpoints of one partition that are kept: should the newest be damaged, the one before it still saves most of a replay. */
export const KEPT = 2;

const NAME = /^(\d{20})\.checkpoint$/;
const WRITE_BYTES_MAX = 8 * 1024 * 1024;

/** The folder of a partition's checkpoints. */
export function partitionName(partition: number): string {
  return String(partition).padStart(2, '0');
}

/** Where a checkpoint lies, here and in an object store. */
export function checkpointName(partition: number, offset: bigint): string {
  return `${partitionName(partition)}/${String(offset).padStart(20, '0')}.checkpoint`;
}

/** The offset in a name of a partition's checkpoint; undefined: it is something else. */
export function offsetOfName(partition: number, name: string): bigint | undefined {
  const start = `${partitionName(partition)}/`;
  const digits = name.startsWith(start) ? NAME.exec(name.slice(start.length))?.[1] : undefined;
  return digits === undefined ? undefined : BigInt(digits);
}

/** The checkpoints of all partitions below one folder, named by their offset. Every call throws what the disk says. */
export class CheckpointFolder {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** Offsets of a partition's checkpoints, the newest first. */
  list(partition: number): bigint[] {
    const offsets = this.#disk.list(this.#partitionFolder(partition)).flatMap((name) => NAME.exec(name)?.[1] ?? []);
    return offsets.sort().reverse().map(BigInt);
  }

  read(partition: number, offset: bigint): Uint8Array<ArrayBuffer> {
    const file = this.#disk.open(this.path(partition, offset), 'read');
    try {
      const bytes = new Uint8Array(this.#disk.size(file));
      return bytes.subarray(0, this.#disk.read(file, bytes, 0));
    } finally {
      this.#disk.close(file);
    }
  }

  /** Writes a checkpoint aside; it is none before `publish`. */
  write(partition: number, offset: bigint, bytes: Uint8Array): void {
    this.#disk.makeFolder(this.#partitionFolder(partition));
    const file = this.#disk.open(this.#asidePath(partition, offset), 'create');
    try {
      for (let at = 0; at < bytes.length; ) at += this.#disk.write(file, [bytes.subarray(at, at + WRITE_BYTES_MAX)], at);
      this.#disk.sync(file);
    } finally {
      this.#disk.close(file);
    }
  }

  /** Makes what was written aside the partition's newest checkpoint, and removes all but the last two. */
  publish(partition: number, offset: bigint): void {
    this.#disk.rename(this.#asidePath(partition, offset), this.path(partition, offset));
    // Before an older one goes, the new name has to be there for good.
    this.#disk.syncFolder(this.#partitionFolder(partition));
    const kept = new Set(this.list(partition).slice(0, KEPT));
    for (const one of this.list(partition)) if (!kept.has(one)) this.remove(partition, one);
    this.discardAside(partition);
  }

  /** Removes what was written aside and never published: it takes room that the log may need. */
  discardAside(partition: number): void {
    const folder = this.#partitionFolder(partition);
    for (const name of this.#disk.list(folder)) if (name.endsWith('.new')) this.#disk.remove(join(folder, name));
  }

  remove(partition: number, offset: bigint): void {
    this.#disk.remove(this.path(partition, offset));
  }

  path(partition: number, offset: bigint): string {
    return join(this.#folder, checkpointName(partition, offset));
  }

  #asidePath(partition: number, offset: bigint): string {
    return `${this.path(partition, offset)}.new`;
  }

  #partitionFolder(partition: number): string {
    return join(this.#folder, partitionName(partition));
  }
}
