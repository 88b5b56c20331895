import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';

/** What may be shown of a key; the key itself is shown once, when it is made. */
export interface AdminKey {
  readonly id: number;
  readonly name: string;
  readonly createdAtMs: number;
}

/** A key as it is kept outside the database. */
export interface KeptKey extends AdminKey {
  /** SHA-256 of the key. */
  readonly hash: Uint8Array;
}

/** Every call compares with every key. */
const KEYS_MAX = 100;

interface KeyRow {
  readonly id: number;
  readonly name: string;
  readonly key_hash: Uint8Array;
  readonly created_at: Date;
}

/** Keys of operators. Only their SHA-256 is kept: keys are long random strings, so no slow hash is needed. */
export class AdminKeys {
  static async load(database: Database): Promise<AdminKeys> {
    const keys = new AdminKeys(database);
    await keys.refresh();
    return keys;
  }

  /** The keys as they were when the database was last there; `refresh` follows once it is. */
  static restore(database: Database, kept: readonly KeptKey[]): AdminKeys {
    const keys = new AdminKeys(database);
    keys.#keys = new Map(kept.map((key) => [key.id, key]));
    keys.#isPartial = true;
    return keys;
  }

  /** A key for an operator: 192 random bits. */
  static generate(): string {
    return `spk_${randomBytes(24).toString('base64url')}`;
  }

  readonly #database: Database;
  #keys = new Map<number, KeptKey>();
  #isPartial = false;
  readonly #revocations = new Map<number, Set<() => void>>();
  /** Tells other processes that a key was made or revoked. */
  tell: () => Promise<void> = async () => {};
  /** Called when keys were made or revoked. */
  changed: () => void = () => {};

  private constructor(database: Database) {
    this.#database = database;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Whether a key that is not known here may be valid: the database has not been there since the start. */
  get isPartial(): boolean {
    return this.#isPartial;
  }

  kept(): KeptKey[] {
    return [...this.#keys.values()];
  }

  /** By age, oldest first. */
  list(): AdminKey[] {
    return [...this.#keys.values()].map(({ id, name, createdAtMs }) => ({ id, name, createdAtMs }));
  }

  /** Takes up what is in the database; whoever uses a key that was revoked there learns of it. */
  async refresh(): Promise<void> {
    const rows = await this.#database.run(
      (sql) => sql<KeyRow[]>`select id, name, key_hash, created_at from api_keys where revoked_at is null order by id`,
    );
    const before = this.#keys;
    this.#keys = new Map(rows.map((row) => [row.id, { ...keyOf(row), hash: row.key_hash }]));
    this.#isPartial = false;
    for (const id of before.keys()) if (!this.#keys.has(id)) this.#revoked(id);
    const isSame = before.size === this.#keys.size && [...this.#keys.keys()].every((id) => before.has(id));
    if (!isSame) this.changed();
  }

  /** Makes `key` valid if it is not yet; false: it was revoked, and stays so. */
  async ensure(key: string, name: string): Promise<boolean> {
    if (this.verify(key)) return true;
    await this.#database.run(
      (sql) => sql`insert into api_keys (key_hash, name) values (${hashKey(key)}, ${name}) on conflict (key_hash) do nothing`,
    );
    await this.refresh();
    return this.verify(key);
  }

  /** Makes a key; `secret` is known to nobody else and cannot be read again. */
  async create(name: string): Promise<{ key: AdminKey; secret: string } | ApiFailure> {
    const secret = AdminKeys.generate();
    const id = await this.#alone(async (sql, ids) => {
      if (ids.length >= KEYS_MAX) return undefined;
      const [row] = await sql<{ id: number }[]>`insert into api_keys (key_hash, name) values (${hashKey(secret)}, ${name}) returning id`;
      return row?.id;
    });
    if (id === undefined) return new ApiFailure('keys_exhausted', `make admin key ${name}`);
    await this.#changed();
    return { key: this.list().find((key) => key.id === id)!, secret };
  }

  /** Revokes a key for good; the last one stays, or nobody could make another. */
  async revoke(id: number): Promise<AdminKey | ApiFailure> {
    const attempt = `revoke admin key ${id}`;
    const revoked = await this.#alone(async (sql, ids) => {
      if (!ids.includes(id)) return new ApiFailure('key_unknown', attempt);
      if (ids.length === 1) return new ApiFailure('key_last', attempt);
      const [row] = await sql<KeyRow[]>`update api_keys set revoked_at = now() where id = ${id} returning id, name, key_hash, created_at`;
      return keyOf(row!);
    });
    if (!(revoked instanceof ApiFailure)) await this.#changed();
    return revoked;
  }

  verify(key: string): boolean {
    return this.idOf(key) !== undefined;
  }

  /** The id of a valid key. */
  idOf(key: string): number | undefined {
    const hash = hashKey(key);
    let found: number | undefined;
    // No early end: the time must not tell which key it was.
    for (const known of this.#keys.values()) if (timingSafeEqual(hash, known.hash)) found = known.id;
    return found;
  }

  /** Calls `listener` once when the key is revoked, unless the function that it answers is called before. */
  onRevoked(id: number, listener: () => void): () => void {
    const listeners = this.#revocations.get(id) ?? new Set();
    this.#revocations.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#revocations.get(id) === listeners) this.#revocations.delete(id);
    };
  }

  #revoked(id: number): void {
    const listeners = this.#revocations.get(id);
    this.#revocations.delete(id);
    for (const listener of listeners ?? []) listener();
  }

  async #changed(): Promise<void> {
    await this.refresh();
    await this.tell();
  }

  /** With the ids of the valid keys, which no other process changes meanwhile. */
  async #alone<T>(work: (sql: TransactionSql, ids: readonly number[]) => Promise<T>): Promise<T> {
    const transaction = async (sql: TransactionSql) => {
      await sql`lock table api_keys in share row exclusive mode`;
      const rows = await sql<{ id: number }[]>`select id from api_keys where revoked_at is null`;
      const ids = rows.map(({ id }) => id);
      return work(sql, ids);
    };
    return (await this.#database.run((sql) => sql.begin(transaction))) as T;
  }
}

function keyOf({ id, name, created_at: at }: KeyRow): AdminKey {
  return { id, name, createdAtMs: at.getTime() };
}

function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
