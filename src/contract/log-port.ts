import type { FromLog, LogStart, ToLog } from './threads/log.js';
import type { OwnedPartition } from './threads/pipeline.js';

/** The log as the data plane sees it: a thread, or what stands for one. */
export interface LogPart {
  readonly ready: Promise<void>;
  /** Settles when the log has ended; it rejects when it died of an error. */
  readonly ended: Promise<void>;
  post(message: ToLog): void;
  terminate(): Promise<unknown>;
  /** Another process took a partition of this one, whose pipelines are gone. Absent: no log hands partitions over, so none may. */
  fenced?(cause: string): void;
}

/** What a log that hands partitions from process to process does with those of this one. */
export interface PartitionAssignment {
  /** From now on nobody else commits them; `ProgressWord.committed` says where they stand. */
  claim(partitions: readonly number[]): Promise<readonly OwnedPartition[]>;
  /** Runs what was taken; answers the rings that their records go into, by partition number. */
  start(owned: readonly OwnedPartition[]): Promise<readonly (SharedArrayBuffer | undefined)[]>;
  /** Lets all of them go; they have been given what lies before these offsets. */
  revoke(ends: ReadonlyMap<number, bigint>): Promise<void>;
}

/** Opens a log that is no thread; `assignment` is absent where no partition is run in this process. */
export type OpenLog = (start: LogStart, assignment: PartitionAssignment | undefined, receive: (message: FromLog) => void) => LogPart;
