import { isDeepStrictEqual } from 'node:util';

export interface KeyedRowsOptions<Key, Row> {
  /** What the database has, of one key or of all. */
  readonly read: (key: Key | undefined) => Promise<Iterable<readonly [Key, Row]>>;
  /** Resolves when those who act on the rows have what is new; no rows: the key has none any more. */
  readonly publish: (changed: readonly (readonly [Key, readonly Row[]])[]) => Promise<void>;
}

/** The rows of a table in memory, in lists by a key, as the database has them. */
export class KeyedRows<Key extends string | number, Row> {
  readonly #options: KeyedRowsOptions<Key, Row>;
  readonly #lists = new Map<Key, readonly Row[]>();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: KeyedRowsOptions<Key, Row>) {
    this.#options = options;
  }

  of(key: Key): readonly Row[] {
    return this.#lists.get(key) ?? [];
  }

  all(): Iterable<readonly [Key, readonly Row[]]> {
    return this.#lists;
  }

  /** Sets what was kept of the rows while the database is away. */
  async restore(key: Key, rows: readonly Row[]): Promise<void> {
    await this.#take(new Map([[key, rows]]));
  }

  /** Takes up what is in the database, of one key or of all. Of two readings the later one counts. */
  refresh(key?: Key): Promise<void> {
    const reading = this.#reading.then(() => this.#read(key));
    this.#reading = reading.catch(() => {});
    return reading;
  }

  async #read(key: Key | undefined): Promise<void> {
    const lists = new Map<Key, Row[]>();
    for (const known of key === undefined ? this.#lists.keys() : [key]) lists.set(known, []);
    for (const [of, row] of await this.#options.read(key)) {
      const list = lists.get(of);
      if (list) list.push(row);
      else lists.set(of, [row]);
    }
    await this.#take(lists);
  }

  async #take(lists: ReadonlyMap<Key, readonly Row[]>): Promise<void> {
    const changed = [...lists].filter(([key, rows]) => !isDeepStrictEqual(rows, this.of(key)));
    for (const [key, rows] of changed) {
      if (rows.length === 0) this.#lists.delete(key);
      else this.#lists.set(key, rows);
    }
    if (changed.length > 0) await this.#options.publish(changed);
  }
}
