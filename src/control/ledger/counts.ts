import type { ByReason } from './door-refusals.js';

/**
 * received + recovered = stored + duplicate + dead + rejected + lost + in flight. `recovered` is what an earlier process had taken in
 * and this one has judged; only a node has such a count.
 */
export interface Counts {
  readonly received: number;
  readonly recovered: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly dead: ByReason;
  readonly rejected: ByReason;
  /** Damage to the log took them after they were acknowledged. */
  readonly lost: number;
  readonly inFlight: number;
}

export function total(counts: ByReason): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Both by reason, reasons without a count left out. */
export function merge(...all: readonly ByReason[]): ByReason {
  const merged = new Map<string, number>();
  for (const counts of all) {
    for (const [reason, count] of Object.entries(counts)) if (count > 0) merged.set(reason, (merged.get(reason) ?? 0) + count);
  }
  return Object.fromEntries(merged);
}
