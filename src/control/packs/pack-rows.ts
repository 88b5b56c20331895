import type { Sql, TransactionSql } from 'postgres';
import type { RuleForm } from '../topic-rules/input.js';

/** What a pack made in a tenant. */
export interface MadeByPack {
  readonly rules: readonly (RuleForm & { readonly name: string })[];
  readonly schemas: readonly { readonly id: string; readonly firmwareVersion: string; readonly version: number }[];
  readonly codec: { readonly name: string; readonly version: number } | null;
}

/** A pack as a tenant has it. */
export interface InstalledPack {
  readonly tenant: string;
  readonly name: string;
  readonly version: string;
  readonly vendor: string;
  readonly description: string;
  /** Of the schemas; null: it has none. */
  readonly deviceClass: string | null;
  readonly file: Uint8Array;
  /** What a rollback installs; null: it is the first. */
  readonly previousFile: Uint8Array | null;
  /** Null: it was installed unsigned. */
  readonly keyId: string | null;
  readonly made: MadeByPack;
  readonly installedAtMs: number;
}

interface Row {
  readonly tenant_id: string;
  readonly name: string;
  readonly version: string;
  readonly vendor: string;
  readonly description: string;
  readonly device_class: string | null;
  readonly file: Uint8Array;
  readonly previous_file: Uint8Array | null;
  readonly key_id: string | null;
  readonly made: string;
  readonly installed_at: Date;
}

type Statements = Sql | TransactionSql;

/** By name. */
export async function selectPacks(sql: Statements, tenant: string, name?: string): Promise<InstalledPack[]> {
  const rows = await (sql as Sql)<Row[]>`
    select tenant_id, name, version, vendor, description, device_class, file, previous_file, key_id, made::text as made, installed_at from device_packs
    where tenant_id = ${tenant} and (${name ?? null}::text is null or name = ${name ?? null}::text) order by name`;
  return rows.map((row) => ({
    tenant: row.tenant_id,
    name: row.name,
    version: row.version,
    vendor: row.vendor,
    description: row.description,
    deviceClass: row.device_class,
    file: Uint8Array.from(row.file),
    previousFile: row.previous_file && Uint8Array.from(row.previous_file),
    keyId: row.key_id,
    made: JSON.parse(row.made) as MadeByPack,
    installedAtMs: row.installed_at.getTime(),
  }));
}

/** Nobody else installs or removes a pack until the transaction ends. */
export async function lockPacks(sql: TransactionSql): Promise<void> {
  await sql`lock table device_packs in share row exclusive mode`;
}

export async function upsertPack(sql: TransactionSql, pack: Omit<InstalledPack, 'installedAtMs'>): Promise<void> {
  const { tenant, name, version, vendor, description, deviceClass, file, previousFile, keyId, made } = pack;
  await sql`
    insert into device_packs (tenant_id, name, version, vendor, description, device_class, file, previous_file, key_id, made)
    values (${tenant}, ${name}, ${version}, ${vendor}, ${description}, ${deviceClass}, ${Buffer.from(file)}, ${previousFile && Buffer.from(previousFile)}, ${keyId},
      ${JSON.stringify(made)}::text::jsonb)
    on conflict (tenant_id, name) do update set version = excluded.version, vendor = excluded.vendor,
      description = excluded.description, device_class = excluded.device_class, file = excluded.file, previous_file = excluded.previous_file,
      key_id = excluded.key_id, made = excluded.made, installed_at = now()`;
}

export async function deletePack(sql: TransactionSql, tenant: string, name: string): Promise<void> {
  await sql`delete from device_packs where tenant_id = ${tenant} and name = ${name}`;
}
