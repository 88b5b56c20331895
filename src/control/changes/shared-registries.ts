import type { AdminKeys } from '../keys/admin-keys.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Registry } from '../registry/registry.js';
import type { Schemas } from '../schemas/schemas.js';
import type { TopicRules } from '../topic-rules/topic-rules.js';
import type { Change, ChangeFeed } from './change-feed.js';

export interface SharedRegistries {
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly keys: AdminKeys;
  readonly topicRules: TopicRules;
  readonly schemas: Schemas;
}

/** Keeps devices, metrics, admin keys, topic rules and schemas as other processes change them; after a time without a connection it looks at all of them. Answers how to end that. */
export async function followRegistries(
  changes: ChangeFeed,
  { registry, metricNames, keys, topicRules, schemas }: SharedRegistries,
  failed: (error: Error) => void,
): Promise<() => void> {
  registry.groups.tell = (tenant) => changes.tell({ kind: 'groups', tenant });
  metricNames.tell = () => changes.tell({ kind: 'metrics' });
  keys.tell = () => changes.tell({ kind: 'keys' });
  topicRules.tell = (tenant) => changes.tell({ kind: 'topic-rules', tenant });
  schemas.tell = (id) => changes.tell({ kind: 'schemas', id });
  const missed = async () => {
    // Before the devices: they are read by what it says.
    await schemas.refresh();
    await registry.refresh();
    await metricNames.refresh();
    await keys.refresh();
    await topicRules.refresh();
  };
  const changed = (change: Change) => {
    if (change.kind === 'schemas') return schemas.refresh(change.id);
    if (change.kind === 'groups') return registry.groups.refresh(change.tenant);
    if (change.kind === 'devices') return registry.refresh(change.from, change.to);
    if (change.kind === 'topic-rules') return topicRules.refresh(change.tenant);
    return change.kind === 'metrics' ? metricNames.refresh() : keys.refresh();
  };
  return changes.follow({ changed, missed }, failed);
}
