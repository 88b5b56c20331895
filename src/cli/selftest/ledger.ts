import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerAnswer } from '../../contract/answers/ledger.js';
import type { AdminApi } from '../admin-api.js';

/** Messages by state, as the appliance itself counts them since its last start. */
export interface LedgerReport {
  readonly received: number;
  /** What the process before the last start had taken in and this one has judged. */
  readonly recovered: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: number;
  readonly rejected: number;
  readonly in_flight: number;
  /** Nothing is in flight, received + recovered is the sum of the rest, and so say the audits of every stage. */
  readonly balanced: boolean;
}

const settleMsMax = 15_000;
const pollMs = 20;
/** Gateways and partitions are audited once a second, and what they found is compared once a second. */
const auditMs = 2100;

/**
 * The ledger of an appliance that is given nothing to do, once nothing is in flight any more and there was an audit; with `isLast`
 * one that knows of everything so far. An appliance that does not get there is taken as it is at the deadline.
 */
export async function readLedger(api: AdminApi, isLast: boolean, stopping: AbortSignal): Promise<LedgerReport> {
  const auditedMs = isLast ? Date.now() + auditMs : 0;
  const deadlineMs = performance.now() + settleMsMax;
  for (;;) {
    const answer = await api.get<LedgerAnswer>('/v1/ledger');
    const isAudited = answer.checked_at !== null && Date.parse(answer.checked_at) >= auditedMs;
    if ((isAudited && answer.node.in_flight === 0) || stopping.aborted || performance.now() > deadlineMs) return judged(answer, isAudited);
    await delay(pollMs);
  }
}

function judged({ balanced, node }: LedgerAnswer, isAudited: boolean): LedgerReport {
  const { received, recovered, stored, duplicate, dead, rejected } = node;
  // Null only where several processes share the work; then nothing balances.
  const inFlight = node.in_flight ?? Number.NaN;
  const isSum = received + recovered === stored + duplicate + dead + rejected + inFlight;
  const counts = { received, recovered, stored, duplicate, dead, rejected, in_flight: inFlight };
  return { ...counts, balanced: balanced === true && isAudited && isSum && inFlight === 0 };
}
