/** Nothing yet: what lies up to the limit is on its way, and the thread's doorbell rings when it is there. */
export const READ_NOTHING_YET = 0;
/** The offset lies before the oldest block: retention removed it. Go on at `resume`. */
export const READ_BELOW_START = -1;
/** Nothing is at the offset, though it was given out: a file is missing or too short. Go on at `resume`. */
export const READ_GAP = -2;
/** The bytes at the offset are no block, `fault` says why. Go on at `resume`. */
export const READ_DAMAGED = -3;

/** Where a pipeline's blocks come from; the codes above are the negative answers of `read`. */
interface Reading {
  /** Reads whole blocks from `offset` on, none of them beyond `limit`; answers their bytes or a code. */
  read(partition: number, offset: bigint, limit: bigint, into: Uint8Array): number;
  /** Where to go on after such a code, `limit` at most. */
  resume(partition: number, offset: bigint, limit: bigint): bigint;
  /** What lies before `offset` was run: it is read again only after a restart. Of records, each is passed by itself. */
  pass(partition: number, offset: bigint): void;
  readonly fault: string;
}

/** What was kept of damaged bytes, and the messages that they held at least. */
export interface Kept {
  readonly folder: string;
  readonly bytes: number;
  readonly messages: number;
}

/** Blocks in one stream: an offset is a place in it. */
export interface ByteSource extends Reading {
  readonly unit: 'byte';
  /** Copies what there is from `from` to `to` to where it stays for whoever looks into it. Throws what the disk says. */
  keepAside(partition: number, from: bigint, to: bigint): Kept;
  /** Whether a file begins at the offset. */
  beginsFile(partition: number, offset: bigint): boolean;
}

/** Blocks one by one: an offset counts them. */
export interface RecordSource extends Reading {
  readonly unit: 'record';
  /** Says from where the partition will be read; nothing is brought before. */
  begin(partition: number, offset: bigint): void;
  /** The oldest record that was read and not passed. */
  front(partition: number): SourceRecord;
}

export interface SourceRecord {
  readonly bytes: number;
  /** Who wrote it, and which of its writer's records in this partition it is, counted from 1 on. */
  readonly source: bigint;
  readonly number: bigint;
}

export type BlockSource = ByteSource | RecordSource;
