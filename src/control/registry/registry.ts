import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fastq from 'fastq';
import type { Sql } from 'postgres';
import { DEVICES_MAX } from '../../../assembly/abi/limits.js';
import { ApiFailure } from '../../contract/api-errors.js';
import type { DeviceEntry, DeviceStatus } from '../../contract/devices.js';
import { hashToken } from '../../contract/token.js';
import { type Device, entryOf, type Metadata, NO_METADATA } from './device.js';
import { deviceIdProblem, tenantIdProblem, tokenProblem } from './device-id.js';
import { type DeviceRow, insertDevices, loadDevices, updateDevice } from './device-rows.js';
import { SortedIds } from './sorted-ids.js';
import { TokenHashes } from './token-hashes.js';

export interface NewDevice {
  readonly tenant: string;
  /** Absent: a UUID is made. */
  readonly id?: string | undefined;
  /** Absent: one is made. */
  readonly token?: string | undefined;
  /** Id of the gateway device, of the same tenant, that may publish for this one. */
  readonly via?: string | undefined;
  readonly deviceClass?: string | null | undefined;
  readonly metadata?: Metadata | undefined;
}

export interface DeviceChange {
  readonly status?: DeviceStatus | undefined;
  /** Replaces all metadata. */
  readonly metadata?: Metadata | undefined;
}

export interface RegistryOptions {
  readonly sql: Sql;
  /** Resolves when every gateway knows the devices. */
  readonly publish: (entries: readonly DeviceEntry[]) => Promise<void>;
  /** Tells other processes that devices of these numbers are new or changed. */
  readonly tell?: (from: number, to: number) => Promise<void>;
  readonly devicesMax?: number;
}

interface Tenant {
  readonly devices: Map<string, Device>;
  readonly ids: SortedIds;
}

const NO_HASH = new Uint8Array(32);
const INSERT_ROWS = 5000;

/** Every device of the deployment, in memory; the database is written first, then memory, then the gateways. */
export class Registry {
  /** Reads all devices. The gateways are told with `entries()` by whoever starts them. */
  static async load(options: RegistryOptions): Promise<Registry> {
    const registry = new Registry(options);
    for await (const batch of loadDevices(options.sql)) {
      for (const { device, tokenHash } of batch) registry.#adopt(device, tokenHash);
    }
    for (const tenant of registry.#tenants.values()) tenant.ids.page(undefined, 0);
    return registry;
  }

  readonly #sql: Sql;
  readonly #publish: RegistryOptions['publish'];
  readonly #tell: NonNullable<RegistryOptions['tell']>;
  readonly #devicesMax: number;
  readonly #tenants = new Map<string, Tenant>();
  readonly #byNumber = new Map<number, Device>();
  readonly #hashes = new TokenHashes();
  /** Devices being inserted: they count against the limit before they have numbers. */
  #reserved = 0;
  /** One change at a time: two in flight could reach the database and the gateways in different orders. */
  readonly #changing = fastq.promise(({ device, change }: { device: Device; change: DeviceChange }) => this.#change(device, change), 1);

  private constructor({ sql, publish, tell = async () => {}, devicesMax = DEVICES_MAX }: RegistryOptions) {
    this.#sql = sql;
    this.#publish = publish;
    this.#tell = tell;
    this.#devicesMax = devicesMax;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  count(tenant: string): number {
    return this.#tenants.get(tenant)?.devices.size ?? 0;
  }

  get(tenant: string, id: string): Device | undefined {
    return this.#tenants.get(tenant)?.devices.get(id);
  }

  byNumber(number: number): Device | undefined {
    return this.#byNumber.get(number);
  }

  /** Up to `limit` devices whose ids come after `after`, in code-unit order of their ids. */
  list(tenant: string, after: string | undefined, limit: number): Device[] {
    const found = this.#tenants.get(tenant);
    return found ? found.ids.page(after, limit).map((id) => found.devices.get(id)!) : [];
  }

  /** What a gateway must know, of every device. */
  *entries(): Generator<DeviceEntry> {
    for (const device of this.#byNumber.values()) yield this.#entry(device);
  }

  /** The device whose token this is; whether it may publish is for the caller to ask. */
  authenticateDevice(tenant: string, id: string, token: string): Device | ApiFailure {
    const device = this.get(tenant, id);
    const expected = (device && this.#hashes.view(device.number)) ?? NO_HASH;
    // Unknown devices cost the same time and get the same answer, so ids cannot be probed.
    const equal = timingSafeEqual(hashToken(tenant, id, token), expected);
    return device && equal ? device : new ApiFailure('credentials_invalid', `authenticate device ${id}`);
  }

  /** Registers one device; when it resolves, the device can connect with the token. */
  async create(input: NewDevice): Promise<{ device: Device; token: string } | ApiFailure> {
    const { tenant, id = randomUUID(), token = newToken(), deviceClass = null, metadata = NO_METADATA } = input;
    const attempt = `register device ${id}`;
    const problem = rowProblem(tenant, id, token);
    if (problem !== undefined) return new ApiFailure('body_invalid', attempt, problem);
    const via = input.via === undefined ? 0 : this.get(tenant, input.via)?.number;
    if (via === undefined) return new ApiFailure('gateway_unknown', attempt, `via names ${input.via}, which is no device of the tenant`);
    if (this.get(tenant, id)) return new ApiFailure('device_exists', attempt);
    const created = await this.createMany([{ tenant, id, tokenHash: hashToken(tenant, id, token), via, deviceClass, metadata }]);
    if (created instanceof ApiFailure) return created;
    return created[0] ? { device: created[0], token } : new ApiFailure('device_exists', attempt);
  }

  /** Registers the devices whose ids are free, and answers those. Ids, tenants and gateways were checked. */
  async createMany(rows: readonly DeviceRow[]): Promise<Device[] | ApiFailure> {
    const free = rows.filter((row) => !this.get(row.tenant, row.id));
    if (this.size + this.#reserved + free.length > this.#devicesMax) {
      return new ApiFailure('devices_exhausted', `register ${free.length} devices`, `the registry holds ${this.#devicesMax} at most`);
    }
    this.#reserved += free.length;
    const created: Device[] = [];
    try {
      for (let from = 0; from < free.length; from += INSERT_ROWS) {
        const inserted = await insertDevices(this.#sql, free.slice(from, from + INSERT_ROWS));
        for (const { device, tokenHash } of inserted) {
          this.#adopt(device, tokenHash);
          created.push(device);
        }
        await this.#publish(inserted.map(({ device }) => this.#entry(device)));
        const [first, last] = [inserted[0]?.device, inserted.at(-1)?.device];
        if (first && last) await this.#tell(first.number, last.number);
      }
    } finally {
      this.#reserved -= free.length;
    }
    return created;
  }

  /** Changes a device; when it resolves, the gateways act on it. */
  update(device: Device, change: DeviceChange): Promise<Device> {
    return this.#changing.push({ device, change });
  }

  /** Takes up what another process wrote: all devices, or those of some numbers; when it resolves, the gateways act on it. */
  async refresh(from?: number, to?: number): Promise<void> {
    for await (const batch of loadDevices(this.#sql, from, to)) {
      const fresh: Device[] = [];
      for (const { device, tokenHash } of batch) {
        const known = this.#byNumber.get(device.number);
        if (known?.status === device.status && isDeepStrictEqual(known.metadata, device.metadata)) continue;
        if (known) Object.assign(known, { status: device.status, metadata: device.metadata });
        else this.#adopt(device, tokenHash);
        fresh.push(known ?? device);
      }
      if (fresh.length > 0) await this.#publish(fresh.map((device) => this.#entry(device)));
    }
  }

  async #change(device: Device, { status = device.status, metadata = device.metadata }: DeviceChange): Promise<Device> {
    await updateDevice(this.#sql, device.number, status, metadata);
    device.status = status;
    device.metadata = metadata;
    await this.#publish([this.#entry(device)]);
    await this.#tell(device.number, device.number);
    return device;
  }

  #entry(device: Device): DeviceEntry {
    return entryOf(device, this.#hashes.copy(device.number));
  }

  #adopt(device: Device, tokenHash: Uint8Array): void {
    let tenant = this.#tenants.get(device.tenant);
    if (!tenant) {
      tenant = { devices: new Map(), ids: new SortedIds() };
      this.#tenants.set(device.tenant, tenant);
    }
    tenant.devices.set(device.id, device);
    tenant.ids.add(device.id);
    this.#byNumber.set(device.number, device);
    this.#hashes.set(device.number, tokenHash);
  }
}

/** A device token: 192 random bits. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

function rowProblem(tenant: string, id: string, token: string): string | undefined {
  const checks = [
    ['tenant', tenantIdProblem(tenant)],
    ['device_id', deviceIdProblem(id)],
    ['token', tokenProblem(token)],
  ] as const;
  const failed = checks.find(([, problem]) => problem !== undefined);
  return failed && `${failed[0]} ${failed[1]}`;
}
