/** The ids of a tenant in code-unit order, for paging. Additions are sorted in when somebody next looks. */
export class SortedIds {
  #sorted: string[] = [];
  #added: string[] = [];

  get size(): number {
    return this.#sorted.length + this.#added.length;
  }

  add(id: string): void {
    this.#added.push(id);
  }

  delete(id: string): void {
    this.#settle();
    const at = firstAfter(this.#sorted, id) - 1;
    if (this.#sorted[at] === id) this.#sorted.splice(at, 1);
  }

  /** Up to `limit` ids greater than `after`. */
  page(after: string | undefined, limit: number): string[] {
    this.#settle();
    const from = after === undefined ? 0 : firstAfter(this.#sorted, after);
    return this.#sorted.slice(from, from + limit);
  }

  #settle(): void {
    if (this.#added.length === 0) return;
    const added = this.#added.sort(byCodeUnit);
    this.#added = [];
    const last = this.#sorted.at(-1);
    if (last === undefined || last < added[0]!) {
      for (const id of added) this.#sorted.push(id);
      return;
    }
    this.#sorted = merge(this.#sorted, added);
  }
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function merge(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) merged.push(a[i]! < b[j]! ? a[i++]! : b[j++]!);
  while (i < a.length) merged.push(a[i++]!);
  while (j < b.length) merged.push(b[j++]!);
  return merged;
}

function firstAfter(ids: readonly string[], after: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
