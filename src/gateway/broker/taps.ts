/** More topics than these are not remembered. */
const TOPICS_MAX = 50_000;

/** Which messages subscribers of a tenant want, as far as a gateway has to know: those for which it is worth asking the broker. */
export class Taps {
  readonly #tenants = new Map<string, TenantTaps>();

  change(tenant: string, added: readonly string[], removed: readonly string[]): void {
    const taps = this.#tenants.get(tenant) ?? new TenantTaps();
    taps.change(added, removed);
    if (taps.isEmpty) this.#tenants.delete(tenant);
    else this.#tenants.set(tenant, taps);
  }

  /** Whether anybody has subscribed to anything there. */
  has(tenant: string): boolean {
    return this.#tenants.has(tenant);
  }

  wants(tenant: string, topic: string): boolean {
    return this.#tenants.get(tenant)?.wants(topic) ?? false;
  }
}

class TenantTaps {
  readonly #exact = new Set<string>();
  readonly #wild = new Map<string, readonly string[]>();
  readonly #known = new Map<string, boolean>();

  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#wild.size === 0;
  }

  change(added: readonly string[], removed: readonly string[]): void {
    for (const filter of added) {
      if (isWild(filter)) this.#wild.set(filter, filter.split('/'));
      else this.#exact.add(filter);
    }
    for (const filter of removed) if (!this.#wild.delete(filter)) this.#exact.delete(filter);
    if (added.some(isWild) || removed.some(isWild)) this.#known.clear();
    else for (const topic of [...added, ...removed]) this.#known.delete(topic);
  }

  wants(topic: string): boolean {
    const known = this.#known.get(topic);
    if (known !== undefined) return known;
    if (this.#known.size === TOPICS_MAX) this.#known.clear();
    const levels = topic.split('/');
    const wants = this.#exact.has(topic) || [...this.#wild.values()].some((filter) => matches(filter, levels));
    this.#known.set(topic, wants);
    return wants;
  }
}

function isWild(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

/** MQTT 5 §4.7: wildcards at the beginning match no topic that starts with $ [MQTT-4.7.2-1]. */
function matches(filter: readonly string[], topic: readonly string[]): boolean {
  if (topic[0]?.startsWith('$') && filter[0] !== topic[0]) return false;
  for (const [index, level] of filter.entries()) {
    if (level === '#') return true;
    if (index >= topic.length || (level !== '+' && level !== topic[index])) return false;
  }
  return filter.length === topic.length;
}
