import type { TransactionSql } from 'postgres';
import { ApiFailure } from '../../contract/api-errors.js';
import type { Database } from '../../contract/database.js';
import { Credentials } from '../../contract/identity/credentials.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import type { SecretBox } from '../../contract/secret-box.js';
import type { Report } from '../../telemetry/report.js';
import { KeyedRows } from '../identity/keyed-rows.js';
import type { Device } from '../registry/device.js';
import { contextOf, entryOf, type StoredCredential } from './credential.js';
import type { credentialsEvents } from './events.js';

/** Of one device. */
const CREDENTIALS_MAX = 16;
/** Devices of which gateways are told at a time. */
const PUBLISH_MAX = 10_000;

/** Credentials with the names that their sealed secrets belong to. */
export interface OwnedCredential extends StoredCredential {
  readonly tenant: string;
  readonly device: string;
}

export type NewCredential = Omit<StoredCredential, 'id' | 'createdAtMs'>;

export interface DeviceCredentialsOptions {
  readonly database: Database;
  readonly box: SecretBox;
  /** Resolves when every gateway acts on it. */
  readonly publish: (news: readonly IdentityNews[]) => Promise<void>;
  /** Called with what is new, by the number of its device. */
  readonly keep: (device: number, credentials: readonly OwnedCredential[]) => void;
  /** Tells other processes that the credentials of the device of this number changed. */
  readonly tell: (device: number) => Promise<void>;
  readonly event: Report<keyof typeof credentialsEvents>;
}

interface CredentialRow {
  readonly device_id: number;
  readonly tenant: string;
  readonly device: string;
  readonly id: number;
  readonly type: StoredCredential['type'];
  readonly fingerprint: string | null;
  readonly secret: Uint8Array | null;
  readonly shown: string | null;
  readonly not_before: Date | null;
  readonly expires_at: Date | null;
  readonly created_at: Date;
}

/** In what other ways than by their tokens devices prove who they are. */
export class DeviceCredentials {
  /** What the calls of this process compare with. */
  readonly known = new Credentials();
  readonly #options: DeviceCredentialsOptions;
  readonly #rows: KeyedRows<number, OwnedCredential>;

  constructor(options: DeviceCredentialsOptions) {
    this.#options = options;
    this.#rows = new KeyedRows({ read: (device) => this.#read(device), publish: (changed) => this.#publish(changed) });
  }

  /** By age, oldest first. */
  of(device: number): readonly OwnedCredential[] {
    return this.#rows.of(device);
  }

  all(): Iterable<readonly [number, readonly OwnedCredential[]]> {
    return this.#rows.all();
  }

  refresh(device?: number): Promise<void> {
    return this.#rows.refresh(device);
  }

  restore(device: number, credentials: readonly OwnedCredential[]): Promise<void> {
    return this.#rows.restore(device, credentials);
  }

  /** When it resolves, the device can connect with it. */
  async add({ number, id: name }: Device, added: NewCredential): Promise<OwnedCredential | ApiFailure> {
    const attempt = `make a credential of device ${name}`;
    const insert = async (sql: TransactionSql) => {
      await sql`lock table device_credentials in share row exclusive mode`;
      const [counted] = await sql<{ count: number }[]>`select count(*)::int as count from device_credentials
        where device_id = ${number} and revoked_at is null`;
      if ((counted?.count ?? 0) >= CREDENTIALS_MAX) return new ApiFailure('credentials_exhausted', attempt);
      const { type, fingerprint, secret, shown, notBeforeMs, expiresMs } = added;
      const rows = await sql<{ id: number }[]>`insert into device_credentials
          (device_id, type, fingerprint, secret, shown, not_before, expires_at)
        values (${number}, ${type}, ${fingerprint}, ${secret && Buffer.from(secret)}, ${shown && JSON.stringify(shown)}::text::jsonb,
          ${notBeforeMs === null ? null : new Date(notBeforeMs)}, ${expiresMs === null ? null : new Date(expiresMs)})
        on conflict (fingerprint) where revoked_at is null do nothing returning id`;
      return rows[0]?.id ?? new ApiFailure('credential_exists', attempt);
    };
    const made = (await this.#options.database.run((sql) => sql.begin(insert))) as number | ApiFailure;
    if (made instanceof ApiFailure) return made;
    await this.#changed(number);
    return this.of(number).find(({ id }) => id === made) as OwnedCredential;
  }

  /** When it resolves, connections that were let in by it are ended. */
  async revoke({ number, id: name }: Device, id: number): Promise<ApiFailure | undefined> {
    const revoked = await this.#options.database.run(
      (sql) => sql`update device_credentials set revoked_at = now()
        where id = ${id} and device_id = ${number} and revoked_at is null returning id`,
    );
    if (revoked.length === 0) return new ApiFailure('credential_unknown', `revoke credential ${id} of device ${name}`);
    await this.#changed(number);
    return undefined;
  }

  async #changed(device: number): Promise<void> {
    await this.refresh(device);
    await this.#options.tell(device);
  }

  async #publish(changed: readonly (readonly [number, readonly OwnedCredential[]])[]): Promise<void> {
    const { keep, publish } = this.#options;
    for (let from = 0; from < changed.length; from += PUBLISH_MAX) {
      const some = changed.slice(from, from + PUBLISH_MAX);
      for (const [device, credentials] of some) keep(device, credentials);
      const news = some.map(([device, owned]) => ({ subject: 'credentials', device, credentials: this.#entries(device, owned) }) as const);
      for (const { device, credentials } of news) this.known.set(device, credentials);
      await publish(news);
    }
  }

  #entries(number: number, owned: readonly OwnedCredential[]) {
    return owned.flatMap((one) => {
      const entry = entryOf(one, this.#options.box, contextOf(one.tenant, one.device));
      const { tenant, device, id } = one;
      if (!entry) this.#options.event('error', 'credential-not-readable', { tenant, device, number, credential: id });
      return entry ?? [];
    });
  }

  async #read(device: number | undefined): Promise<(readonly [number, OwnedCredential])[]> {
    const rows = await this.#options.database.run(
      (sql) => sql<CredentialRow[]>`
        select device_id, tenant_id as tenant, name as device, credential.id, type, fingerprint, secret, shown::text as shown, not_before,
          expires_at, credential.created_at
        from device_credentials credential join devices on devices.id = device_id and deleted_at is null
        where revoked_at is null and (${device ?? null}::int is null or device_id = ${device ?? null}::int)
        order by device_id, credential.id`,
    );
    return rows.map((row) => [row.device_id, ownedOf(row)]);
  }
}

function ownedOf(row: CredentialRow): OwnedCredential {
  const { tenant, device, id, type, fingerprint, secret, shown } = row;
  return {
    ...{ tenant, device, id, type, fingerprint },
    secret: secret && new Uint8Array(secret),
    shown: shown === null ? null : (JSON.parse(shown) as Readonly<Record<string, unknown>>),
    notBeforeMs: row.not_before?.getTime() ?? null,
    expiresMs: row.expires_at?.getTime() ?? null,
    createdAtMs: row.created_at.getTime(),
  };
}
