import {
  COUNTER_GATEWAY_ACCEPTED,
  COUNTER_GATEWAY_DURABLE,
  COUNTER_GATEWAY_RECEIVED,
  COUNTER_GATEWAY_REFUSED,
} from '../../assembly/abi/counters.js';
import type { GatewayAudit } from '../contract/ledger.js';
import type { KernelMemory } from '../host/kernel.js';
import type { Handoff } from './handoff.js';
import type { GatewayKernel } from './kernel.js';

/** What the gateway's kernel has counted. Called between two turns. */
export function audit(
  gateway: number,
  kernel: Pick<GatewayKernel, 'heldRecords'>,
  { counters }: Pick<KernelMemory, 'counters'>,
  { logged }: Pick<Handoff, 'logged'>,
): GatewayAudit {
  return {
    gateway,
    received: Number(counters[COUNTER_GATEWAY_RECEIVED]),
    accepted: Number(counters[COUNTER_GATEWAY_ACCEPTED]),
    refused: Number(counters[COUNTER_GATEWAY_REFUSED]),
    durable: Number(counters[COUNTER_GATEWAY_DURABLE]),
    held: kernel.heldRecords(),
    logged,
  };
}
