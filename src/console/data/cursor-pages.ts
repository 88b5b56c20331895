import { signal } from '@preact/signals';

/** Which page is shown of a list that the appliance hands out with cursors. */
export class CursorPages {
  /** From 1 on. */
  readonly number = signal(1);
  /** Cursor of the page after this one; null: there is none. */
  readonly next = signal<string | null>(null);
  /** Of the pages up to this one; the first needs none. */
  #cursors: readonly (string | undefined)[] = [undefined];

  get cursor(): string | undefined {
    return this.#cursors.at(-1);
  }

  goOn(): void {
    const next = this.next.peek();
    if (next !== null) this.#show([...this.#cursors, next]);
  }

  goBack(): void {
    if (this.#cursors.length > 1) this.#show(this.#cursors.slice(0, -1));
  }

  reset(): void {
    this.#show([undefined]);
  }

  #show(cursors: readonly (string | undefined)[]): void {
    this.#cursors = cursors;
    this.number.value = cursors.length;
    this.next.value = null;
  }
}
