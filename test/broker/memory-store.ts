import { type Change, type Store, TABLES } from '../../src/broker/store/store.js';

type Tables = readonly Map<number, Uint8Array>[];

/** A store in memory that a test can make slow or failing, and from which it can start another broker, as after a crash. */
export class MemoryStore implements Store {
  readonly isDurable = true;
  readonly #tables: Tables;
  /** Writes that were asked for and are not made yet; undefined: each is made at once. */
  #held: (() => void)[] | undefined;
  /** What the disk says instead of writing. */
  failure: string | undefined;
  writes = 0;
  changes = 0;

  constructor(tables: Tables = Array.from({ length: TABLES }, () => new Map())) {
    this.#tables = tables;
  }

  /** From now on writes wait for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const make of held) make();
  }

  /** What a crash leaves. */
  crashed(): MemoryStore {
    return new MemoryStore(this.#tables.map((table) => new Map(table)));
  }

  size(table: number): number {
    return this.#tables[table]?.size ?? 0;
  }

  write(changes: readonly Change[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(new Error(this.failure));
    return new Promise((resolve) => {
      const make = () => {
        this.writes++;
        this.changes += changes.length;
        for (const { table, key, value } of changes) {
          if (value) this.#tables[table]?.set(key, value);
          else this.#tables[table]?.delete(key);
        }
        resolve();
      };
      if (this.#held) this.#held.push(make);
      else make();
    });
  }

  read(table: number, key: number): Uint8Array | undefined {
    return this.#tables[table]?.get(key);
  }

  entries(table: number): Iterable<readonly [number, Uint8Array]> {
    return [...(this.#tables[table] ?? [])].sort(([a], [b]) => a - b);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
