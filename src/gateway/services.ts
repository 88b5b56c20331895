import { timingSafeEqual } from 'node:crypto';
import { hashSecret, SERVICE_SECRET_PREFIX, type ServiceEntry } from '../contract/identity/service.js';

const TENANT_DEFAULT = 'default';
const UNKNOWN_HASH = new Uint8Array(32);

/** A service client that has shown its secret. */
export interface KnownService {
  readonly tenant: string;
  readonly id: number;
  readonly name: string;
}

/** The service clients of all tenants. */
export class Services {
  readonly #byName = new Map<string, KnownService & ServiceEntry>();
  readonly #names = new Map<string, readonly string[]>();

  /** Replaces the service clients of a tenant; answers the ids of those that are no longer valid. */
  set(tenant: string, services: readonly ServiceEntry[]): number[] {
    const before = (this.#names.get(tenant) ?? []).map((name) => this.#byName.get(keyOf(tenant, name)) as KnownService);
    for (const { name } of before) this.#byName.delete(keyOf(tenant, name));
    for (const service of services) this.#byName.set(keyOf(tenant, service.name), { ...service, tenant });
    if (services.length > 0)
      this.#names.set(
        tenant,
        services.map(({ name }) => name),
      );
    else this.#names.delete(tenant);
    const valid = new Set(services.map(({ id }) => id));
    return before.flatMap(({ id }) => (valid.has(id) ? [] : [id]));
  }

  /** Whether the password is of the form of a service client's secret: it is never a device's token then. */
  isSecret(password: Uint8Array | undefined): boolean {
    return password !== undefined && Buffer.from(password).toString('latin1').startsWith(SERVICE_SECRET_PREFIX);
  }

  /** Who has this user name, `NAME` or `TENANT/NAME`, and this secret; undefined: nobody. An unknown name costs the same time. */
  find(username: string | undefined, secret: Uint8Array): KnownService | undefined {
    const slash = username?.indexOf('/') ?? -1;
    const tenant = slash < 0 ? TENANT_DEFAULT : (username as string).slice(0, slash);
    const name = (username ?? '').slice(slash + 1);
    const known = this.#byName.get(keyOf(tenant, name));
    const isRight = timingSafeEqual(hashSecret(tenant, name, secret), known?.secretHash ?? UNKNOWN_HASH);
    return isRight && known ? { tenant, id: known.id, name } : undefined;
  }
}

function keyOf(tenant: string, name: string): string {
  return `${tenant}\0${name}`;
}
