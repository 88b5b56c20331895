import { join } from 'node:path';
import { BLOCK_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { type Disk, withFile, writeWhole } from './disk.js';
import type { SegmentBytes } from './resync.js';

/** Where damaged bytes of a log are kept. Nothing in it is ever removed but by the operator. */
export function quarantineFolder(log: string): string {
  return join(log, 'quarantine');
}

/**
 * Copies the bytes of a segment from `from` to `to`, as far as its file has them, into a file that is named by partition and
 * offset; answers how many there are. Retention may remove the segment then. What an earlier start has kept is not copied again.
 */
export function keepAside(log: string, { disk, file, base }: SegmentBytes, from: number, to: number): number {
  const bytes = Math.min(to, disk.size(file)) - from;
  if (bytes <= 0) return 0;
  const folder = quarantineFolder(log);
  const offset = String(base.offset + BigInt(from)).padStart(20, '0');
  const name = `${String(base.partition).padStart(2, '0')}-${offset}.damaged`;
  const path = join(folder, name);
  if (disk.list(folder).includes(name) && withFile(disk, path, 'read', (kept) => disk.size(kept)) >= bytes) return bytes;
  disk.makeFolder(folder);
  withFile(disk, `${path}.new`, 'create', (copy) => copyBytes(disk, file, from, bytes, copy));
  disk.rename(`${path}.new`, path);
  disk.syncFolder(folder);
  disk.syncFolder(log);
  return bytes;
}

function copyBytes(disk: Disk, file: number, from: number, bytes: number, copy: number): void {
  const buffer = new Uint8Array(Math.min(BLOCK_BYTES_MAX, bytes));
  for (let at = 0; at < bytes; ) {
    const read = disk.read(file, buffer.subarray(0, bytes - at), from + at);
    if (read === 0) break;
    writeWhole(disk, copy, [buffer.subarray(0, read)], at);
    at += read;
  }
  disk.sync(copy);
}
