export type ByReason = Readonly<Record<string, number>>;

/**
 * Messages that the HTTP server refused before a gateway saw them: for the node, for their tenant where it exists, and for their
 * device where it proved who it is. There is one entry a tenant and a device of the registry at most.
 */
export class DoorRefusals {
  readonly #node = new Map<string, number>();
  readonly #tenants = new Map<string, Map<string, number>>();
  readonly #devices = new Map<number, Map<string, number>>();

  count(code: string, tenant: string | undefined, device: number | undefined): void {
    add(this.#node, code);
    if (tenant !== undefined) add(entryOf(this.#tenants, tenant), code);
    if (device !== undefined) add(entryOf(this.#devices, device), code);
  }

  node(): ByReason {
    return Object.fromEntries(this.#node);
  }

  ofTenant(tenant: string): ByReason {
    return Object.fromEntries(this.#tenants.get(tenant) ?? []);
  }

  ofDevice(device: number): ByReason {
    return Object.fromEntries(this.#devices.get(device) ?? []);
  }

  tenants(): Iterable<string> {
    return this.#tenants.keys();
  }
}

function entryOf<Key>(map: Map<Key, Map<string, number>>, key: Key): Map<string, number> {
  const known = map.get(key) ?? new Map<string, number>();
  map.set(key, known);
  return known;
}

function add(counts: Map<string, number>, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
