import { BLOCK_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { Report } from '../../telemetry/report.js';
import { type BlockPlace, blockFaults } from '../block.js';
import { type Disk, withFile, writeWhole } from './disk.js';
import type { fileLogEvents } from './events.js';
import { listSegments, partitionFolder, readFirstUs, type Segment, scanSegment, segmentPath } from './segment.js';

/** What a partition's folder holds, made fit to be appended to. */
export interface Recovered {
  /** Ascending, at least one; the last one is to be appended to. */
  readonly segments: Segment[];
  /** Where the next block goes. */
  readonly end: bigint;
  /** Receive time of the last message, µs; 0 when the last segment holds none. */
  readonly lastUs: bigint;
}

/**
 * Reads a partition's folder after whatever ended the last run. A torn tail was never acknowledged
 * and is cut. A damaged block may have been: its bytes are kept aside, and no offset that was given
 * out is used again, since the store skips what lies below its committed offset.
 * `floor` is that offset: a log that ends before it has lost its files, and continues at `floor`.
 */
export function recoverPartition(
  disk: Disk,
  log: string,
  partition: number,
  floor: bigint,
  report: Report<keyof typeof fileLogEvents>,
): Recovered {
  const folder = partitionFolder(log, partition);
  disk.makeFolder(folder);
  cutOverlaps(disk, folder, report);
  const recovered = recoverLast(disk, folder, partition, report);
  // What was found counts as durable from here on: the killed process may not have come to this.
  disk.syncFolder(folder);
  if (recovered.end >= floor) return recovered;
  report('error', 'log-behind-store', { folder, offset: String(recovered.end), committed: String(floor) });
  return beginSegment(disk, folder, recovered, floor);
}

/** Goes on at `end` in a segment of its own, which also remembers that offsets before it were given out. */
function beginSegment(disk: Disk, folder: string, recovered: Recovered, end: bigint): Recovered {
  withFile(disk, segmentPath(folder, end), 'create', () => {});
  disk.syncFolder(folder);
  return { ...recovered, segments: [...recovered.segments, { base: end, firstUs: undefined }], end };
}

/** Where a failed append was written anew, the old segment may reach over the new one's first byte. */
function cutOverlaps(disk: Disk, folder: string, report: Report<keyof typeof fileLogEvents>): void {
  const bases = listSegments(disk, folder);
  for (let index = 0; index + 1 < bases.length; index++) {
    const [base, next] = [bases[index] as bigint, bases[index + 1] as bigint];
    withFile(disk, segmentPath(folder, base), 'write', (file) => {
      const missing = Number(next - base) - disk.size(file);
      if (missing < 0) disk.truncate(file, Number(next - base));
      if (missing > 0) report('warn', 'log-file-gap', { folder, offset: String(next - BigInt(missing)), bytes: missing });
    });
  }
}

/**
 * Damage stays where it is: readers find the blocks after it, and the first reader to pass it keeps a copy aside. It may hold what was
 * acknowledged, so it is never written over.
 */
function recoverLast(disk: Disk, folder: string, partition: number, report: Report<keyof typeof fileLogEvents>): Recovered {
  const segments = listSegments(disk, folder).map((base) => ({ base, firstUs: firstUsOf(disk, folder, { partition, offset: base }) }));
  const last = segments.at(-1);
  if (!last) return beginSegment(disk, folder, { segments, end: 0n, lastUs: 0n }, 0n);
  return withFile(disk, segmentPath(folder, last.base), 'write', (file) => {
    const size = disk.size(file);
    const { bytes, damaged, rest, lastUs } = scanSegment({ disk, file, size, base: { partition, offset: last.base } });
    const ranges = rest.kind === 'damaged' ? [...damaged, { from: bytes, to: size, fault: rest.fault }] : damaged;
    for (const { from, to, fault } of ranges) {
      const code = blockFaults.get(fault) ?? 'unknown';
      report('error', 'log-damaged', { folder, offset: String(last.base + BigInt(from)), code, bytes: to - from });
    }
    const kept = rest.kind === 'torn' ? bytes : size;
    const end = last.base + BigInt(kept);
    if (kept < size) {
      disk.truncate(file, kept);
      report('warn', 'log-tail-cut', { folder, offset: String(end), bytes: size - kept });
    }
    writeAnew(disk, file, kept);
    disk.sync(file);
    return { segments, end, lastUs };
  });
}

/**
 * A killed process leaves bytes in the page cache that no disk has seen yet, and where a sync had failed the kernel
 * takes them for clean: only what is written again is sure to be synced.
 */
function writeAnew(disk: Disk, file: number, bytes: number): void {
  const buffer = new Uint8Array(Math.min(bytes, BLOCK_BYTES_MAX));
  for (let at = 0; at < bytes; ) {
    const part = buffer.subarray(0, disk.read(file, buffer.subarray(0, bytes - at), at));
    writeWhole(disk, file, [part], at);
    at += part.length;
  }
}

function firstUsOf(disk: Disk, folder: string, base: BlockPlace): bigint | undefined {
  return withFile(disk, segmentPath(folder, base.offset), 'read', (file) => readFirstUs({ disk, file, size: disk.size(file), base }));
}
