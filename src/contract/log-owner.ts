/** Whose numbers the records of a log hold: those that a database gave out, up to these. */
export interface LogOwner {
  /** Id of the database. */
  readonly database: string;
  readonly devices: number;
  readonly metrics: number;
  /** Databases whose records it took over: numbers that both know mean the same in them. */
  readonly adopted: readonly string[];
}

/** Of the record at `offset` of a partition. */
export interface LoggedOwner {
  readonly owner: LogOwner;
  readonly partition: number;
  readonly offset: bigint;
}

/** Tells records that this process may run from those of other databases. */
export interface LogOwnership {
  /** What goes with each record from now on; another object when it has changed. */
  readonly current: LogOwner;
  /** Why the record may not be run; undefined: it may. */
  refusalOf(record: LoggedOwner): Error | undefined;
}
