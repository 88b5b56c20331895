import { isDeepStrictEqual } from 'node:util';
import type { Sql, TransactionSql } from 'postgres';
import type { Database } from '../../contract/database.js';
import type { DeviceStatus } from '../../contract/devices.js';
import { HASH_BYTES } from '../../contract/token.js';
import { RECORDED_ONE_BY_ONE_MAX, recordChange } from '../audit/record.js';
import { type Changeable, changeable, type Device, type Metadata, NO_METADATA } from './device.js';
import { type DeviceDetails, type Location, NO_DETAILS, type SharedDetails, type Tags } from './device-details.js';
import { type DeviceUpdate, patched } from './device-patch.js';
import type { StoredTokens } from './device-tokens.js';

/** A device about to be registered. */
export interface DeviceRow {
  readonly tenant: string;
  readonly id: string;
  readonly tokenHash: Uint8Array;
  readonly via: number;
  readonly deviceClass: string | null;
  readonly firmwareVersion?: string | null | undefined;
  readonly metadata: Metadata;
  readonly details?: DeviceDetails | undefined;
}

/** A device as the database has it. */
export interface StoredDevice extends StoredTokens {
  readonly device: Device;
}

interface StoredRow {
  id: number;
  tenant_id: string;
  name: string;
  device_class: string | null;
  status: DeviceStatus;
  via: number | null;
  token_hash: Uint8Array;
  previous_token_hash: Uint8Array | null;
  previous_token_until: Date | null;
  metadata: Metadata | null;
  registered_at: Date;
  firmware_version: string | null;
  payload_schema_id: string | null;
  payload_schema_version: number | null;
  model: string | null;
  serial: string | null;
  owner: string | null;
  time_zone: string | null;
  location: Location | null;
  tags: Tags;
  groups: number[];
}

const LOAD_ROWS = 10_000;
const NUMBER_MAX = 2 ** 31 - 1;

/** A device as a load reads it: what fleets have in common comes as text, which is compared and not read. */
interface LoadedRow extends Omit<StoredRow, 'metadata' | 'tags' | 'groups' | 'registered_at'> {
  metadata: string;
  tags: string;
  groups: string;
  registered_ms: number;
}

/** The devices of the database that were not deleted, in batches; all, or those of some numbers. */
export async function* loadDevices(database: Database, shared: SharedDetails, from = 0, to = NUMBER_MAX): AsyncGenerator<StoredDevice[]> {
  // Page by page, so that none takes longer than the server gives a statement; the next one is read while this one is taken up.
  for (let coming: Promise<Page | undefined> | undefined = readPage(database, from, to); coming; ) {
    const page: Page | undefined = await coming;
    if (!page) return;
    coming = page.last < to ? readPage(database, page.last + 1, to) : undefined;
    coming?.catch(() => {});
    yield page.rows.map((row) => ({ device: loadedDevice(row, shared), tokenHash: row.token_hash, previousToken: previousTokenOf(row) }));
  }
}

interface Page {
  readonly rows: readonly LoadedRow[];
  /** No number up to this one is to come. */
  readonly last: number;
}

/** The devices of a range of numbers, which need no sorting; undefined: there are no more. */
async function readPage(database: Database, from: number, to: number): Promise<Page | undefined> {
  const first = await firstNumber(database, from, to);
  if (first === undefined) return undefined;
  const last = Math.min(first + LOAD_ROWS - 1, to);
  return { rows: await database.run(selectDevices(first, last)), last };
}

async function firstNumber(database: Database, from: number, to: number): Promise<number | undefined> {
  const [row] = await database.run(
    (sql) => sql<{ number: number }[]>`select id as number from devices where id between ${from} and ${to} order by id limit 1`,
  );
  return row?.number;
}

function selectDevices(from: number, to: number) {
  return (sql: Sql): PromiseLike<LoadedRow[]> => sql<LoadedRow[]>`
    select id, tenant_id, name, device_class, status, via, token_hash, previous_token_hash, previous_token_until, metadata::text as metadata,
      (extract(epoch from registered_at) * 1000)::float8 as registered_ms, firmware_version, payload_schema_id, payload_schema_version,
      model, serial, owner, time_zone, location, tags::text as tags, array_to_string(group_ids, ',') as groups
    from devices where id between ${from} and ${to} and deleted_at is null order by id`;
}

function loadedDevice(row: LoadedRow, shared: SharedDetails): Device {
  return {
    number: row.id,
    tenant: shared.text(row.tenant_id)!,
    id: row.name,
    via: row.via ?? 0,
    deviceClass: shared.text(row.device_class),
    registeredAtMs: Math.floor(row.registered_ms),
    status: shared.text(row.status)!,
    metadata: row.metadata === '{}' ? NO_METADATA : (JSON.parse(row.metadata) as Metadata),
    details: shared.ofTexts({ ...row, timeZone: row.time_zone }, row.tags, row.groups),
    firmwareVersion: shared.text(row.firmware_version),
    schemaId: shared.text(row.payload_schema_id),
    schemaVersion: row.payload_schema_version ?? 0,
    schema: 0,
    timeZone: 0,
  };
}

/** Numbers and tenants of the devices that were deleted: what their messages became stays in the tenant's books. */
export function loadDeleted(database: Database, from = 0, to = NUMBER_MAX): Promise<{ number: number; tenant: string }[]> {
  return database.run(
    (sql) => sql<{ number: number; tenant: string }[]>`
      select id as number, tenant_id as tenant from devices where id between ${from} and ${to} and deleted_at is not null`,
  );
}

function previousTokenOf({
  previous_token_hash: hash,
  previous_token_until: until,
}: Pick<StoredRow, 'previous_token_hash' | 'previous_token_until'>) {
  // A buffer of its own: it is sent to threads.
  return hash && until ? { hash: new Uint8Array(hash.subarray(0, HASH_BYTES)), untilMs: until.getTime() } : undefined;
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
    details: detailsOf(row),
    firmwareVersion: row.firmware_version,
    schemaId: row.payload_schema_id,
    schemaVersion: row.payload_schema_version ?? 0,
    schema: 0,
    timeZone: 0,
  };
}

function detailsOf({ model, serial, owner, time_zone: timeZone, location, tags, groups }: StoredRow): DeviceDetails {
  return { model, serial, owner, timeZone, location, tags, groups };
}

function sharedIfEmpty(metadata: Metadata | null): Metadata {
  return metadata === null || Object.keys(metadata).length === 0 ? NO_METADATA : metadata;
}

/** Numbers that no device has and none but the caller's gets, ascending. */
export async function drawNumbers(sql: Sql, count: number): Promise<number[]> {
  const rows = await sql<{ number: number }[]>`
    select nextval(pg_get_serial_sequence('devices', 'id'))::int as number from generate_series(1, ${count})`;
  return rows.map(({ number }) => number);
}

/** Inserts the rows whose (tenant, id) is free under `numbers`, one a row, in one statement; answers those that were inserted. */
export async function insertDevices(sql: TransactionSql, rows: readonly DeviceRow[], numbers: readonly number[]): Promise<StoredDevice[]> {
  const inserted = await sql<{ id: number; ordinal: number; registered_at: Date }[]>`
    with input as (
      select * from unnest(
        ${rows.map((row) => row.tenant)}::text[], ${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.deviceClass)}::text[],
        ${rows.map((row) => row.via)}::int[], ${rows.map((row) => Buffer.from(row.tokenHash).toString('hex'))}::text[],
        ${rows.map((row) => JSON.stringify(row.metadata))}::text[], ${rows.map((row) => row.firmwareVersion ?? null)}::text[],
        ${rows.map(({ details = NO_DETAILS }) => JSON.stringify(details))}::text[], ${[...numbers]}::int[]
      ) with ordinality as input(tenant_id, name, device_class, via, token_hash, metadata, firmware_version, details, number, ordinal)
    ), inserted as (
      insert into devices (id, tenant_id, name, device_class, status, via, token_hash, metadata, firmware_version, registered_at,
        model, serial, owner, time_zone, location, tags, group_ids)
      select number, tenant_id, name, device_class, 'active', nullif(via, 0), decode(token_hash, 'hex'), metadata::jsonb, firmware_version, now(),
        noted.model, noted.serial, noted.owner, noted."timeZone", nullif(noted.location, 'null'), noted.tags, noted.groups
      from input, jsonb_to_record(details::jsonb) noted(model text, serial text, owner text, "timeZone" text, location jsonb, tags jsonb, groups int[])
      order by ordinal
      on conflict (tenant_id, name) where deleted_at is null do nothing
      returning id, tenant_id, name, registered_at
    )
    select inserted.id, (input.ordinal - 1)::int as ordinal, inserted.registered_at
    from inserted join input using (tenant_id, name) order by inserted.id`;
  const recorded = inserted.map(({ ordinal }) => {
    const { tenant, id, tokenHash: _, ...after } = rows[ordinal]!;
    return { tenant, id, before: null, after };
  });
  await recordDevices(sql, recorded);
  return inserted.map(({ id, ordinal, registered_at }) => {
    const { tenant, id: name, via, deviceClass, firmwareVersion = null, metadata, tokenHash, details = NO_DETAILS } = rows[ordinal]!;
    const device: Device = {
      number: id,
      tenant,
      id: name,
      via,
      deviceClass,
      registeredAtMs: registered_at.getTime(),
      status: 'active',
      metadata: sharedIfEmpty(metadata),
      details,
      firmwareVersion,
      schemaId: null,
      schemaVersion: 0,
      schema: 0,
      timeZone: 0,
    };
    return { device, tokenHash, previousToken: undefined };
  });
}

export interface Updated {
  readonly number: number;
  readonly before: Pick<Device, Changeable>;
  readonly after: Pick<Device, Changeable>;
}

/**
 * Writes what of devices, by number, is to change; answers those that are different now. A device is missing from `known` where it was
 * deleted; with a `problem` nothing is written.
 */
export async function updateDevices(
  sql: TransactionSql,
  updates: ReadonlyMap<number, DeviceUpdate>,
): Promise<{ updated: Updated[]; known: Set<number>; problem?: { number: number; cause: 'decommissioned' | string } }> {
  const rows = await sql<StoredRow[]>`
    select *, to_json(group_ids) as groups from devices where id = any(${[...updates.keys()]}::int[]) and deleted_at is null order by id for update`;
  const updated: Updated[] = [];
  for (const row of rows) {
    const before = deviceOf(row, row.tenant_id);
    const after = patched(before, updates.get(row.id)!);
    const cause =
      typeof after === 'string' ? after : before.status === 'decommissioned' && after.status !== before.status ? DECOMMISSIONED : '';
    if (typeof after === 'string' || cause !== '') return { updated: [], known: new Set(), problem: { number: row.id, cause } };
    if (!isDeepStrictEqual(changeableOf(before), after)) updated.push({ number: row.id, before, after });
  }
  if (updated.length > 0) await writeDevices(sql, updated);
  const byNumber = new Map(rows.map((row) => [row.id, row]));
  await recordDevices(
    sql,
    updated.map(({ number, before, after }) => ({
      tenant: byNumber.get(number)!.tenant_id,
      id: byNumber.get(number)!.name,
      before,
      after,
    })),
  );
  return { updated, known: new Set(rows.map(({ id }) => id)) };
}

interface RecordedDevice {
  readonly tenant: string;
  readonly id: string;
  readonly before: object | null;
  readonly after: object | null;
}

/** Of many devices at once the log says how many, and which were the first. */
async function recordDevices(sql: TransactionSql, devices: readonly RecordedDevice[]): Promise<void> {
  const [first] = devices;
  if (devices.length <= RECORDED_ONE_BY_ONE_MAX) {
    await recordChange(sql, ...devices.map(({ id, ...rest }) => ({ target: `device ${id}`, ...rest })));
  } else if (first) {
    const ids = devices.slice(0, RECORDED_ONE_BY_ONE_MAX).map(({ id }) => id);
    await recordChange(sql, { tenant: first.tenant, target: `${devices.length} devices`, after: { first_ids: ids, like: first.after } });
  }
}

export const DECOMMISSIONED = 'decommissioned';

function changeableOf(device: Device): Pick<Device, Changeable> {
  return Object.fromEntries(changeable.map((member) => [member, device[member]])) as Pick<Device, Changeable>;
}

async function writeDevices(sql: TransactionSql, updated: readonly Updated[]): Promise<void> {
  const rows = updated.map(({ number, after: { schemaVersion, details, ...rest } }) => {
    const version = schemaVersion === 0 ? null : schemaVersion;
    return { number, ...rest, version, ...details };
  });
  await sql`
    update devices set
      status = input.status, metadata = input.metadata, device_class = input."deviceClass", firmware_version = input."firmwareVersion",
      payload_schema_id = input."schemaId", payload_schema_version = input.version, model = input.model, serial = input.serial,
      owner = input.owner, time_zone = input."timeZone", location = nullif(input.location, 'null'), tags = input.tags, group_ids = input.groups
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as input(number int, status text, metadata jsonb, "deviceClass" text,
      "firmwareVersion" text, "schemaId" uuid, version int, model text, serial text, owner text, "timeZone" text,
      location jsonb, tags jsonb, groups int[])
    where id = input.number`;
}

/** Writes what devices said of their firmware; answers the numbers of those that said something else before. */
export async function updateFirmware(sql: Sql, versions: ReadonlyMap<number, string>): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    update devices set firmware_version = said.version
    from unnest(${[...versions.keys()]}::int[], ${[...versions.values()]}::text[]) as said(number, version)
    where devices.id = said.number and deleted_at is null and firmware_version is distinct from said.version returning devices.id`;
  return rows.map(({ id }) => id);
}

/** Gives a device a new token; the present one stays valid until `untilMs`, when that is given. Undefined: as `updateDevice` answers false. */
export async function replaceToken(
  sql: TransactionSql,
  number: number,
  tokenHash: Uint8Array,
  untilMs: number | undefined,
): Promise<Pick<StoredTokens, 'previousToken'> | undefined> {
  const until = untilMs === undefined ? null : new Date(untilMs);
  const [row] = await sql<Pick<StoredRow, 'tenant_id' | 'name' | 'previous_token_hash' | 'previous_token_until'>[]>`
    update devices set token_hash = ${tokenHash}, previous_token_until = ${until},
      previous_token_hash = case when ${until}::timestamptz is null then null else token_hash end
    where id = ${number} and deleted_at is null and status <> 'decommissioned'
    returning tenant_id, name, previous_token_hash, previous_token_until`;
  if (row)
    await recordChange(sql, { tenant: row.tenant_id, target: `device ${row.name}`, after: { token: 'replaced', previous_until: until } });
  return row && { previousToken: previousTokenOf(row) };
}

/** The row stays, so that its number is never dealt out again; its name is free. False: it was deleted before. */
export async function deleteDevice(sql: TransactionSql, number: number): Promise<boolean> {
  const [row] = await sql<
    StoredRow[]
  >`update devices set deleted_at = now(), token_hash = '', previous_token_hash = null, previous_token_until = null
    where id = ${number} and deleted_at is null returning *, to_json(group_ids) as groups`;
  if (row)
    await recordChange(sql, { tenant: row.tenant_id, target: `device ${row.name}`, before: changeableOf(deviceOf(row, row.tenant_id)) });
  return row !== undefined;
}
