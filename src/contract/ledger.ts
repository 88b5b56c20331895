/**
 * What a gateway counted, taken between two of its turns: received = accepted + refused, accepted = durable + held, and
 * what it knows as durable is what the log has put there. Since the start; every count may be compared exactly.
 */
export interface GatewayAudit {
  readonly gateway: number;
  readonly received: number;
  readonly accepted: number;
  readonly refused: number;
  /** Messages of the blocks that it knows as durable. */
  readonly durable: number;
  /** Messages of all other blocks, counted block by block. */
  readonly held: number;
  /** `durable` as the log counted the same blocks, modulo 2^32. */
  readonly logged: number;
}

/**
 * What a pipeline counted at the end of a block, at `offset` of the partition's log. The log's count belongs to the very same
 * offset: logged = run + lost - recovered, run + extraSamples = stored + duplicate + dead.
 */
export interface PartitionAudit {
  readonly partition: number;
  readonly offset: bigint;
  /** Messages that the log has made durable since the start, up to `offset`. */
  readonly logged: number;
  /** Messages run since the start that were not only run again. */
  readonly run: number;
  /** Samples of those besides the first of each: every sample is stored, a duplicate, or dead by itself. */
  readonly extraSamples: number;
  /** The part of `run` and `lost` that an earlier process had taken in. */
  readonly recovered: number;
  /** Messages that the log took in and does not hold any more; of those of an earlier process, as many as are known of. */
  readonly lost: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: number;
}

export interface PlaneAudits {
  readonly gateways: readonly GatewayAudit[];
  readonly partitions: readonly PartitionAudit[];
}

/** What became of a device's messages; codes by name. */
export interface DeviceAccount {
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: Readonly<Record<string, number>>;
  /** Readings that were left out of messages that were stored, each for a reason of its own. */
  readonly leftOut: number;
  /** Taken in since the start and not run yet; below 0 only when the books do not balance. */
  readonly inFlight: number;
  /** Since the start. */
  readonly refused: Readonly<Record<string, number>>;
  readonly reboots: number;
  /** Time of the first message after the last reboot, ms; undefined: it never rebooted. */
  readonly rebootMs: number | undefined;
  /** Numbers received since the last reboot, ascending: first and last of each run. */
  readonly runs: readonly (readonly [first: number, last: number])[];
  /** Runs below those that the state had no room for. */
  readonly runsForgotten: number;
  /** When the first message came that the partition's state knows of, ms; undefined: none has. */
  readonly sinceMs: number | undefined;
}

/** Counts of one device, for sums. */
export interface DeviceTotals {
  readonly device: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: Readonly<Record<string, number>>;
  readonly inFlight: number;
}

/** A message of a device that a gateway refused, the last one for now. */
export interface RefusedTopic {
  /** Number of the device that sent it, or for which it was. */
  readonly device: number;
  readonly code: string;
  /** Made fit for display; a long one is cut off. */
  readonly topic: string;
}

/** Messages refused by a gateway since the start. */
export interface RefusedMessages {
  /** Number of the device; undefined: nobody knows whose they were. */
  readonly device: number | undefined;
  readonly code: string;
  readonly count: number;
}
