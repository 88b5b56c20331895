/** Where a device stands; degrees of WGS 84. */
export interface Location {
  readonly lat: number;
  readonly lon: number;
  readonly name?: string | undefined;
}

export type Tags = Readonly<Record<string, string>>;

/** What operators note of a device besides what its messages need. */
export interface DeviceDetails {
  readonly model: string | null;
  readonly serial: string | null;
  readonly owner: string | null;
  readonly location: Location | null;
  readonly tags: Tags;
  /** Numbers of the groups that it is in, ascending. */
  readonly groups: readonly number[];
}

export const NO_TAGS: Tags = Object.freeze({});
const NO_GROUPS: readonly number[] = Object.freeze([]);

/** Shared by the devices of which nothing is noted, which may be most. */
export const NO_DETAILS: DeviceDetails = Object.freeze({
  model: null,
  serial: null,
  owner: null,
  location: null,
  tags: NO_TAGS,
  groups: NO_GROUPS,
});

const SHARED_MAX = 65_536;

/** Keeps one copy of what devices of a fleet have in common: a million devices have few models, owners, sets of tags and of groups. */
export class SharedDetails {
  readonly #texts = new Map<string, string>();
  readonly #tags = new Map<string, Tags>();
  readonly #groups = new Map<string, readonly number[]>();

  share(details: DeviceDetails): DeviceDetails {
    const { model, serial, owner, location, tags, groups } = details;
    const hasTags = Object.keys(tags).length > 0;
    if (model === null && serial === null && owner === null && location === null && !hasTags && groups.length === 0) return NO_DETAILS;
    return {
      model: this.#text(model),
      serial,
      owner: this.#text(owner),
      location: location && sharedLocation(location, this.#text(location.name ?? null)),
      tags: hasTags ? shared(this.#tags, JSON.stringify(tags), tags) : NO_TAGS,
      groups: groups.length > 0 ? shared(this.#groups, groups.join(), groups) : NO_GROUPS,
    };
  }

  #text(text: string | null): string | null {
    return text === null ? null : shared(this.#texts, text, text);
  }
}

function sharedLocation({ lat, lon }: Location, name: string | null): Location {
  return name === null ? { lat, lon } : { lat, lon, name };
}

function shared<Value>(known: Map<string, Value>, key: string, value: Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  // Tags may hold something that each device has for itself: those are not worth the keeping.
  if (known.size < SHARED_MAX) known.set(key, value);
  return value;
}
