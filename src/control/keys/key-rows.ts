import type { Sql, TransactionSql } from 'postgres';
import type { KeyRole } from '../../http/caller.js';

/** What may be shown of a key; the key itself is shown once, when it is made. */
export interface AdminKey {
  readonly id: number;
  readonly name: string;
  readonly role: KeyRole;
  /** The one tenant that it sees; null: all. */
  readonly tenant: string | null;
  /** Number of the group of devices that it sees; null: all of the tenant. */
  readonly group: number | null;
  readonly createdAtMs: number;
  /** From then on it is refused; null: it stays valid. */
  readonly expiresAtMs: number | null;
}

/** A key as it is kept outside the database. */
export interface KeptKey extends AdminKey {
  /** SHA-256 of the key. */
  readonly hash: Uint8Array;
}

export interface KeyRow {
  readonly id: number;
  readonly name: string;
  readonly key_hash: Uint8Array;
  readonly role: KeyRole;
  readonly tenant_id: string | null;
  readonly group_id: number | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

export function keyOf(row: KeyRow): AdminKey {
  const { id, name, role, tenant_id: tenant, group_id: group, created_at: created, expires_at: expires } = row;
  return { id, name, role, tenant, group, createdAtMs: created.getTime(), expiresAtMs: expires?.getTime() ?? null };
}

/** The keys that were not revoked. */
export function selectKeys(sql: Sql | TransactionSql): PromiseLike<KeyRow[]> {
  return (sql as Sql)<KeyRow[]>`
    select id, name, key_hash, role, tenant_id, group_id, created_at, expires_at, last_used_at from api_keys where revoked_at is null order by id`;
}

export type NewKey = Pick<AdminKey, 'name' | 'role' | 'tenant' | 'group' | 'expiresAtMs'>;

export async function insertKey(sql: TransactionSql, hash: Uint8Array, key: NewKey): Promise<number> {
  const { name, role, tenant, group, expiresAtMs } = key;
  const expires = expiresAtMs === null ? null : new Date(expiresAtMs);
  const [row] = await sql<[{ id: number }]>`insert into api_keys (key_hash, name, role, tenant_id, group_id, expires_at)
    values (${hash}, ${name}, ${role}, ${tenant}, ${group}, ${expires}) returning id`;
  return row.id;
}
