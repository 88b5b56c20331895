import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '../../contract/database.js';

/** Keys of operators. Only their SHA-256 is kept: keys are long random strings, so no slow hash is needed. */
export class AdminKeys {
  static async load(database: Database): Promise<AdminKeys> {
    const keys = new AdminKeys(database);
    const rows = await database.run((sql) => sql<{ key_hash: Uint8Array }[]>`select key_hash from api_keys`);
    for (const { key_hash } of rows) keys.#hashes.push(key_hash);
    return keys;
  }

  /** A key for an operator: 192 random bits. */
  static generate(): string {
    return `spk_${randomBytes(24).toString('base64url')}`;
  }

  readonly #database: Database;
  readonly #hashes: Uint8Array[] = [];

  private constructor(database: Database) {
    this.#database = database;
  }

  get size(): number {
    return this.#hashes.length;
  }

  /** Makes `key` valid if it is not yet. */
  async ensure(key: string, name: string): Promise<void> {
    if (this.verify(key)) return;
    const hash = hashKey(key);
    await this.#database.run(
      (sql) => sql`insert into api_keys (key_hash, name, created_at) values (${hash}, ${name}, now()) on conflict (key_hash) do nothing`,
    );
    this.#hashes.push(hash);
  }

  verify(key: string): boolean {
    const hash = hashKey(key);
    let valid = false;
    // No early end: the time must not tell which key it was.
    for (const known of this.#hashes) valid = timingSafeEqual(hash, known) || valid;
    return valid;
  }
}

function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
