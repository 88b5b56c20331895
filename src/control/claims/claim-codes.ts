import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import { recordChange } from '../audit/record.js';
import { hashOfCode, newCode } from './code.js';

/** Codes of one tenant that are neither revoked, used up nor over. */
const TENANT_CODES_MAX = 100_000;

export interface ClaimCode {
  readonly id: number;
  readonly tenant: string;
  readonly name: string;
  readonly deviceClass: string | null;
  readonly used: number;
  readonly uses: number;
  readonly expiresMs: number | null;
  readonly createdAtMs: number;
}

export interface NewClaimCodes extends Pick<ClaimCode, 'tenant' | 'name' | 'deviceClass' | 'uses' | 'expiresMs'> {
  readonly count: number;
}

interface CodeRow {
  readonly id: number;
  readonly tenant: string;
  readonly name: string;
  readonly device_class: string | null;
  readonly used: number;
  readonly uses: number;
  readonly expires_at: Date | null;
  readonly created_at: Date;
}

/** Codes by which devices that have nothing else get an id and a token. The database alone has them, as hashes. */
export class ClaimCodes {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(wanted: NewClaimCodes): Promise<readonly (ClaimCode & { readonly code: string })[] | ApiFailure> {
    const { tenant, name, deviceClass, uses, expiresMs, count } = wanted;
    const codes = Array.from({ length: count }, newCode);
    const hashes = JSON.stringify(codes.map((code) => Buffer.from(hashOfCode(code)).toString('hex')));
    const insert = async (sql: TransactionSql) => {
      await sql`lock table claim_codes in share row exclusive mode`;
      const [counted] = await sql<{ count: number }[]>`select count(*)::int as count from claim_codes
        where tenant_id = ${tenant} and revoked_at is null and used < uses and coalesce(expires_at > now(), true)`;
      if ((counted?.count ?? 0) + count > TENANT_CODES_MAX) return new ApiFailure('claim_codes_exhausted', 'make claim codes');
      const rows = await sql<CodeRow[]>`
        insert into claim_codes (tenant_id, name, device_class, code_hash, uses, expires_at)
        select ${tenant}, ${name}, ${deviceClass}, decode(hash, 'hex'), ${uses}, ${expiresMs === null ? null : new Date(expiresMs)}
        from jsonb_array_elements_text(${hashes}::text::jsonb) with ordinality as hashed (hash, at) order by at
        returning id, tenant_id as tenant, name, device_class, used, uses, expires_at, created_at`;
      await recordChange(sql, { tenant, target: `claim codes ${name}`, after: { count, uses, device_class: deviceClass } });
      return rows;
    };
    const made = (await this.#database.run((sql) => sql.begin(insert))) as CodeRow[] | ApiFailure;
    if (made instanceof ApiFailure) return made;
    return made.map((row, index) => ({ ...codeOf(row), code: codes[index]! }));
  }

  /** Those of a tenant that were not revoked, newest first, from before the one with this id. */
  async list(tenant: string, before: number | undefined, limit: number): Promise<readonly ClaimCode[]> {
    const rows = await this.#database.run(
      (sql) => sql<CodeRow[]>`select id, tenant_id as tenant, name, device_class, used, uses, expires_at, created_at from claim_codes
        where tenant_id = ${tenant} and revoked_at is null and (${before ?? null}::int is null or id < ${before ?? null}::int)
        order by id desc limit ${limit}`,
    );
    return rows.map(codeOf);
  }

  /** Devices that it has let in stay. */
  async revoke(tenant: string, id: number): Promise<ApiFailure | undefined> {
    const revoked = await this.#database.run((sql) =>
      sql.begin(async (tx) => {
        const rows = await tx<{ name: string }[]>`update claim_codes set revoked_at = now()
          where id = ${id} and tenant_id = ${tenant} and revoked_at is null returning name`;
        if (rows[0]) await recordChange(tx, { tenant, target: `claim code ${id} (${rows[0].name})`, after: null });
        return rows;
      }),
    );
    return revoked.length > 0 ? undefined : new ApiFailure('claim_code_unknown', `revoke claim code ${id}`);
  }

  /** Takes one use of the code; undefined: it has none, or there is no such code. */
  async use(code: string): Promise<ClaimCode | undefined> {
    const hash = Buffer.from(hashOfCode(code));
    const [row] = await this.#database.run(
      (sql) => sql<CodeRow[]>`update claim_codes set used = used + 1
        where code_hash = ${hash} and revoked_at is null and used < uses and coalesce(expires_at > now(), true)
        returning id, tenant_id as tenant, name, device_class, used, uses, expires_at, created_at`,
    );
    return row && codeOf(row);
  }

  /** Gives back a use by which no device was registered. */
  async giveBack({ id }: ClaimCode): Promise<void> {
    await this.#database.run((sql) => sql`update claim_codes set used = used - 1 where id = ${id} and used > 0`);
  }
}

function codeOf({ id, tenant, name, used, uses, ...row }: CodeRow): ClaimCode {
  return {
    ...{ id, tenant, name, used, uses },
    deviceClass: row.device_class,
    expiresMs: row.expires_at?.getTime() ?? null,
    createdAtMs: row.created_at.getTime(),
  };
}
