import type { Sql, TransactionSql } from 'postgres';
import type { Compatibility } from './compatibility.js';
import type { FormatChoice } from './definition/formats.js';
import type { Schema, SchemaVersion } from './schema-version.js';

interface Row {
  readonly schema_id: string;
  readonly version: number;
  readonly number: number;
  readonly tenant_id: string;
  readonly device_class: string;
  readonly firmware_version: string;
  readonly format: FormatChoice;
  readonly definition: string;
  readonly mode: SchemaVersion['mode'];
  readonly compatibility: Compatibility;
  readonly major: number;
  readonly created_at: Date;
  readonly pinned_version: number | null;
  readonly retired_at: Date | null;
}

/** What a number counts from: 2026-01-01T00:00Z, seconds of the Unix epoch. */
const NUMBERS_SINCE = 1_767_225_600;

type Statements = Sql | TransactionSql;

/** All schemas, those of one id, or the one that has a version of this number. */
export async function selectSchemas(sql: Statements, by: { readonly id?: string; readonly number?: number } = {}): Promise<Schema[]> {
  const { id = null, number = null } = by;
  const rows = await (sql as Sql)<Row[]>`
    select schema_id, version, number, tenant_id, device_class, firmware_version, format, schema_definition::text as definition, mode,
      compatibility, major, created_at, pinned_version, retired_at
    from payload_schemas left join payload_schema_states using (schema_id)
    where (${id}::uuid is null or schema_id = ${id}::uuid)
      and (${number}::int is null or schema_id = (select schema_id from payload_schemas where number = ${number}::int))
    order by schema_id, version`;
  const found = new Map<string, Schema & { versions: SchemaVersion[] }>();
  for (const row of rows) {
    const schema = found.get(row.schema_id) ?? { ...schemaOf(row), versions: [] };
    schema.versions.push(versionOf(row));
    found.set(row.schema_id, schema);
  }
  return [...found.values()];
}

function schemaOf(row: Row): Omit<Schema, 'versions'> {
  return {
    id: row.schema_id,
    tenant: row.tenant_id,
    deviceClass: row.device_class,
    firmwareVersion: row.firmware_version,
    pinned: row.pinned_version ?? undefined,
    retiredAtMs: row.retired_at?.getTime(),
  };
}

function versionOf({ version, number, major, format, definition, mode, compatibility, created_at }: Row): SchemaVersion {
  return { version, number, major, format, definition: JSON.parse(definition), mode, compatibility, createdAtMs: created_at.getTime() };
}

/** Nobody else makes, pins or retires a schema until the transaction ends. */
export async function lockSchemas(sql: TransactionSql): Promise<void> {
  await sql`lock table payload_schemas in share row exclusive mode`;
}

/**
 * Inserts a version, under the lock. Its number comes after all that there are, and is no less than the seconds since 2026 began: a
 * database that was restored from a backup does not give a number again that messages in the log already carry.
 */
export async function insertVersion(
  sql: TransactionSql,
  schema: Pick<Schema, 'id' | 'tenant' | 'deviceClass' | 'firmwareVersion'>,
  made: Omit<SchemaVersion, 'number' | 'createdAtMs'>,
): Promise<void> {
  const { version, format, definition, mode, compatibility, major } = made;
  await sql`
    insert into payload_schemas (schema_id, version, number, tenant_id, device_class, firmware_version, format, schema_definition, mode,
      compatibility, major)
    select ${schema.id}, ${version}, greatest(coalesce(max(number), 0) + 1, extract(epoch from now())::bigint - ${NUMBERS_SINCE})::int,
      ${schema.tenant}, ${schema.deviceClass}, ${schema.firmwareVersion}, ${format}, ${JSON.stringify(definition)}::text::jsonb, ${mode},
      ${compatibility}, ${major}
    from payload_schemas`;
}

/** Null takes a pin away. */
export async function pinVersion(sql: Statements, id: string, version: number | null): Promise<void> {
  await (sql as Sql)`insert into payload_schema_states (schema_id, pinned_version) values (${id}, ${version})
    on conflict (schema_id) do update set pinned_version = excluded.pinned_version`;
}

export async function retireSchema(sql: Statements, id: string): Promise<void> {
  await (sql as Sql)`insert into payload_schema_states (schema_id, retired_at) values (${id}, now())
    on conflict (schema_id) do update set retired_at = coalesce(payload_schema_states.retired_at, now())`;
}
