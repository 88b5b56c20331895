/** Posts changes of the filters to which a tenant's clients have subscribed. */
export type PostTaps = (tenant: string, added: readonly string[], removed: readonly string[]) => void;

/** Changes of subscribed filters in one turn, so that gateways know which telemetry somebody wants. */
export class Taps {
  readonly #changes = new Map<string, Map<string, boolean>>();

  /** A filter that nobody had. */
  add(tenant: string, filter: string): void {
    this.#change(tenant, filter, true);
  }

  /** A filter that nobody has any more. */
  remove(tenant: string, filter: string): void {
    this.#change(tenant, filter, false);
  }

  flush(post: PostTaps): void {
    for (const [tenant, filters] of this.#changes) {
      const added = [...filters].filter(([, isThere]) => isThere);
      const removed = [...filters].filter(([, isThere]) => !isThere);
      post(tenant, ...([added, removed].map((list) => list.map(([filter]) => filter)) as [string[], string[]]));
    }
    this.#changes.clear();
  }

  #change(tenant: string, filter: string, isThere: boolean): void {
    // Devices do not publish on topics of the broker.
    if (filter.startsWith('$')) return;
    let filters = this.#changes.get(tenant);
    if (!filters) {
      filters = new Map();
      this.#changes.set(tenant, filters);
    }
    // What came and went within a turn is as it was before.
    if (filters.get(filter) === !isThere) filters.delete(filter);
    else filters.set(filter, isThere);
  }
}
