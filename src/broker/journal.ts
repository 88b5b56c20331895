import type { Change, Store } from './store/store.js';
import { TABLES } from './store/store.js';

/** Something that the store keeps. It is written down when its batch is, as it is then. */
export interface Recorded {
  record(): Uint8Array;
}

interface Pending {
  /** undefined: the key goes. */
  readonly value: Recorded | undefined;
  /** The store does not have the key yet: taken back before it is written, it is never written. */
  readonly isNew: boolean;
}

type Tables = readonly Map<number, Pending>[];

/** How long a batch waits that the disk has refused, ms. */
const RETRY_MS = 1000;

export interface JournalListener {
  /** Another batch is durable, and what waited for it has been done. */
  durable(): void;
  failing(cause: string): void;
  recovered(): void;
}

/**
 * Changes on their way to the store, in batches: one is written while the next one fills, and each is durable as a whole or not at
 * all. What may only happen once a batch is durable waits in its list, in order.
 */
export class Journal {
  readonly #store: Store;
  readonly #listener: JournalListener;
  readonly #retryMs: number;
  #tables: Tables = emptyTables();
  #waiting: (() => void)[] = [];
  #writing: (() => void)[] | undefined;
  #isFailing = false;
  /** Number of the batch that fills. */
  batch = 1;
  /** All batches up to it are durable. */
  durable = 0;
  /** Set to `batch` by what has to be durable before its sender may be answered. */
  needed = 0;

  constructor(store: Store, listener: JournalListener, retryMs = RETRY_MS) {
    this.#store = store;
    this.#retryMs = retryMs;
    this.#listener = listener;
  }

  get isDurable(): boolean {
    return this.#store.isDurable;
  }

  /** A key that the store does not have. */
  create(table: number, key: number, value: Recorded): void {
    if (!this.isDurable) return;
    // A key that goes in this batch is one that the store has.
    const isNew = !this.#tables[table]?.has(key);
    this.#tables[table]?.set(key, { value, isNew });
  }

  put(table: number, key: number, value: Recorded): void {
    if (!this.isDurable) return;
    const isNew = this.#tables[table]?.get(key)?.isNew ?? false;
    this.#tables[table]?.set(key, { value, isNew });
  }

  remove(table: number, key: number): void {
    if (!this.isDurable) return;
    const pending = this.#tables[table];
    if (pending?.get(key)?.isNew) pending.delete(key);
    else pending?.set(key, { value: undefined, isNew: false });
  }

  /** Whoever is answered for what happens now waits for the batch that fills. */
  need(): void {
    if (this.isDurable) this.needed = this.batch;
  }

  /** Runs `then` once `batch` is durable, after what was put there before; at once if it is. */
  after(batch: number, then: () => void): void {
    if (batch <= this.durable) then();
    else if (batch === this.batch) this.#waiting.push(then);
    else this.#writing?.push(then);
  }

  /** Begins to write what there is, unless the batch before is still under way. */
  turn(): void {
    if (this.#writing) return;
    if (this.#waiting.length === 0 && this.#tables.every(({ size }) => size === 0)) return;
    const changes = changesIn(this.#tables);
    this.#tables = emptyTables();
    this.#writing = this.#waiting;
    this.#waiting = [];
    this.batch++;
    if (changes.length === 0) queueMicrotask(() => this.#written());
    else this.#write(changes);
  }

  /** Fulfilled once everything is durable. */
  async drain(): Promise<void> {
    while (this.durable < this.batch - 1 || this.#tables.some(({ size }) => size > 0) || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.after(this.batch, resolve);
        this.turn();
      });
    }
  }

  #write(changes: readonly Change[]): void {
    this.#store.write(changes).then(
      () => {
        if (this.#isFailing) this.#listener.recovered();
        this.#isFailing = false;
        this.#written();
      },
      (error: Error) => {
        if (!this.#isFailing) this.#listener.failing(error.message);
        this.#isFailing = true;
        setTimeout(() => this.#write(changes), this.#retryMs);
      },
    );
  }

  #written(): void {
    const waiting = this.#writing ?? [];
    this.durable = this.batch - 1;
    this.#writing = undefined;
    for (const then of waiting) then();
    this.#listener.durable();
    this.turn();
  }
}

function emptyTables(): Tables {
  return Array.from({ length: TABLES }, () => new Map<number, Pending>());
}

function changesIn(tables: Tables): Change[] {
  const changes: Change[] = [];
  for (const [table, pending] of tables.entries())
    for (const [key, { value }] of pending) {
      changes.push({ table, key, value: value?.record() });
    }
  return changes;
}
