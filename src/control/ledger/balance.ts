import type { GatewayAudit, PartitionAudit, PlaneAudits } from '../../contract/ledger.js';

/** Two counts that should be the same and are not. */
export interface Imbalance {
  /** Whose books: "gateway 0", "partition 3". */
  readonly at: string;
  /** What does not add up. */
  readonly between: string;
  /** Messages too few after that point; below 0: too many. */
  readonly missing: number;
}

/**
 * Everything that does not add up, and what is lost. Each audit speaks of one moment, so every difference is a message that was lost, doubled or
 * counted wrongly: no tolerance is needed and none is given.
 */
export function imbalances({ gateways, partitions }: PlaneAudits): Imbalance[] {
  return [...gateways.flatMap(ofGateway), ...partitions.flatMap(ofPartition)].filter(({ missing }) => missing !== 0);
}

function ofGateway({ gateway, received, accepted, refused, durable, held, logged }: GatewayAudit): Imbalance[] {
  const at = `gateway ${gateway}`;
  return [
    { at, between: 'received and accepted + rejected', missing: received - accepted - refused },
    { at, between: 'accepted and durable + in blocks', missing: accepted - durable - held },
    // The log's tally has 32 bits.
    { at, between: 'durable and logged', missing: (durable - logged) | 0 },
  ];
}

function ofPartition({ partition, logged, run, extraSamples, recovered, lost, stored, duplicate, dead }: PartitionAudit): Imbalance[] {
  const at = `partition ${partition}`;
  return [
    { at, between: 'logged and run', missing: logged - (run + lost - recovered) },
    { at, between: 'run and stored + duplicate + dead', missing: run + extraSamples - stored - duplicate - dead },
    // They are accounted for, and still it is an alarm: they were acknowledged.
    { at, between: 'logged and readable', missing: lost },
  ];
}
