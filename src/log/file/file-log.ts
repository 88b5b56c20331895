import { join } from 'node:path';
import { StartFailure } from '../../contract/start-failure.js';
import type { Report } from '../../telemetry/report.js';
import { type Disk, nodeDisk, writeWhole } from './disk.js';
import type { fileLogEvents } from './events.js';
import { PartitionLog } from './partition-log.js';
import { recoverPartition } from './recovery.js';
import { partitionFolder, SEGMENT_BYTES_MAX } from './segment.js';

export interface FileLogOptions {
  readonly folder: string;
  readonly partitions: number;
  /** By partition: the offset up to which rows are committed, so that no offset below it is given out again. */
  readonly floors: readonly bigint[];
  readonly report: Report<keyof typeof fileLogEvents>;
  readonly disk?: Disk;
  readonly segmentBytesMax?: number;
}

const FORMAT = 1;

/** The log of all partitions below one folder. One thread of one process writes it. */
export class FileLog {
  /** Opens or makes the log. Throws when it belongs to another number of partitions, or when the disk fails. */
  static open({ folder, partitions, floors, report, disk = nodeDisk, segmentBytesMax = SEGMENT_BYTES_MAX }: FileLogOptions): FileLog {
    disk.makeFolder(folder);
    checkMeta(disk, folder, partitions);
    const logs: PartitionLog[] = [];
    const lastUs: bigint[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const path = partitionFolder(folder, partition);
      const recovered = recoverPartition(disk, folder, partition, floors[partition] ?? 0n, report);
      logs.push(new PartitionLog(disk, path, recovered, segmentBytesMax));
      lastUs.push(recovered.lastUs);
    }
    disk.syncFolder(folder);
    return new FileLog(logs, lastUs);
  }

  private constructor(
    readonly partitions: readonly PartitionLog[],
    /** By partition: receive time of the last message found at opening, µs; 0 if there is none. */
    readonly lastUs: readonly bigint[],
  ) {}

  append(partition: number, blocks: readonly Uint8Array[]): void {
    this.partitions[partition]?.append(blocks);
  }

  /**
   * Makes the appends of all partitions durable, or none of them: one that was synced before another
   * failed is rewound with it, else its blocks would be in the log twice when they come again.
   */
  commit(): void {
    // All at once: file systems bring several files onto the disk for little more than the price of one.
    for (const log of this.partitions) log.startWriteback();
    for (const log of this.partitions) log.sync();
    for (const log of this.partitions) log.accept();
  }

  /** After an append or a commit threw: forgets all that is not durable. Throws while the disk refuses even this. */
  rewind(): void {
    for (const log of this.partitions) log.rewind();
  }

  close(): void {
    for (const log of this.partitions) log.close();
  }
}

/** A device's partition follows from their number, so another number would tear every device's order apart. */
function checkMeta(disk: Disk, folder: string, partitions: number): void {
  const path = join(folder, 'log.json');
  if (!disk.list(folder).includes('log.json')) {
    const file = disk.open(`${path}.new`, 'create');
    try {
      writeWhole(disk, file, [Buffer.from(`${JSON.stringify({ format: FORMAT, partitions })}\n`)], 0);
      disk.sync(file);
    } finally {
      disk.close(file);
    }
    disk.rename(`${path}.new`, path);
    disk.syncFolder(folder);
    return;
  }
  const file = disk.open(path, 'read');
  const bytes = Buffer.alloc(disk.size(file));
  disk.read(file, bytes, 0);
  disk.close(file);
  const meta = parseMeta(bytes.toString('utf8'));
  if (!meta) {
    throw new StartFailure(
      'log_unusable',
      `cannot open the log in ${folder}: ${path} is damaged, it does not say which format and how many partitions the log has`,
      `put the file back, or write {"format":${FORMAT},"partitions":${partitions}} into it if SPILLWAY_PARTITIONS, now ${partitions}, is what the log was made with`,
    );
  }
  if (meta.format !== FORMAT) throw new Error(`cannot open the log in ${folder}: its format is ${meta.format}, this build knows ${FORMAT}`);
  if (meta.partitions !== partitions) {
    throw new Error(
      `cannot open the log in ${folder}: it has ${meta.partitions} partitions, SPILLWAY_PARTITIONS says ${partitions}; ` +
        `set SPILLWAY_PARTITIONS to ${meta.partitions}, or begin a new deployment with a new SPILLWAY_STATE`,
    );
  }
}

/** Undefined: it is no JSON, or lacks a number. */
function parseMeta(text: string): { readonly format: number; readonly partitions: number } | undefined {
  try {
    const { format, partitions } = JSON.parse(text);
    return Number.isInteger(format) && Number.isInteger(partitions) ? { format, partitions } : undefined;
  } catch {
    return undefined;
  }
}
