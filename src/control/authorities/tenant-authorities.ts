import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import type { AuthorityEntry } from '../../contract/identity/authority.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import { KeyedRows } from '../identity/keyed-rows.js';
import type { RevocationList } from './revocation-list.js';

/** A certificate is compared with each, at every gateway. */
const TENANT_AUTHORITIES_MAX = 10;

/** An authority as the database has it. */
export interface Authority extends Omit<AuthorityEntry, 'revoked'> {
  readonly deviceClass: string | null;
  /** No device is registered by it once the tenant has so many. */
  readonly devicesMax: number;
  /** Null: it has none. */
  readonly crl: RevocationList | null;
  readonly createdAtMs: number;
}

export type NewAuthority = Omit<Authority, 'id' | 'crl' | 'createdAtMs'> & { readonly fingerprint: string };

export interface TenantAuthoritiesOptions {
  readonly database: Database;
  /** Resolves when every gateway acts on it. */
  readonly publish: (news: readonly IdentityNews[]) => Promise<void>;
  /** Called with what is new. */
  readonly keep: (tenant: string, authorities: readonly Authority[]) => void;
  /** Tells other processes that the authorities of a tenant changed. */
  readonly tell: (tenant: string) => Promise<void>;
}

interface AuthorityRow {
  readonly tenant: string;
  readonly id: number;
  readonly certificate: string;
  readonly names: string;
  readonly registers: boolean;
  readonly device_class: string | null;
  readonly devices_max: number;
  readonly crl: string | null;
  readonly created_at: Date;
}

/** Whose certificates are those of devices, tenant by tenant. */
export class TenantAuthorities {
  readonly #options: TenantAuthoritiesOptions;
  readonly #rows: KeyedRows<string, Authority>;

  constructor(options: TenantAuthoritiesOptions) {
    this.#options = options;
    this.#rows = new KeyedRows({ read: (tenant) => this.#read(tenant), publish: (changed) => this.#publish(changed) });
  }

  /** By age, oldest first. */
  of(tenant: string): readonly Authority[] {
    return this.#rows.of(tenant);
  }

  all(): Iterable<readonly [string, readonly Authority[]]> {
    return this.#rows.all();
  }

  refresh(tenant?: string): Promise<void> {
    return this.#rows.refresh(tenant);
  }

  restore(tenant: string, authorities: readonly Authority[]): Promise<void> {
    return this.#rows.restore(tenant, authorities);
  }

  /** When it resolves, devices can connect with its certificates. */
  async add(tenant: string, added: NewAuthority): Promise<Authority | ApiFailure> {
    const attempt = `add an authority of tenant ${tenant}`;
    const insert = async (sql: TransactionSql) => {
      await sql`lock table authorities in share row exclusive mode`;
      const [counted] = await sql<{ count: number }[]>`select count(*)::int as count from authorities where tenant_id = ${tenant}`;
      if ((counted?.count ?? 0) >= TENANT_AUTHORITIES_MAX) return new ApiFailure('authorities_exhausted', attempt);
      const { certificate, fingerprint, names, registers, deviceClass, devicesMax } = added;
      const rows = await sql<{ id: number }[]>`insert into authorities
          (tenant_id, certificate, fingerprint, names, registers, device_class, devices_max)
        values (${tenant}, ${certificate}, ${fingerprint}, ${JSON.stringify(names)}::text::jsonb, ${registers}, ${deviceClass}, ${devicesMax})
        on conflict (fingerprint) do nothing returning id`;
      return rows[0]?.id ?? new ApiFailure('authority_exists', attempt);
    };
    const made = (await this.#options.database.run((sql) => sql.begin(insert))) as number | ApiFailure;
    if (made instanceof ApiFailure) return made;
    await this.#changed(tenant);
    return this.#find(tenant, made)!;
  }

  /** When it resolves, connections of certificates that the list names are ended. */
  async setCrl(tenant: string, id: number, crl: RevocationList): Promise<Authority | undefined> {
    await this.#options.database.run(
      (sql) => sql`update authorities set crl = ${JSON.stringify(crl)}::text::jsonb where id = ${id} and tenant_id = ${tenant}`,
    );
    await this.#changed(tenant);
    return this.#find(tenant, id);
  }

  /** When it resolves, connections that its certificates let in are ended. */
  async remove(tenant: string, id: number): Promise<ApiFailure | undefined> {
    const deleted = await this.#options.database.run(
      (sql) => sql`delete from authorities where id = ${id} and tenant_id = ${tenant} returning id`,
    );
    if (deleted.length === 0) return new ApiFailure('authority_unknown', `delete authority ${id} of tenant ${tenant}`);
    await this.#changed(tenant);
    return undefined;
  }

  #find(tenant: string, id: number): Authority | undefined {
    return this.of(tenant).find((one) => one.id === id);
  }

  async #changed(tenant: string): Promise<void> {
    await this.refresh(tenant);
    await this.#options.tell(tenant);
  }

  async #publish(changed: readonly (readonly [string, readonly Authority[]])[]): Promise<void> {
    for (const [tenant, authorities] of changed) this.#options.keep(tenant, authorities);
    await this.#options.publish(
      changed.map(([tenant, authorities]) => ({ subject: 'authorities', tenant, authorities: authorities.map(entryOf) })),
    );
  }

  async #read(tenant: string | undefined): Promise<(readonly [string, Authority])[]> {
    const rows = await this.#options.database.run(
      (sql) => sql<AuthorityRow[]>`
        select tenant_id as tenant, id, certificate, names::text as names, registers, device_class, devices_max, crl::text as crl, created_at
        from authorities where ${tenant ?? null}::text is null or tenant_id = ${tenant ?? null}::text order by tenant_id, id`,
    );
    return rows.map((row) => [row.tenant, authorityOf(row)]);
  }
}

function entryOf({ id, certificate, names, registers, crl }: Authority): AuthorityEntry {
  return { id, certificate, names, registers, revoked: crl?.serials ?? [] };
}

function authorityOf({ id, certificate, registers, ...row }: AuthorityRow): Authority {
  return {
    ...{ id, certificate, registers },
    names: JSON.parse(row.names) as readonly string[],
    deviceClass: row.device_class,
    devicesMax: row.devices_max,
    crl: row.crl === null ? null : (JSON.parse(row.crl) as RevocationList),
    createdAtMs: row.created_at.getTime(),
  };
}
