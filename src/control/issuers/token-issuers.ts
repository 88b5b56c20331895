import { isDeepStrictEqual } from 'node:util';
import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import { type Database, DatabaseUnavailable } from '../../contract/database.js';
import type { IssuerEntry, IssuerKey } from '../../contract/identity/issuer.js';
import { Issuers } from '../../contract/identity/issuers.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import { KeyedRows } from '../identity/keyed-rows.js';

/** Every gateway thread holds all of them, with their keys. */
const TENANT_ISSUERS_MAX = 20;

/** An issuer as the database has it. */
export interface TokenIssuer extends Omit<IssuerEntry, 'isFetched'> {
  /** Null: the keys were given. */
  readonly jwksUrl: string | null;
  readonly keysAtMs: number;
  readonly createdAtMs: number;
}

export type NewTokenIssuer = Omit<TokenIssuer, 'id' | 'createdAtMs'>;

export interface TokenIssuersOptions {
  readonly database: Database;
  /** Resolves when every gateway acts on it. */
  readonly publish: (news: readonly IdentityNews[]) => Promise<void>;
  /** Called with what is new. */
  readonly keep: (tenant: string, issuers: readonly TokenIssuer[]) => void;
  /** Tells other processes that the issuers of a tenant changed. */
  readonly tell: (tenant: string) => Promise<void>;
}

interface IssuerRow {
  readonly tenant: string;
  readonly id: number;
  readonly issuer: string;
  readonly audience: string;
  readonly device_claim: string;
  readonly tenant_claim: string | null;
  readonly algorithms: string;
  readonly jwks_url: string | null;
  readonly keys: string;
  readonly keys_at: Date;
  readonly created_at: Date;
}

/** Who signs tokens for devices, tenant by tenant. */
export class TokenIssuers {
  /** What the calls of this process are judged by. */
  readonly known = new Issuers();
  /** Called when a token names a key of the issuer that is not known; resolves when its keys were fetched, never rejects. */
  keyUnknown: (issuer: number) => Promise<void> = async () => {};
  readonly #options: TokenIssuersOptions;
  readonly #rows: KeyedRows<string, TokenIssuer>;

  constructor(options: TokenIssuersOptions) {
    this.#options = options;
    this.#rows = new KeyedRows({ read: (tenant) => this.#read(tenant), publish: (changed) => this.#publish(changed) });
  }

  /** By age, oldest first. */
  of(tenant: string): readonly TokenIssuer[] {
    return this.#rows.of(tenant);
  }

  all(): Iterable<readonly [string, readonly TokenIssuer[]]> {
    return this.#rows.all();
  }

  refresh(tenant?: string): Promise<void> {
    return this.#rows.refresh(tenant);
  }

  restore(tenant: string, issuers: readonly TokenIssuer[]): Promise<void> {
    return this.#rows.restore(tenant, issuers);
  }

  /** When it resolves, devices can connect with its tokens. */
  async add(tenant: string, added: NewTokenIssuer): Promise<TokenIssuer | ApiFailure> {
    const attempt = `add issuer ${added.issuer} of tenant ${tenant}`;
    const insert = async (sql: TransactionSql) => {
      await sql`lock table token_issuers in share row exclusive mode`;
      const [counted] = await sql<{ count: number }[]>`select count(*)::int as count from token_issuers where tenant_id = ${tenant}`;
      if ((counted?.count ?? 0) >= TENANT_ISSUERS_MAX) return new ApiFailure('issuers_exhausted', attempt);
      const { issuer, audience, deviceClaim, tenantClaim, algorithms, jwksUrl, keys, keysAtMs } = added;
      const rows = await sql<{ id: number }[]>`insert into token_issuers
          (tenant_id, issuer, audience, device_claim, tenant_claim, algorithms, jwks_url, keys, keys_at)
        values (${tenant}, ${issuer}, ${audience}, ${deviceClaim}, ${tenantClaim}, ${JSON.stringify(algorithms)}::text::jsonb, ${jwksUrl},
          ${JSON.stringify(keys)}::text::jsonb, ${new Date(keysAtMs)})
        on conflict (tenant_id, issuer, audience) do nothing returning id`;
      return rows[0]?.id ?? new ApiFailure('issuer_exists', attempt);
    };
    const made = (await this.#options.database.run((sql) => sql.begin(insert))) as number | ApiFailure;
    if (made instanceof ApiFailure) return made;
    await this.#changed(tenant);
    return this.of(tenant).find(({ id }) => id === made) as TokenIssuer;
  }

  /** When it resolves, connections that its tokens let in are ended. */
  async remove(tenant: string, id: number): Promise<{ readonly issuer: string } | ApiFailure> {
    const [deleted] = await this.#options.database.run(
      (sql) => sql<{ issuer: string }[]>`delete from token_issuers where id = ${id} and tenant_id = ${tenant} returning issuer`,
    );
    if (!deleted) return new ApiFailure('issuer_unknown', `delete issuer ${id} of tenant ${tenant}`);
    await this.#changed(tenant);
    return deleted;
  }

  /** Sets the keys that were fetched. They are in use here at once, also while the database is away. */
  async setKeys(tenant: string, id: number, keys: readonly IssuerKey[], keysAtMs: number): Promise<void> {
    const known = this.of(tenant).find((one) => one.id === id);
    if (!known || isDeepStrictEqual(known.keys, keys)) return;
    const renewed = this.of(tenant).map((one) => (one.id === id ? { ...one, keys, keysAtMs } : one));
    await this.restore(tenant, renewed);
    const text = JSON.stringify(keys);
    try {
      await this.#options.database.run(
        (sql) => sql`update token_issuers set keys = ${text}::text::jsonb, keys_at = ${new Date(keysAtMs)} where id = ${id}`,
      );
    } catch (error) {
      // They are fetched again after the next start.
      if (error instanceof DatabaseUnavailable) return;
      throw error;
    }
    await this.#changed(tenant);
  }

  async #changed(tenant: string): Promise<void> {
    await this.refresh(tenant);
    await this.#options.tell(tenant);
  }

  async #publish(changed: readonly (readonly [string, readonly TokenIssuer[]])[]): Promise<void> {
    const news = changed.map(([tenant, issuers]) => ({ subject: 'issuers', tenant, issuers: issuers.map(entryOf) }) as const);
    for (const [tenant, issuers] of changed) this.#options.keep(tenant, issuers);
    for (const { tenant, issuers } of news) this.known.set(tenant, issuers);
    await this.#options.publish(news);
  }

  async #read(tenant: string | undefined): Promise<(readonly [string, TokenIssuer])[]> {
    const rows = await this.#options.database.run(
      (sql) => sql<IssuerRow[]>`
        select tenant_id as tenant, id, issuer, audience, device_claim, tenant_claim, algorithms::text as algorithms,
          jwks_url, keys::text as keys, keys_at, created_at
        from token_issuers where ${tenant ?? null}::text is null or tenant_id = ${tenant ?? null}::text order by tenant_id, id`,
    );
    return rows.map((row) => [row.tenant, issuerOf(row)]);
  }
}

function entryOf({ id, issuer, audience, deviceClaim, tenantClaim, algorithms, keys, jwksUrl }: TokenIssuer): IssuerEntry {
  return { id, issuer, audience, deviceClaim, tenantClaim, algorithms, keys, isFetched: jwksUrl !== null };
}

function issuerOf({ id, issuer, audience, ...row }: IssuerRow): TokenIssuer {
  return {
    ...{ id, issuer, audience },
    algorithms: JSON.parse(row.algorithms) as readonly string[],
    deviceClaim: row.device_claim,
    tenantClaim: row.tenant_claim,
    jwksUrl: row.jwks_url,
    keys: JSON.parse(row.keys) as readonly IssuerKey[],
    keysAtMs: row.keys_at.getTime(),
    createdAtMs: row.created_at.getTime(),
  };
}
