/** A message as the log has it. */
export interface LoggedMessage {
  /** Number of the device. */
  readonly device: number;
  /** µs of the Unix epoch. */
  readonly receiveUs: number;
  /** FORMAT_… */
  readonly format: number;
  /** Bytes of the record context; empty: it has none. */
  readonly context: Uint8Array;
  readonly payload: Uint8Array;
}

/** Reads the log from some place on, and follows it as it grows. */
export interface LogTail {
  /** Messages that come next, all of one read; none: there are no more for now. */
  next(): readonly LoggedMessage[];
  close(): void;
}

/** The log of this process as others than its pipeline read it. */
export interface RecentLog {
  /** Begins so many bytes before the end of each partition's log, at the next block. */
  open(bytes: number): LogTail;
}
