import type { DeviceAccount, RefusedMessages } from '../../contract/ledger.js';
import { type Counts, merge, total } from './counts.js';
import type { Rejection } from './device-rejections.js';
import type { ByReason } from './door-refusals.js';
import { missingRanges, type Sequence } from './missing-ranges.js';

export interface DeviceLedger extends Omit<Counts, 'inFlight'> {
  /** Undefined: there are several processes, and what one takes in another judges. */
  readonly inFlight: number | undefined;
  /** Since when stored, duplicate and dead count, ms; undefined: nothing came yet. */
  readonly sinceMs: number | undefined;
  /** Undefined: the same. */
  readonly balanced: boolean | undefined;
  /** Processes that may have rejected messages of the device and did not answer. */
  readonly silent: readonly string[];
  /** Undefined: this process knows of none. */
  readonly lastRejection: Rejection | undefined;
  readonly sequence: Sequence;
  readonly reboots: number;
  readonly rebootMs: number | undefined;
  readonly runsForgotten: number;
  readonly leftOut: number;
}

/** No process answers for the partition of the device. */
export interface NotRunning {
  readonly notRunning: number;
}

/** By the gateways of this process: what the device sent, whatever topic it named. */
export function refusedOf(messages: Iterable<RefusedMessages>, number: number): ByReason {
  return merge(...Array.from(messages, ({ device, code, count }) => (device === number ? { [code]: count } : {})));
}

/** An account with what it adds up to. What is lost is known of a device where everything is in one process. */
export function ledgerOf(account: DeviceAccount, rejected: ByReason, { lost, inFlight }: Pick<DeviceLedger, 'lost' | 'inFlight'>) {
  const { stored, duplicate, dead, reboots, rebootMs, runsForgotten, leftOut, sinceMs } = account;
  const received = stored + duplicate + total(dead) + total(rejected) + lost + (inFlight ?? 0);
  const counts = { received, recovered: 0, stored, duplicate, dead, rejected, lost, inFlight };
  return { ...counts, sinceMs, sequence: missingRanges(account.runs), reboots, rebootMs, runsForgotten, leftOut };
}
