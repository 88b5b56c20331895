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
  /** In which its times are read that name none; null: that of its tenant. */
  readonly timeZone: string | null;
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
  timeZone: null,
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
    const { tags, groups } = details;
    return this.#shared(details, this.tags(JSON.stringify(tags), tags), this.groups(groups.join(), groups));
  }

  /** Tags and groups as texts of JSON and of numbers with commas between them, which are read once. */
  ofTexts(details: Omit<DeviceDetails, 'tags' | 'groups'>, tags: string, groups: string): DeviceDetails {
    return this.#shared(details, this.tags(tags), this.groups(groups));
  }

  text<Text extends string>(text: Text | null): Text | null {
    return text === null ? null : (shared(this.#texts, text, () => text) as Text);
  }

  tags(text: string, tags?: Tags): Tags {
    return text === '{}' ? NO_TAGS : shared(this.#tags, text, () => tags ?? (JSON.parse(text) as Tags));
  }

  groups(text: string, groups?: readonly number[]): readonly number[] {
    return text === '' ? NO_GROUPS : shared(this.#groups, text, () => groups ?? text.split(',').map(Number));
  }

  #shared(details: Omit<DeviceDetails, 'tags' | 'groups'>, tags: Tags, groups: readonly number[]): DeviceDetails {
    const { model, serial, owner, timeZone, location } = details;
    const isEmpty = [model, serial, owner, timeZone, location].every((detail) => detail === null);
    if (isEmpty && tags === NO_TAGS && groups === NO_GROUPS) return NO_DETAILS;
    const texts = { model: this.text(model), serial, owner: this.text(owner), timeZone: this.text(timeZone) };
    return { ...texts, location: location && this.#location(location), tags, groups };
  }

  #location({ lat, lon, name }: Location): Location {
    return name === undefined ? { lat, lon } : { lat, lon, name: this.text(name)! };
  }
}

function shared<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  // What each device has for itself is not worth the keeping.
  if (known.size < SHARED_MAX) known.set(key, made);
  return made;
}
