import { KIB } from '../../../assembly/abi/limits.js';
import type { Changeable, Device, Metadata } from './device.js';
import { type DeviceDetails, type Location, NO_TAGS, type Tags } from './device-details.js';

export const TAGS_MAX = 32;
export const DEVICE_GROUPS_MAX = 32;
export const METADATA_BYTES_MAX = 16 * KIB;

/** What of a device's details is to change, as RFC 7396 says it: null takes a member away. */
export interface DetailsPatch {
  readonly model?: string | null | undefined;
  readonly serial?: string | null | undefined;
  readonly owner?: string | null | undefined;
  readonly timeZone?: string | null | undefined;
  readonly location?: { readonly [Member in keyof Location]?: Location[Member] | null | undefined } | null | undefined;
  readonly tags?: Readonly<Record<string, string | null>> | null | undefined;
  /** All its groups. */
  readonly groups?: readonly number[] | undefined;
  readonly join?: readonly number[] | undefined;
  readonly leave?: readonly number[] | undefined;
}

/** What of a device is to change; what is absent stays as the database has it. Metadata is merged, as RFC 7396 says. */
export type DeviceUpdate = { readonly [Member in Exclude<Changeable, 'details'>]?: Device[Member] | undefined } & {
  readonly details?: DetailsPatch | undefined;
};

/** The device after the change; a text: why it cannot be so. */
export function patched(device: Pick<Device, Changeable>, update: DeviceUpdate): Pick<Device, Changeable> | string {
  const { status, metadata, deviceClass, firmwareVersion, schemaId, schemaVersion, details } = update;
  const merged = metadata === undefined ? device.metadata : (mergePatch(device.metadata, metadata) as Metadata);
  if (Buffer.byteLength(JSON.stringify(merged)) > METADATA_BYTES_MAX) {
    return `metadata must not be longer than ${METADATA_BYTES_MAX} bytes with what is there`;
  }
  const after = details === undefined ? device.details : patchedDetails(device.details, details);
  if (typeof after === 'string') return after;
  return {
    status: status ?? device.status,
    metadata: merged,
    details: after,
    deviceClass: deviceClass === undefined ? device.deviceClass : deviceClass,
    firmwareVersion: firmwareVersion === undefined ? device.firmwareVersion : firmwareVersion,
    schemaId: schemaId === undefined ? device.schemaId : schemaId,
    schemaVersion: schemaId === undefined ? device.schemaVersion : (schemaVersion ?? 0),
  };
}

/** The details after the change; a text: why they cannot be so. */
export function patchedDetails(details: DeviceDetails, patch: DetailsPatch): DeviceDetails | string {
  const { model = details.model, serial = details.serial, owner = details.owner, timeZone = details.timeZone } = patch;
  const location = patch.location === undefined ? details.location : mergeLocation(details.location, patch.location);
  if (typeof location === 'string') return location;
  const tags = patch.tags === undefined ? details.tags : (mergePatch(details.tags, patch.tags ?? patchTo(details.tags, NO_TAGS)) as Tags);
  if (Object.keys(tags).length > TAGS_MAX) return `tags must be at most ${TAGS_MAX} with those that are there`;
  const groups = new Set([...(patch.groups ?? details.groups), ...(patch.join ?? [])]);
  for (const group of patch.leave ?? []) groups.delete(group);
  if (groups.size > DEVICE_GROUPS_MAX) return `groups must be at most ${DEVICE_GROUPS_MAX} with those that it is in`;
  return { model, serial, owner, timeZone, location, tags: sortedTags(tags), groups: [...groups].sort((a, b) => a - b) };
}

/** In one order, so that devices with equal tags share them. */
function sortedTags(tags: Tags): Tags {
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mergeLocation(location: Location | null, patch: NonNullable<DetailsPatch['location']> | null): Location | null | string {
  if (patch === null) return null;
  const { lat, lon, name } = mergePatch(location ?? {}, patch) as Partial<Location>;
  if (lat === undefined || lon === undefined) return 'location must have lat and lon';
  return name === undefined ? { lat, lon } : { lat, lon, name };
}

/** RFC 7396 §2. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else if (value !== undefined) merged.set(name, mergePatch(merged.get(name), value));
  }
  // fromEntries defines members, so one named __proto__ is one like any other.
  return Object.fromEntries(merged);
}

/** The patch that makes of `target` what is wanted. A member that is null cannot be had by a patch, and is left out. */
export function patchTo(target: Metadata, wanted: Metadata): Metadata {
  const gone = Object.keys(target).filter((name) => !Object.hasOwn(wanted, name));
  const kept = Object.entries(wanted).map(([name, value]) => {
    const before = Object.hasOwn(target, name) ? target[name] : undefined;
    return [name, isObject(before) && isObject(value) ? patchTo(before, value) : value] as const;
  });
  return Object.fromEntries([...gone.map((name) => [name, null] as const), ...kept]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
