import type { ISubscription } from 'mqtt-packet';

const NOT_AUTHORIZED = 0x87;
const SHARED_UNSUPPORTED = 0x9e;
const IDENTIFIERS_UNSUPPORTED = 0xa1;
const FAILURE_311 = 0x80;
const QOS_MAX = 1;

/** A device may listen to its own commands and to nothing else. */
function isOwnCommands(filter: string, tenant: string, id: string): boolean {
  const own = [`devices/${id}/commands`, `tenant/${tenant}/device/${id}/commands`];
  return own.some((topic) => filter === topic || filter === `${topic}/#`);
}

/** The topics of our own shapes, of which a device may hear its commands alone. */
function isOwnShape(filter: string): boolean {
  return /^(devices\/[^/]+\/telemetry|tenant\/)/.test(filter) || filter.startsWith('$share/');
}

/** What SDKs of other platforms subscribe to for their own device; some wait at their start until it is granted. */
const OF_SDKS = ['v1/devices/me/', 'v1/gateway/', '$iothub/'];

/** Whether the filter can match nothing but topics of the device: a level is its id, and no wildcard comes before it. */
function isOfDevice(filter: string, id: string): boolean {
  const levels = filter.split('/');
  const at = levels.indexOf(id);
  return at >= 0 && !levels.slice(0, at).some((level) => level === '+' || level === '#');
}

/** What SUBACK says of the first subscription that it refuses; undefined: it refuses none. */
export function refusalOf(granted: readonly number[]): string | undefined {
  const refused = granted.find((code) => code > QOS_MAX);
  if (refused === undefined) return undefined;
  if (refused === SHARED_UNSUPPORTED) return 'shared subscriptions are not available; subscribe without $share';
  if (refused === IDENTIFIERS_UNSUPPORTED) return 'subscription identifiers are not available; subscribe without one';
  return 'a device may subscribe to its own commands alone; subscribe to devices/{id}/commands';
}

/** SUBACK's code for one subscription. */
export function grant(wanted: ISubscription, hasIdentifier: boolean, tenant: string, id: string, level: number): number {
  if (level === 5 && hasIdentifier) return IDENTIFIERS_UNSUPPORTED;
  const isOwn = isOwnCommands(wanted.topic, tenant, id) || OF_SDKS.some((start) => wanted.topic.startsWith(start));
  if (isOwn || (!isOwnShape(wanted.topic) && isOfDevice(wanted.topic, id))) return Math.min(wanted.qos, QOS_MAX);
  if (level !== 5) return FAILURE_311;
  return wanted.topic.startsWith('$share/') ? SHARED_UNSUPPORTED : NOT_AUTHORIZED;
}
