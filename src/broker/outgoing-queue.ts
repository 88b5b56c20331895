/** A queue in which taking out the first is cheap however long it is. */
export class OutgoingQueue<Item> {
  #items: Item[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined as Item;
    if (this.#head * 2 >= this.#items.length) this.#compact();
    return item;
  }

  /** Puts items in front, in their order. */
  prepend(items: readonly Item[]): void {
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
  }

  /** Takes out every item for which `keeps` answers false. */
  filter(keeps: (item: Item) => boolean): void {
    this.#items = this.#items.slice(this.#head).filter(keeps);
    this.#head = 0;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at] as Item;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
