import { createPublicKey, type KeyObject } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import { type Envelope, isSignatureOf, keyIdOf } from '../../contract/packs/envelope.js';
import { recordChange } from '../audit/record.js';

const KEYS_MAX = 100;

/** A key whose signature of a pack is trusted. */
export interface PackKey {
  readonly keyId: string;
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly createdAtMs: number;
}

/** Whose signature a pack has. */
export type Signer =
  | { readonly kind: 'trusted'; readonly key: PackKey }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'unknown'; readonly keyIds: readonly string[] }
  /** It names a key that is trusted, which did not sign these bytes. */
  | { readonly kind: 'wrong'; readonly key: PackKey };

interface Row {
  readonly key_id: string;
  readonly name: string;
  readonly public_key: Uint8Array;
  readonly created_at: Date;
}

/** Keys of those whose packs may be installed, of the whole deployment. */
export class PackKeys {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<PackKey[]> {
    const rows = await this.#database.run(
      (sql): PromiseLike<Row[]> => sql<Row[]>`select key_id, name, public_key, created_at from pack_keys order by name, key_id`,
    );
    return rows.map(({ key_id: keyId, name, public_key: der, created_at: made }) => {
      const publicKey = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
      return { keyId, name, publicKey, createdAtMs: made.getTime() };
    });
  }

  /** A key that is trusted already gets the name. */
  async add(name: string, publicKey: KeyObject): Promise<PackKey | ApiFailure> {
    const keyId = keyIdOf(publicKey);
    const work = async (sql: TransactionSql) => {
      await sql`lock table pack_keys in share row exclusive mode`;
      const [counted] = await sql<{ others: number }[]>`select count(*)::int as others from pack_keys where key_id <> ${keyId}`;
      if ((counted?.others ?? 0) >= KEYS_MAX) return new ApiFailure('pack_keys_exhausted', `trust pack key ${name}`);
      await sql`insert into pack_keys (key_id, name, public_key) values (${keyId}, ${name}, ${publicKey.export({ type: 'spki', format: 'der' })})
        on conflict (key_id) do update set name = excluded.name`;
      await recordChange(sql, { tenant: null, target: `pack key ${keyId}`, after: { name } });
      return undefined;
    };
    const failure = (await this.#database.run((sql) => sql.begin(work))) as ApiFailure | undefined;
    return failure ?? ((await this.list()).find((key) => key.keyId === keyId) as PackKey);
  }

  async remove(keyId: string): Promise<ApiFailure | undefined> {
    const work = async (sql: TransactionSql) => {
      const [row] = await sql<{ name: string }[]>`delete from pack_keys where key_id = ${keyId} returning name`;
      if (!row) return new ApiFailure('pack_key_unknown', `distrust pack key ${keyId}`);
      await recordChange(sql, { tenant: null, target: `pack key ${keyId}`, before: { name: row.name } });
      return undefined;
    };
    return (await this.#database.run((sql) => sql.begin(work))) as ApiFailure | undefined;
  }

  async signerOf(envelope: Envelope): Promise<Signer> {
    const keys = new Map((await this.list()).map((key) => [key.keyId, key]));
    const { signatures } = envelope;
    if (signatures.length === 0) return { kind: 'unsigned' };
    let wrong: PackKey | undefined;
    for (const signature of signatures) {
      const key = keys.get(signature.keyId);
      if (key && isSignatureOf(envelope, signature, key.publicKey)) return { kind: 'trusted', key };
      wrong ??= key;
    }
    return wrong ? { kind: 'wrong', key: wrong } : { kind: 'unknown', keyIds: signatures.map(({ keyId }) => keyId) };
  }
}
