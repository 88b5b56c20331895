import type { Role } from '../config/settings/process.js';
import type { DataPlane } from '../contract/data-plane.js';
import type { Database } from '../contract/database.js';
import type { RecentLog } from '../contract/recent-log.js';
import { aclPart } from '../control/acl/part.js';
import { type AlertsPartOptions, alertsPart } from '../control/alerts/part.js';
import { AuditLog } from '../control/audit/audit-log.js';
import { auditPart } from '../control/audit/part.js';
import { authoritiesPart } from '../control/authorities/part.js';
import { certificatesPart, type UsedCertificates } from '../control/certificates/part.js';
import { claimsPart } from '../control/claims/part.js';
import type { Codecs } from '../control/codecs/codecs.js';
import { codecsPart } from '../control/codecs/part.js';
import { credentialsPart } from '../control/credentials/part.js';
import { debugPart } from '../control/debug/part.js';
import type { DeploymentOptions } from '../control/deployment/deployment.js';
import { WATCHES_MAX } from '../control/deployment/messages.js';
import { deploymentPart } from '../control/deployment/part.js';
import { groupsPart } from '../control/groups/part.js';
import { healthPart } from '../control/health/part.js';
import type { Identities } from '../control/identity/identities.js';
import { ingestPart } from '../control/ingest/part.js';
import { issuersPart } from '../control/issuers/part.js';
import type { AdminKeys } from '../control/keys/admin-keys.js';
import { keysPart } from '../control/keys/part.js';
import { ledgerPart } from '../control/ledger/part.js';
import { type LettersPartOptions, lettersPart } from '../control/letters/part.js';
import { livePart } from '../control/live/part.js';
import type { MetricNames } from '../control/metrics/metric-names.js';
import { metricNamesPart } from '../control/metrics/part.js';
import { packsPart } from '../control/packs/part.js';
import type { Part } from '../control/part.js';
import { planePart } from '../control/plane/part.js';
import { readingsPart } from '../control/queries/part.js';
import { Queries } from '../control/queries/queries.js';
import { registryPart } from '../control/registry/part.js';
import type { Registry } from '../control/registry/registry.js';
import { Subdevices } from '../control/registry/subdevices.js';
import { schemasPart } from '../control/schemas/part.js';
import type { Schemas } from '../control/schemas/schemas.js';
import { servicesPart } from '../control/services/part.js';
import { sessionsPart } from '../control/sessions/part.js';
import { shadowPart } from '../control/shadow/part.js';
import { ShadowRuns } from '../control/shadow/shadow-runs.js';
import { sparkplugPart } from '../control/sparkplug/part.js';
import { timeZonesPart } from '../control/time-zones/part.js';
import type { TimeZones } from '../control/time-zones/time-zones.js';
import { topicRulesPart } from '../control/topic-rules/part.js';
import type { TopicRules } from '../control/topic-rules/topic-rules.js';
import { MetricUnits } from '../control/units/metric-units.js';
import { unitsPart } from '../control/units/part.js';
import { StatedUnits } from '../control/units/stated-units.js';
import type { Route } from '../http/router.js';
import { Exposition } from '../telemetry/exposition.js';
import type { Report } from '../telemetry/report.js';

/** What the parts are made of: what was started before them, and what the settings say. */
export interface PartsOptions {
  readonly plane: DataPlane;
  readonly database: Database;
  readonly registry: Registry;
  readonly metricNames: MetricNames;
  readonly keys: AdminKeys;
  readonly topicRules: TopicRules;
  readonly identities: Identities;
  readonly schemas: Schemas;
  readonly timeZones: TimeZones;
  readonly codecs: Codecs;
  /** Undefined: the log is not one of files. */
  readonly recentLog?: RecentLog | undefined;
  /** Absent: nothing is served over TLS. */
  readonly certificates?: UsedCertificates | undefined;
  /** Undefined: there can be no other process. */
  readonly deployment?: Pick<DeploymentOptions, 'channel' | 'name' | 'partitions'> | undefined;
  readonly letters: Pick<LettersPartOptions, 'limits' | 'topic'>;
  readonly alerts: Pick<AlertsPartOptions, 'keeper' | 'node' | 'port' | 'format'>;
  /** The topics beside the log that are named, but for that of alerts. */
  readonly topics: readonly Part[];
  /** So long entries of the audit log are kept. */
  readonly auditDays: number;
  readonly event: Report;
}

export type Parts = ReturnType<typeof makeParts>;

/** Every subject of the control plane, each handed what it needs. A new subject is one line of the list. */
export function makeParts({
  plane,
  database,
  registry,
  metricNames,
  keys,
  topicRules,
  identities,
  schemas,
  timeZones,
  codecs,
  recentLog,
  certificates,
  deployment,
  letters,
  alerts,
  topics,
  auditDays,
  event,
}: PartsOptions) {
  const exposition = new Exposition();
  const audit = new AuditLog(database, event);
  const queries = new Queries(database);
  const own = { ledger: () => ledger.ledger, ownRates: () => live.hub.ownRates };
  const peers = deployment && deploymentPart({ ...deployment, plane, ...own, event });
  const others = peers?.deployment;
  const views = others ?? plane;
  const shared = others ? { watchedMax: WATCHES_MAX, othersRates: () => others.rates } : {};
  const live = livePart({ plane, views, registry, metricNames, keys, ...shared });
  const ledger = ledgerPart({ plane, registry, keys, others, event });
  const stated = new StatedUnits(database, event);
  const units = new MetricUnits(schemas, stated);
  const sources = { plane, views, registry, metricNames, units, queries, keys, ledger: ledger.ledger, live: live.hub };
  const subdevices = new Subdevices(registry, event);
  const topicLags = () => parts.flatMap((part) => part.topicLags?.() ?? []);
  const { acl } = identities.aclRules;
  const runs = new ShadowRuns({ schemas, registry, log: recentLog, event });
  const subjects: Part[] = [
    ...(peers ? [peers] : []),
    live,
    ledger,
    ...topics,
    healthPart({ plane, exposition }),
    planePart({ ...sources, topicLags }),
    lettersPart({ ...sources, ...letters, schemas, rules: topicRules.rules, database, event }),
    ingestPart({ ...sources, stated, subdevices, schemas, rules: topicRules.rules, acl }),
    topicRulesPart({ topicRules, registry, schemas, timeZones, acl, keys }),
    timeZonesPart(timeZones, keys),
    aclPart({ aclRules: identities.aclRules, services: identities.services, registry, rules: topicRules.rules, keys }),
    credentialsPart({ credentials: identities.credentials, box: identities.box, registry, keys }),
    issuersPart({ issuers: identities.issuers, plane, keys, event }),
    claimsPart({ registry, database, keys, event }),
    authoritiesPart({ authorities: identities.authorities, registry, plane, keys, event }),
    ...(certificates ? [certificatesPart(certificates)] : []),
    servicesPart(identities.services, keys),
    sessionsPart({ plane, keys }),
    debugPart({ ...sources, views, rules: topicRules.rules, event }),
    codecsPart({ codecs, plane, keys, event }),
    packsPart({ runs, codecs, schemas, topicRules, registry, keys, database, event }),
    shadowPart({ runs, schemas, topicRules, registry, keys }),
    schemasPart({ schemas, registry, plane, keys, event }),
    registryPart({ ...sources, schemas, subdevices }),
    groupsPart(registry, keys),
    readingsPart(sources),
    unitsPart(stated, plane),
    sparkplugPart({ plane, registry, event }),
    metricNamesPart({ metricNames, keys, event }),
    keysPart({ keys, registry }),
    auditPart({ audit, keys, days: auditDays }),
  ];
  const rules = subjects.flatMap((part) => part.rules ?? []);
  const watch = alertsPart({ ...alerts, rules, keys, event });
  const parts: Part[] = [...subjects, watch];
  for (const { metrics = [] } of parts) exposition.add(metrics);
  return {
    parts,
    exposition,
    queries,
    live: live.hub,
    sockets: live.sockets,
    changed: audit.changed,
    ledger: ledger.ledger,
    alerts: watch.alerts,
  };
}

/** The calls that a process of these roles answers. */
export function routesOf(parts: readonly Part[], roles: ReadonlySet<Role>): Route[] {
  return parts.flatMap(({ role, routes = [] }) => (role === undefined || roles.has(role) ? routes : []));
}

/** Opens them in their order. */
export async function openParts(parts: readonly Part[]): Promise<void> {
  for (const part of parts) await part.open?.();
}

/** Closes them in the opposite order: what others build on ends last. */
export async function closeParts(parts: readonly Part[]): Promise<void> {
  for (const part of [...parts].reverse()) await part.close?.();
}
