import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import { hashSecret, newSecret, type ServiceEntry } from '../../contract/identity/service.js';
import { KeyedRows } from '../identity/keyed-rows.js';

/** Every gateway thread holds all of them. */
const TENANT_SERVICES_MAX = 1000;

export interface ServiceClient extends ServiceEntry {
  readonly createdAtMs: number;
}

export interface ServiceClientsOptions {
  readonly database: Database;
  /** Resolves when every gateway acts on it. */
  readonly publish: (news: readonly IdentityNews[]) => Promise<void>;
  /** Tells other processes that the service clients of a tenant changed. */
  readonly tell: (tenant: string) => Promise<void>;
}

/** Programs that use topics of one tenant and are no devices. Only the hash of a secret is kept. */
export class ServiceClients {
  readonly #options: ServiceClientsOptions;
  readonly #rows: KeyedRows<string, ServiceClient>;

  constructor(options: ServiceClientsOptions) {
    this.#options = options;
    const publish = (changed: readonly (readonly [string, readonly ServiceClient[]])[]) =>
      options.publish(changed.map(([tenant, services]) => ({ subject: 'services', tenant, services })));
    this.#rows = new KeyedRows({ read: (tenant) => this.#read(tenant), publish });
  }

  /** By name. */
  of(tenant: string): readonly ServiceClient[] {
    return this.#rows.of(tenant);
  }

  all(): Iterable<readonly [string, readonly ServiceClient[]]> {
    return this.#rows.all();
  }

  refresh(tenant?: string): Promise<void> {
    return this.#rows.refresh(tenant);
  }

  restore(tenant: string, services: readonly ServiceClient[]): Promise<void> {
    return this.#rows.restore(tenant, services);
  }

  /** When it resolves, the client can connect with the secret, which is known to nobody else and cannot be read again. */
  async create(tenant: string, name: string): Promise<{ service: ServiceClient; secret: string } | ApiFailure> {
    const attempt = `make service client ${name}`;
    const secret = newSecret();
    const insert = async (sql: TransactionSql) => {
      await sql`lock table service_clients in share row exclusive mode`;
      const [counted] = await sql<{ count: number }[]>`select count(*)::int as count from service_clients where tenant_id = ${tenant}`;
      if ((counted?.count ?? 0) >= TENANT_SERVICES_MAX) return new ApiFailure('service_clients_exhausted', attempt);
      const rows = await sql`insert into service_clients (tenant_id, name, secret_hash) values (${tenant}, ${name},
        ${Buffer.from(hashSecret(tenant, name, secret))}) on conflict (tenant_id, name) do nothing returning id`;
      return rows.length === 0 ? new ApiFailure('service_client_exists', attempt) : undefined;
    };
    const failure = (await this.#options.database.run((sql) => sql.begin(insert))) as ApiFailure | undefined;
    if (failure) return failure;
    await this.#changed(tenant);
    return { service: this.of(tenant).find((one) => one.name === name) as ServiceClient, secret };
  }

  /** When it resolves, its connections are ended and its name is free. */
  async remove(tenant: string, name: string): Promise<ApiFailure | undefined> {
    const deleted = await this.#options.database.run(
      (sql) => sql`delete from service_clients where tenant_id = ${tenant} and name = ${name} returning id`,
    );
    if (deleted.length === 0) return new ApiFailure('service_client_unknown', `delete service client ${name}`);
    await this.#changed(tenant);
    return undefined;
  }

  async #changed(tenant: string): Promise<void> {
    await this.refresh(tenant);
    await this.#options.tell(tenant);
  }

  async #read(tenant: string | undefined): Promise<(readonly [string, ServiceClient])[]> {
    const rows = await this.#options.database.run(
      (sql) => sql<{ id: number; tenant: string; name: string; secret_hash: Uint8Array; created_at: Date }[]>`
        select id, tenant_id as tenant, name, secret_hash, created_at from service_clients
        where ${tenant ?? null}::text is null or tenant_id = ${tenant ?? null}::text order by tenant_id, name`,
    );
    return rows.map(({ tenant: of, id, name, secret_hash: hash, created_at: made }) => {
      return [of, { id, name, secretHash: new Uint8Array(hash), createdAtMs: made.getTime() }];
    });
  }
}
