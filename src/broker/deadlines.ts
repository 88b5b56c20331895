/** Things that are due at a second of the monotonic clock. Whoever has one looks whether it still is. */
export class Deadlines<Item> {
  readonly #bySecond = new Map<number, Set<Item>>();
  #last: number;

  constructor(nowSeconds: number) {
    this.#last = Math.floor(nowSeconds);
  }

  add(item: Item, atSeconds: number): void {
    const second = Math.max(Math.ceil(atSeconds), this.#last + 1);
    const there = this.#bySecond.get(second);
    if (there) there.add(item);
    else this.#bySecond.set(second, new Set([item]));
  }

  delete(item: Item, atSeconds: number): void {
    const second = Math.ceil(atSeconds);
    const there = this.#bySecond.get(second);
    if (there?.delete(item) && there.size === 0) this.#bySecond.delete(second);
  }

  /** Those that have become due since the last time. */
  due(nowSeconds: number): Item[] {
    const due: Item[] = [];
    const now = Math.floor(nowSeconds);
    for (; this.#last < now; this.#last++) {
      const second = this.#last + 1;
      for (const item of this.#bySecond.get(second) ?? []) due.push(item);
      this.#bySecond.delete(second);
    }
    return due;
  }
}
