import { createHash, randomBytes } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import { type Principal, seesTenant } from '../../http/caller.js';
import { recordChange } from '../audit/record.js';
import { type AdminKey, insertKey, type KeptKey, type KeyRow, keyOf, type NewKey, selectKeys } from './key-rows.js';

export const KEYS_MAX = 10_000;
/** A timer can wait no longer. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Who waits for the end of a key. */
interface Waiting {
  readonly listeners: Set<() => void>;
  /** Undefined: the key does not expire. */
  timer: NodeJS.Timeout | undefined;
}

/** Keys of operators. Only their SHA-256 is kept: keys are long random strings, so no slow hash is needed. */
export class AdminKeys {
  static async load(database: Database, nowMs = Date.now): Promise<AdminKeys> {
    const keys = new AdminKeys(database, nowMs);
    await keys.refresh();
    return keys;
  }

  /** The keys as they were when the database was last there; `refresh` follows once it is. */
  static restore(database: Database, kept: readonly KeptKey[], nowMs = Date.now): AdminKeys {
    const keys = new AdminKeys(database, nowMs);
    keys.#take(kept);
    keys.#isPartial = true;
    return keys;
  }

  /** A key for an operator: 192 random bits. */
  static generate(): string {
    return `spk_${randomBytes(24).toString('base64url')}`;
  }

  readonly #database: Database;
  readonly #nowMs: () => number;
  #keys = new Map<number, KeptKey>();
  /** Ids by the hex of the hash: who guesses cannot choose hashes, so the time of the look says nothing. */
  #byHash = new Map<string, number>();
  #isPartial = false;
  readonly #waiting = new Map<number, Waiting>();
  /** When keys were used last, ms; what `noteUses` has not written yet is in `#unwritten`. */
  readonly #used = new Map<number, number>();
  readonly #unwritten = new Set<number>();
  /** Tells other processes that a key was made or revoked. */
  tell: () => Promise<void> = async () => {};
  /** Called when keys were made or revoked. */
  changed: () => void = () => {};

  private constructor(database: Database, nowMs: () => number) {
    this.#database = database;
    this.#nowMs = nowMs;
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

  /** By age, oldest first, those that have expired too. */
  list(): AdminKey[] {
    return this.kept().map(({ hash: _, ...key }) => key);
  }

  /** When the key was used last here, or, as of the last look at the database, elsewhere; ms. */
  usedMs(id: number): number | undefined {
    return this.#used.get(id);
  }

  /** Takes up what is in the database; whoever uses a key that was revoked there learns of it. */
  async refresh(): Promise<void> {
    const rows = await this.#database.run((sql) => selectKeys(sql));
    const before = this.#keys;
    this.#take(rows.map((row) => ({ ...keyOf(row), hash: row.key_hash })));
    for (const { id, last_used_at: at } of rows) if (at) this.#used.set(id, Math.max(at.getTime(), this.#used.get(id) ?? 0));
    this.#isPartial = false;
    for (const id of before.keys()) if (!this.#keys.has(id)) this.#ended(id);
    const isSame = before.size === this.#keys.size && [...this.#keys.keys()].every((id) => before.has(id));
    if (!isSame) this.changed();
  }

  #take(keys: readonly KeptKey[]): void {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#byHash = new Map(keys.map(({ id, hash }) => [Buffer.from(hash).toString('hex'), id]));
  }

  /** Makes `key` valid for everything if it is not yet; false: it was revoked, and stays so. */
  async ensure(key: string, name: string): Promise<boolean> {
    if (this.verify(key)) return true;
    await this.#database.run(
      (sql) => sql`insert into api_keys (key_hash, name) values (${hashKey(key)}, ${name}) on conflict (key_hash) do nothing`,
    );
    await this.refresh();
    return this.verify(key);
  }

  /** Makes a key; `secret` is known to nobody else and cannot be read again. */
  async create(wanted: Pick<NewKey, 'name'> & Partial<NewKey>): Promise<{ key: AdminKey; secret: string } | ApiFailure> {
    const made: NewKey = { role: 'admin', tenant: null, group: null, expiresAtMs: null, ...wanted };
    const secret = AdminKeys.generate();
    const id = await this.#alone(async (sql, keys) => {
      if (keys.length >= KEYS_MAX) return undefined;
      const number = await insertKey(sql, hashKey(secret), made);
      await recordChange(sql, { tenant: made.tenant, target: `key ${number}`, after: made });
      return number;
    });
    if (id === undefined) return new ApiFailure('keys_exhausted', `make admin key ${wanted.name}`);
    await this.#changed();
    return { key: this.list().find((key) => key.id === id)!, secret };
  }

  /** Revokes a key for good; the last one that can do everything stays, or nobody could make another. */
  async revoke(id: number): Promise<AdminKey | ApiFailure> {
    const attempt = `revoke admin key ${id}`;
    const revoked = await this.#alone(async (sql, keys) => {
      const key = keys.find((one) => one.id === id);
      // A key of another tenant does not exist for who may not see it.
      if (!key || !seesTenant(key.tenant)) return new ApiFailure('key_unknown', attempt);
      if (isLasting(key) && keys.filter(isLasting).length === 1) return new ApiFailure('key_last', attempt);
      await sql`update api_keys set revoked_at = now() where id = ${id}`;
      await recordChange(sql, { tenant: key.tenant, target: `key ${id}`, before: key });
      return key;
    });
    if (!(revoked instanceof ApiFailure)) await this.#changed();
    return revoked;
  }

  verify(key: string): boolean {
    return this.#idOf(key) !== undefined;
  }

  /** The id of a valid key. */
  idOf(key: string): number | undefined {
    return this.#idOf(key);
  }

  /** Who has a valid key. */
  find(key: string): Principal | undefined {
    const id = this.#idOf(key);
    if (id === undefined) return undefined;
    const { name, role, tenant, group } = this.#keys.get(id)!;
    this.#used.set(id, this.#nowMs());
    this.#unwritten.add(id);
    return { kind: 'key', id: String(id), name, role, tenant, group };
  }

  /** Writes when keys were used last, as far as that is not written yet. */
  async noteUses(): Promise<void> {
    const ids = [...this.#unwritten];
    this.#unwritten.clear();
    if (ids.length === 0) return;
    const times = ids.map((id) => new Date(this.#used.get(id)!).toISOString());
    await this.#database.run(
      (sql) => sql`update api_keys set last_used_at = greatest(last_used_at, used.at::timestamptz)
        from unnest(${ids}::int[], ${times}::text[]) as used(id, at) where api_keys.id = used.id`,
    );
  }

  /** Calls `listener` once when the key is revoked or expires, unless the function that it answers is called before. */
  onEnd(id: number, listener: () => void): () => void {
    const waiting = this.#waiting.get(id) ?? { listeners: new Set(), timer: this.#endAtExpiry(id) };
    this.#waiting.set(id, waiting);
    waiting.listeners.add(listener);
    return () => {
      waiting.listeners.delete(listener);
      if (waiting.listeners.size > 0 || this.#waiting.get(id) !== waiting) return;
      clearTimeout(waiting.timer);
      this.#waiting.delete(id);
    };
  }

  #idOf(key: string): number | undefined {
    const id = this.#byHash.get(hashKey(key).toString('hex'));
    const expiresMs = id === undefined ? null : this.#keys.get(id)!.expiresAtMs;
    return expiresMs !== null && expiresMs <= this.#nowMs() ? undefined : id;
  }

  #endAtExpiry(id: number): NodeJS.Timeout | undefined {
    const expiresMs = this.#keys.get(id)?.expiresAtMs ?? null;
    if (expiresMs === null) return undefined;
    const leftMs = expiresMs - this.#nowMs();
    const act = () => {
      const waiting = this.#waiting.get(id);
      if (leftMs <= TIMER_MS_MAX) this.#ended(id);
      else if (waiting) waiting.timer = this.#endAtExpiry(id);
    };
    return setTimeout(act, Math.min(leftMs, TIMER_MS_MAX)).unref();
  }

  #ended(id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    for (const listener of waiting?.listeners ?? []) listener();
  }

  async #changed(): Promise<void> {
    await this.refresh();
    await this.tell();
  }

  /** With the valid keys, which no other process changes meanwhile. */
  async #alone<T>(work: (sql: TransactionSql, keys: readonly AdminKey[]) => Promise<T>): Promise<T> {
    const transaction = async (sql: TransactionSql) => {
      await sql`lock table api_keys in share row exclusive mode`;
      const rows: readonly KeyRow[] = await selectKeys(sql);
      return work(sql, rows.map(keyOf));
    };
    return (await this.#database.run((sql) => sql.begin(transaction))) as T;
  }
}

/** A key that can make others, of whatever tenant, for good. */
function isLasting({ role, tenant, group, expiresAtMs }: AdminKey): boolean {
  return role === 'admin' && tenant === null && group === null && expiresAtMs === null;
}

function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
