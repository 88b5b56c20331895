import type { Identities } from '../identity/identities.js';
import type { AdminKeys } from '../keys/admin-keys.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Registry } from '../registry/registry.js';
import type { Schemas } from '../schemas/schemas.js';
import type { TimeZones } from '../time-zones/time-zones.js';
import type { TopicRules } from '../topic-rules/topic-rules.js';
import type { Change, ChangeFeed } from './change-feed.js';

export interface SharedRegistries {
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly keys: AdminKeys;
  readonly topicRules: TopicRules;
  readonly identities: Identities;
  readonly schemas: Schemas;
  readonly timeZones: TimeZones;
}

/** Keeps what the database has as other processes change it; after a time without a connection it looks at everything. Answers how to end that. */
export async function followRegistries(
  changes: ChangeFeed,
  { registry, metricNames, keys, topicRules, identities, schemas, timeZones }: SharedRegistries,
  failed: (error: Error) => void,
): Promise<() => void> {
  registry.groups.tell = (tenant) => changes.tell({ kind: 'groups', tenant });
  metricNames.tell = () => changes.tell({ kind: 'metrics' });
  keys.tell = () => changes.tell({ kind: 'keys' });
  topicRules.tell = (tenant) => changes.tell({ kind: 'topic-rules', tenant });
  identities.tell = (change) => changes.tell({ kind: 'identity', ...change });
  timeZones.tell = () => changes.tell({ kind: 'time-zones' });
  schemas.tell = (id) => changes.tell({ kind: 'schemas', id });
  const missed = async () => {
    // Before the devices: they are read by what it says.
    await schemas.refresh();
    await timeZones.refresh();
    await registry.refresh();
    await metricNames.refresh();
    await keys.refresh();
    await topicRules.refresh();
    await identities.refresh();
  };
  const changed = (change: Change) => {
    if (change.kind === 'schemas') return schemas.refresh(change.id);
    if (change.kind === 'time-zones') return timeZones.refresh();
    if (change.kind === 'groups') return registry.groups.refresh(change.tenant);
    if (change.kind === 'devices') return registry.refresh(change.from, change.to);
    if (change.kind === 'topic-rules') return topicRules.refresh(change.tenant);
    if (change.kind === 'identity') return identities.refresh(change);
    return change.kind === 'metrics' ? metricNames.refresh() : keys.refresh();
  };
  return changes.follow({ changed, missed }, failed);
}
