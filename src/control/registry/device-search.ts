import { z } from 'zod';
import { ApiFailure } from '../../contract/api-errors.js';
import { callersGroup } from '../../http/caller.js';
import type { Groups } from '../groups/groups.js';
import type { Device } from './device.js';
import { statusSchema, tenantSchema } from './input.js';

const BOOLEAN = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

/** What a search asks of devices, as the query says it; what is absent is not asked. */
export const searchQuery = z.object({
  tenant: tenantSchema,
  prefix: z.string().optional(),
  q: z.string().max(256, 'must have at most 256 characters').optional(),
  status: statusSchema.optional(),
  class: z.string().optional(),
  firmware: z.string().optional(),
  model: z.string().optional(),
  owner: z.string().optional(),
  serial: z.string().optional(),
  via: z.string().optional(),
  tag: z.string().optional(),
  group: z.string().optional(),
  nested: BOOLEAN.default(true),
  connected: BOOLEAN.optional(),
});
export type Search = z.infer<typeof searchQuery>;

/** Where a search looks things up. */
export interface SearchSources {
  readonly registry: { get(tenant: string, id: string): Device | undefined; readonly groups: Pick<Groups, 'of'> };
  readonly plane: { isConnected(device: number): boolean };
}

/** Whether a device is one that is searched; undefined: all of the tenant are. `tags`: each is `key` or `key=value`. */
export function searchOf(
  search: Search,
  tags: readonly string[],
  { registry, plane }: SearchSources,
): ((device: Device) => boolean) | ApiFailure | undefined {
  const tests: ((device: Device) => boolean)[] = [];
  const { tenant, prefix, q, status, class: deviceClass, firmware, model, owner, serial, via, group, nested, connected } = search;
  if (prefix !== undefined && prefix !== '') tests.push(({ id }) => id.startsWith(prefix));
  if (status !== undefined) tests.push((device) => device.status === status);
  if (deviceClass !== undefined) tests.push((device) => (device.deviceClass ?? '') === deviceClass);
  if (firmware !== undefined) tests.push((device) => (device.firmwareVersion ?? '') === firmware);
  for (const [member, wanted] of Object.entries({ model, owner, serial })) {
    if (wanted !== undefined) tests.push(({ details }) => (details[member as 'model' | 'owner' | 'serial'] ?? '') === wanted);
  }
  if (via !== undefined) {
    const number = via === '' ? 0 : (registry.get(tenant, via)?.number ?? -1);
    tests.push((device) => device.via === number);
  }
  for (const tag of tags) tests.push(tagTest(tag));
  if (group !== undefined) {
    const tree = registry.groups.of(tenant);
    const found = tree.find(group);
    if (!found) return new ApiFailure('group_unknown', `list devices of group ${group}`);
    const wanted = nested ? tree.subtree(found.number) : new Set([found.number]);
    tests.push(({ details }) => details.groups.some((number) => wanted.has(number)));
  }
  const own = callersGroup();
  if (own !== undefined) {
    const seen = registry.groups.of(tenant).subtree(own);
    tests.push(({ details }) => details.groups.some((number) => seen.has(number)));
  }
  if (connected !== undefined) tests.push(({ number }) => plane.isConnected(number) === connected);
  // Last: it costs most.
  if (q !== undefined && q !== '') tests.push(textTest(q));
  return tests.length === 0 ? undefined : (device) => tests.every((test) => test(device));
}

function tagTest(tag: string): (device: Device) => boolean {
  const at = tag.indexOf('=');
  const key = at < 0 ? tag : tag.slice(0, at);
  return ({ details: { tags } }) => Object.hasOwn(tags, key) && (at < 0 || tags[key] === tag.slice(at + 1));
}

/** Upper and lower case are the same; the text may be any part of what names or describes a device. */
function textTest(text: string): (device: Device) => boolean {
  const wanted = text.toLowerCase();
  const has = (value: string | null | undefined) => value?.toLowerCase().includes(wanted) === true;
  return ({ id, deviceClass, firmwareVersion, details: { model, serial, owner, location, tags } }) =>
    has(id) ||
    has(deviceClass) ||
    has(firmwareVersion) ||
    has(model) ||
    has(serial) ||
    has(owner) ||
    has(location?.name) ||
    Object.entries(tags).some(([key, value]) => has(key) || has(value));
}
