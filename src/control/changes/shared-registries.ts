import type { AdminKeys } from '../keys/admin-keys.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Registry } from '../registry/registry.js';
import type { Change, ChangeFeed } from './change-feed.js';

export interface SharedRegistries {
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly keys: AdminKeys;
}

/** Keeps devices, metrics and admin keys as other processes change them; after a time without a connection it looks at all of them. Answers how to end that. */
export async function followRegistries(
  changes: ChangeFeed,
  { registry, metricNames, keys }: SharedRegistries,
  failed: (error: Error) => void,
): Promise<() => void> {
  metricNames.tell = () => changes.tell({ kind: 'metrics' });
  keys.tell = () => changes.tell({ kind: 'keys' });
  const missed = async () => {
    await registry.refresh();
    await metricNames.refresh();
    await keys.refresh();
  };
  const changed = (change: Change) => {
    if (change.kind === 'devices') return registry.refresh(change.from, change.to);
    return change.kind === 'metrics' ? metricNames.refresh() : keys.refresh();
  };
  return changes.follow({ changed, missed }, failed);
}
