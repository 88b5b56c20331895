import type { Role } from '../config/settings/process.js';
import type { DataPlane, DeviceViews } from '../contract/data-plane.js';
import type { Exposition } from '../telemetry/exposition.js';
import type { Alerts } from './alerts/alerts.js';
import type { AdminKeys } from './keys/admin-keys.js';
import type { Ledger } from './ledger/ledger.js';
import type { LiveHub } from './live/live-hub.js';
import type { MetricNames } from './metrics/metric-names.js';
import type { Queries } from './queries/queries.js';
import type { Registry } from './registry/registry.js';
import type { TopicLag } from './topics/topic-record.js';

/** What the calls are answered from. */
export interface Services {
  /** What this process does: calls that concern the rest are other processes' to answer. */
  readonly roles: ReadonlySet<Role>;
  readonly plane: DataPlane;
  /** The devices of all partitions, whichever process runs them. */
  readonly views: Pick<DeviceViews, 'latest'>;
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly queries: Queries;
  readonly keys: AdminKeys;
  readonly live: LiveHub;
  readonly ledger: Ledger;
  readonly alerts: Pick<Alerts, 'open'>;
  readonly exposition: Exposition;
  /** How far the topics beside the log are. */
  readonly topicLags: () => readonly TopicLag[];
}
