const OF_TENANT = /^tenant\/([^/]+)\/device\/([^/]+)\/data$/;

/**
 * The topic by which rules know it: `tenant/{tenant}/device/{id}/data` is `devices/{id}/telemetry` of that tenant, and every other topic
 * stays as it is. Undefined: it names another tenant, for which no device of this one may write.
 */
export function topicWithin(tenant: string, topic: string): string | undefined {
  if (!topic.startsWith('tenant/')) return topic;
  const [, named, id] = OF_TENANT.exec(topic) ?? [];
  if (named === undefined) return topic;
  return named === tenant ? ownTopic(id as string) : undefined;
}

/** The topic of a device's own telemetry, also of what it sends over protocols without topics. */
export function ownTopic(id: string): string {
  return `devices/${id}/telemetry`;
}

/** The device whose own topic it is; undefined: it is none. */
export function deviceOfOwnTopic(topic: string): string | undefined {
  if (!topic.startsWith('devices/')) return undefined;
  return /^devices\/([^/]+)\/telemetry$/.exec(topic)?.[1];
}

/** Whether a topic is one on which devices publish telemetry, whatever the rules say. */
export function isTelemetryTopic(topic: string): boolean {
  return deviceOfOwnTopic(topic) !== undefined || (topic.startsWith('tenant/') && OF_TENANT.test(topic));
}
