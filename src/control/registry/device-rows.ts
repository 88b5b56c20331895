import type { Sql } from 'postgres';
import type { DeviceStatus } from '../../contract/devices.js';
import { type Device, type Metadata, NO_METADATA } from './device.js';

/** A device about to be registered. */
export interface DeviceRow {
  readonly tenant: string;
  readonly id: string;
  readonly tokenHash: Uint8Array;
  readonly via: number;
  readonly deviceClass: string | null;
  readonly metadata: Metadata;
}

interface StoredRow {
  id: number;
  tenant_id: string;
  name: string;
  device_class: string | null;
  status: DeviceStatus;
  via: number | null;
  token_hash: Uint8Array;
  metadata: Metadata | null;
  registered_at: Date;
}

const LOAD_ROWS = 10_000;
const NUMBER_MAX = 2 ** 31 - 1;

/** The devices of the database, in batches; all, or those of some numbers. */
export async function* loadDevices(sql: Sql, from = 0, to = NUMBER_MAX): AsyncGenerator<{ device: Device; tokenHash: Uint8Array }[]> {
  const rows = sql<StoredRow[]>`
    select id, tenant_id, name, device_class, status, via, token_hash, metadata, registered_at from devices
    where id between ${from} and ${to} order by id`;
  const tenants = new Map<string, string>();
  for await (const batch of rows.cursor(LOAD_ROWS)) {
    yield batch.map((row) => {
      // One string a tenant, not one a device.
      const tenant = tenants.get(row.tenant_id) ?? row.tenant_id;
      tenants.set(tenant, tenant);
      return { device: deviceOf(row, tenant), tokenHash: row.token_hash };
    });
  }
}

function deviceOf(row: StoredRow, tenant: string): Device {
  return {
    number: row.id,
    tenant,
    id: row.name,
    via: row.via ?? 0,
    deviceClass: row.device_class,
    registeredAtMs: row.registered_at.getTime(),
    status: row.status,
    metadata: sharedIfEmpty(row.metadata),
  };
}

function sharedIfEmpty(metadata: Metadata | null): Metadata {
  return metadata === null || Object.keys(metadata).length === 0 ? NO_METADATA : metadata;
}

/** Inserts the rows whose (tenant, id) is free, in one statement, and answers those with their numbers. */
export async function insertDevices(sql: Sql, rows: readonly DeviceRow[]): Promise<{ device: Device; tokenHash: Uint8Array }[]> {
  const inserted = await sql<{ id: number; ordinal: number; registered_at: Date }[]>`
    with input as (
      select * from unnest(
        ${rows.map((row) => row.tenant)}::text[], ${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.deviceClass)}::text[],
        ${rows.map((row) => row.via)}::int[], ${rows.map((row) => Buffer.from(row.tokenHash).toString('hex'))}::text[],
        ${rows.map((row) => JSON.stringify(row.metadata))}::text[]
      ) with ordinality as input(tenant_id, name, device_class, via, token_hash, metadata, ordinal)
    ), inserted as (
      insert into devices (tenant_id, name, device_class, status, via, token_hash, metadata, registered_at)
      select tenant_id, name, device_class, 'active', nullif(via, 0), decode(token_hash, 'hex'), metadata::jsonb, now()
      from input order by ordinal
      on conflict (tenant_id, name) do nothing
      returning id, tenant_id, name, registered_at
    )
    select inserted.id, (input.ordinal - 1)::int as ordinal, inserted.registered_at
    from inserted join input using (tenant_id, name) order by inserted.id`;
  return inserted.map(({ id, ordinal, registered_at }) => {
    const { tenant, id: name, via, deviceClass, metadata, tokenHash } = rows[ordinal]!;
    const device: Device = {
      number: id,
      tenant,
      id: name,
      via,
      deviceClass,
      registeredAtMs: registered_at.getTime(),
      status: 'active',
      metadata: sharedIfEmpty(metadata),
    };
    return { device, tokenHash };
  });
}

/** Writes what of a device can change. */
export async function updateDevice(sql: Sql, number: number, status: DeviceStatus, metadata: Metadata): Promise<void> {
  await sql`update devices set status = ${status}, metadata = ${JSON.stringify(metadata)}::text::jsonb where id = ${number}`;
}
