/** Nothing yet: what lies up to the limit is on its way, and the thread's doorbell rings when it is there. */
export const READ_NOTHING_YET = 0;
/** The record at the offset says nothing new, or there is none and none was lost. Go on at `resume`. */
export const READ_SKIPPED = -4;

/** Where a pipeline's blocks come from. src/log/reader.ts says what the negative answers of `read` mean. */
export interface BlockSource {
  /** `byte`: an offset is a place in a stream of blocks. `record`: it counts blocks. */
  readonly unit: 'byte' | 'record';
  /** Reads whole blocks from `offset` on, none of them beyond `limit`; answers their bytes or a code. */
  read(partition: number, offset: bigint, limit: bigint, into: Uint8Array): number;
  /** Where to go on after such a code, `limit` at most. */
  resume(partition: number, offset: bigint, limit: bigint): bigint;
}
