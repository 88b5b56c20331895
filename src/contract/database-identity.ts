/** A database and the numbers that it gave out: numbers of devices and metrics mean something only together with its id. */
export interface DatabaseIdentity {
  /** A random UUID. */
  readonly id: string;
  /** Whether the log that is its own may name no database: a release that marked none wrote it. */
  readonly takesUnmarkedLog: boolean;
  /** The highest number of a device that it gave out, 0: none. */
  readonly devices: number;
  /** The same of metrics. */
  readonly metrics: number;
}

/** The identity as a start checks and changes it. */
export interface IdentityPort {
  read(): Promise<DatabaseIdentity>;
  /** Gives the database a new id, which it answers: a log that was its own before is not any more. */
  renew(): Promise<string>;
  /** From now on its log names it. */
  noteMarkedLog(): Promise<void>;
  /** No number up to these is given out from now on. Devices between what it gave out and that are lost. */
  skipNumbers(numbers: Pick<DatabaseIdentity, 'devices' | 'metrics'>): Promise<void>;
}

/** Numbers of devices, both ends included. */
export type NumberRange = readonly [first: number, last: number];
