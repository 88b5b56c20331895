import type { MetricNames } from '../metrics/metric-names.js';
import type { Registry } from '../registry/registry.js';
import type { Change, ChangeFeed } from './change-feed.js';

/** Keeps devices and metrics as other processes register them; whoever heard nothing for a while looks at all of them. */
export async function followRegistries(
  changes: ChangeFeed,
  registry: Registry,
  metricNames: MetricNames,
  failed: (error: Error) => void,
): Promise<void> {
  metricNames.tell = () => changes.tell({ kind: 'metrics' });
  const missed = async () => {
    await registry.refresh();
    await metricNames.refresh();
  };
  const changed = (change: Change) => (change.kind === 'devices' ? registry.refresh(change.from, change.to) : metricNames.refresh());
  await changes.follow({ changed, missed }, failed);
}
