import type { DeviceAccount } from '../../contract/ledger.js';
import type { Imbalance } from './balance.js';
import type { Counts } from './counts.js';
import type { ByReason } from './door-refusals.js';

/** What one process knows of a device's messages. */
export interface DeviceShare {
  /** Undefined: it does not run the device's partition. */
  readonly account: DeviceAccount | undefined;
  /** By its gateways and its HTTP server, since its start. */
  readonly rejected: ByReason;
}

export interface TenantCounts extends Counts {
  readonly tenant: string;
  /** Devices that have sent something. */
  readonly devices: number;
}

/** The books of one process. */
export interface ProcessBooks {
  /** Since when received and rejected count, ms. */
  readonly sinceMs: number;
  readonly checkedMs: number | undefined;
  readonly imbalance: number;
  readonly imbalances: readonly Imbalance[];
  /** Those that it runs. */
  readonly partitions: readonly number[];
  readonly node: Counts;
  readonly tenants: readonly TenantCounts[];
}

/** The ledgers of the deployment's other processes. */
export interface OtherLedgers {
  /** What this process is called. */
  readonly name: string;
  /** Whether there was ever another process: then what this one took in may have been judged elsewhere, and the other way round. */
  readonly met: boolean;
  /** Asks until one has the account, where it is needed. */
  shares(device: number, needsAccount: boolean): Promise<PeerAnswers<DeviceShare>>;
  books(): Promise<PeerAnswers<ProcessBooks>>;
}

export interface PeerAnswers<Answer> {
  /** By the name of the process. */
  readonly answers: readonly (readonly [process: string, answer: Answer])[];
  /** Processes that are there and did not answer in time. */
  readonly silent: readonly string[];
}
