import type { Group } from './group.js';

/** The groups of one tenant. */
export class GroupTree {
  readonly #byNumber: ReadonlyMap<number, Group>;
  /** By the number of the group that they are in; 0: of those that are in none. */
  readonly #children = new Map<number, Group[]>();

  constructor(groups: readonly Group[]) {
    this.#byNumber = new Map(groups.map((group) => [group.number, group]));
    for (const group of groups) {
      const beside = this.#children.get(group.parent) ?? [];
      beside.push(group);
      this.#children.set(group.parent, beside);
    }
  }

  get size(): number {
    return this.#byNumber.size;
  }

  byNumber(number: number): Group | undefined {
    return this.#byNumber.get(number);
  }

  /** In the order of their paths. */
  list(): { readonly group: Group; readonly path: string }[] {
    const all = [...this.#byNumber.values()].map((group) => ({ group, path: this.pathOf(group.number)! }));
    return all.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** By its number or its path, `site/building/floor`. */
  find(named: string): Group | undefined {
    if (/^\d{1,9}$/.test(named)) return this.#byNumber.get(Number(named));
    let found: Group | undefined;
    for (const name of named.split('/')) {
      found = this.child(found?.number ?? 0, name);
      if (!found) return undefined;
    }
    return found;
  }

  child(parent: number, name: string): Group | undefined {
    return this.#children.get(parent)?.find((group) => group.name === name);
  }

  /** Undefined: the group was deleted. */
  pathOf(number: number): string | undefined {
    const names = this.#upward(number).map(({ name }) => name);
    return names.length === 0 ? undefined : names.reverse().join('/');
  }

  /** The group and all that are in it, at whatever depth. */
  subtree(number: number): Set<number> {
    const found = new Set([number]);
    for (const inside of found) for (const child of this.#children.get(inside) ?? []) found.add(child.number);
    return found;
  }

  /** Groups from the top to this one; 0 for no group. */
  depth(number: number): number {
    return this.#upward(number).length;
  }

  /** Levels from this group to the lowest in it. */
  height(number: number): number {
    return 1 + Math.max(0, ...(this.#children.get(number) ?? []).map((child) => this.height(child.number)));
  }

  #upward(number: number): Group[] {
    const found: Group[] = [];
    for (let at = this.#byNumber.get(number); at; at = this.#byNumber.get(at.parent)) found.push(at);
    return found;
  }
}
