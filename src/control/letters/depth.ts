import type { Metric } from '../../telemetry/metric.js';
import { byTenant, type Tally } from './tallies.js';

/** Tenants that have a value of their own in the metrics: those with the most letters. */
const METRIC_TENANTS_MAX = 50;
/** The label of all others together; no tenant's id, which has no parentheses. */
const OTHERS = '(others)';
/** The label of devices that are in no registry. */
const UNKNOWN = '(unknown)';

export interface TenantDepth {
  /** Null: of devices that are in no registry. */
  readonly tenant: string | null;
  readonly letters: number;
  readonly bytes: number;
  /** Letters that were removed for their age or number. */
  readonly removed: number;
  readonly removedBytes: number;
  /** Kept letters by reason. */
  readonly byReason: Readonly<Record<string, number>>;
}

/** The tallies by tenant, those with the most letters first. */
export function depthOf(tallies: readonly Tally[]): TenantDepth[] {
  return [...byTenant(tallies)]
    .map(([tenant, own]) => {
      const sum = (value: (tally: Tally) => number) => own.reduce((total, tally) => total + value(tally), 0);
      const counts = { letters: sum(({ letters }) => letters), bytes: sum(({ bytes }) => bytes), removed: sum(({ removed }) => removed) };
      return {
        tenant: tenant === '' ? null : tenant,
        ...counts,
        removedBytes: sum((tally) => tally.removedBytes),
        byReason: byReason(own),
      };
    })
    .sort((a, b) => b.letters - a.letters || String(a.tenant).localeCompare(String(b.tenant)));
}

function byReason(tallies: readonly Tally[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const { reason, letters } of tallies) sums.set(reason, (sums.get(reason) ?? 0) + letters);
  return Object.fromEntries([...sums].filter(([, letters]) => letters > 0).sort(([a], [b]) => a.localeCompare(b)));
}

/** Labels are few, however many tenants there are: by reason, and by the tenants that have the most. */
export function depthMetrics(tallies: () => readonly Tally[] | undefined): Metric[] {
  const depth = () => depthOf(tallies() ?? []);
  return [
    {
      kind: 'gauge',
      name: 'spillway_dead_letters',
      help: 'Dead letters that are kept, tried again or not',
      label: 'reason',
      values: () => Object.entries(byReason(tallies() ?? [])),
    },
    {
      kind: 'gauge',
      name: 'spillway_dead_letters_of_tenant',
      help: `Dead letters that are kept, of the ${METRIC_TENANTS_MAX} tenants with the most and of all others`,
      label: 'tenant',
      values: () => largest(depth()),
    },
    {
      kind: 'counter',
      name: 'spillway_dead_letters_removed_total',
      help: 'Dead letters that were removed for their age or number, since the database was made',
      values: () => [['', depth().reduce((sum, { removed }) => sum + removed, 0)]],
    },
  ];
}

function largest(depth: readonly TenantDepth[]): [string, number][] {
  const values = depth.slice(0, METRIC_TENANTS_MAX).map(({ tenant, letters }): [string, number] => [tenant ?? UNKNOWN, letters]);
  const others = depth.slice(METRIC_TENANTS_MAX).reduce((sum, { letters }) => sum + letters, 0);
  return others > 0 ? [...values, [OTHERS, others]] : values;
}
