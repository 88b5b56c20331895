import * as abi from '../../assembly/abi.js';
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
    received: Number(counters[abi.COUNTER_GATEWAY_RECEIVED]),
    accepted: Number(counters[abi.COUNTER_GATEWAY_ACCEPTED]),
    refused: Number(counters[abi.COUNTER_GATEWAY_REFUSED]),
    durable: Number(counters[abi.COUNTER_GATEWAY_DURABLE]),
    held: kernel.heldRecords(),
    logged,
  };
}
