const OF_TENANT = /^tenant\/([^/]+)\/device\/([^/]+)\/data$/;

/**
 * The topic by which rules know it: `tenant/{tenant}/device/{id}/data` is `devices/{id}/telemetry` of that tenant, and every other topic
 * stays as it is. Undefined: it names another tenant, for which no device of this one may write.
 */
export function topicWithin(tenant: string, topic: string): string | undefined {
  const [, named, id] = OF_TENANT.exec(topic) ?? [];
  if (named === undefined) return topic;
  return named === tenant ? `devices/${id}/telemetry` : undefined;
}

/** Whether a topic is one on which devices publish telemetry, whatever the rules say. */
export function isTelemetryTopic(topic: string): boolean {
  return /^devices\/[^/]+\/telemetry$/.test(topic) || OF_TENANT.test(topic);
}
