import type { Acl, Principal } from '../../contract/acl/acl.js';

/** The topics of our own shapes, of which rules alone say who may use them. */
const OWN_SHAPES = /^(devices\/[^/]+\/telemetry|tenant\/|\$share\/)/;

/** What SDKs of other platforms subscribe to for their own device; some wait at their start until it is granted. */
const OF_SDKS = ['v1/devices/me/', 'v1/gateway/', '$iothub/'];

/** Whether the filter can match nothing but topics of the device: a level is its id, and no wildcard comes before it. */
function isOfDevice(filter: string, id: string): boolean {
  const levels = filter.split('/');
  const at = levels.indexOf(id);
  return at >= 0 && !levels.slice(0, at).some((level) => level === '+' || level === '#');
}

/**
 * `routed`: a rule allows the subscription. `empty`: no rule does, but SDKs of other platforms make it for their own device, and some wait
 * until it is granted: it matches nothing. Topics such as `v1/devices/me/…` mean another device on each connection, and an id may be
 * the first level of many topics, so nothing is handed on by them.
 */
export type Grant = 'routed' | 'empty' | 'refused';

export function grantOf(acl: Acl, who: Principal, filter: string): Grant {
  const { allowed, rule } = acl.allows(who, 'subscribe', filter);
  if (allowed && !isOfSdk(filter)) return 'routed';
  if (rule?.effect === 'deny' || who.kind !== 'device') return 'refused';
  return isOfSdk(filter) || (!OWN_SHAPES.test(filter) && isOfDevice(filter, who.name)) ? 'empty' : 'refused';
}

function isOfSdk(filter: string): boolean {
  return OF_SDKS.some((start) => filter.startsWith(start));
}
