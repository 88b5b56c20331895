import type { Sql, TransactionSql } from 'postgres';
import { type CodecReference, codecFormat } from '../../contract/codecs/codec-name.js';
import type { Codec } from './codec.js';

interface Row {
  readonly codec_id: string;
  readonly number: number;
  readonly tenant_id: string;
  readonly name: string;
  readonly version: number;
  readonly sha256: string;
  readonly bytes: number;
  readonly fuel_max: number;
  readonly memory_pages_max: number;
  readonly created_at: Date;
}

type Statements = Sql | TransactionSql;

/** Which codecs are asked for; what is left out narrows nothing down. */
export interface CodecSelection extends Partial<CodecReference> {
  readonly tenant: string;
  readonly id?: string;
}

/** By name, the newest version of each first. */
export async function selectCodecs(sql: Statements, { tenant, id, name, version }: CodecSelection): Promise<Codec[]> {
  const rows = await (sql as Sql)<Row[]>`
    select codec_id, number, tenant_id, name, version, sha256, length(wasm) as bytes, fuel_max, memory_pages_max, created_at
    from payload_codecs
    where tenant_id = ${tenant} and (${id ?? null}::uuid is null or codec_id = ${id ?? null}::uuid)
      and (${name ?? null}::text is null or name = ${name ?? null}::text)
      and (${version ?? null}::int is null or version = ${version ?? null}::int)
    order by name, version desc`;
  return rows.map(codecOfRow);
}

function codecOfRow(row: Row): Codec {
  return {
    id: row.codec_id,
    number: row.number,
    tenant: row.tenant_id,
    name: row.name,
    version: row.version,
    sha256: row.sha256,
    bytes: row.bytes,
    fuelMax: row.fuel_max,
    memoryPagesMax: row.memory_pages_max,
    createdAtMs: row.created_at.getTime(),
  };
}

export async function selectModule(sql: Statements, number: number): Promise<Uint8Array | undefined> {
  const [row] = await (sql as Sql)<{ wasm: Uint8Array }[]>`select wasm from payload_codecs where number = ${number}`;
  return row?.wasm;
}

/** Nobody else makes or deletes a codec, or a schema that names one, until the transaction ends. */
export async function lockCodecs(sql: TransactionSql): Promise<void> {
  await sql`lock table payload_schemas in share row exclusive mode`;
  await sql`lock table payload_codecs in share row exclusive mode`;
}

export async function insertCodec(
  sql: TransactionSql,
  codec: Pick<Codec, 'tenant' | 'name' | 'version' | 'sha256' | 'fuelMax' | 'memoryPagesMax'>,
  wasm: Uint8Array,
): Promise<void> {
  const { tenant, name, version, sha256, fuelMax, memoryPagesMax } = codec;
  await sql`
    insert into payload_codecs (tenant_id, name, version, sha256, wasm, fuel_max, memory_pages_max)
    values (${tenant}, ${name}, ${version}, ${sha256}, ${Buffer.from(wasm)}, ${fuelMax}, ${memoryPagesMax})`;
}

export async function countCodecs(sql: Statements, tenant: string): Promise<number> {
  const [row] = await (sql as Sql)<{ codecs: number }[]>`select count(*)::int as codecs from payload_codecs where tenant_id = ${tenant}`;
  return row?.codecs ?? 0;
}

/** Schemas of the tenant of which some version names the codec: messages in the log may be read by it. */
export async function selectUsers(sql: Statements, { tenant, name, version }: Codec): Promise<string[]> {
  const rows = await (sql as Sql)<{ schema_id: string }[]>`
    select distinct schema_id from payload_schemas where tenant_id = ${tenant} and format = ${codecFormat({ name, version })}`;
  return rows.map(({ schema_id }) => schema_id);
}

export async function deleteCodec(sql: Statements, id: string): Promise<void> {
  await (sql as Sql)`delete from payload_codecs where codec_id = ${id}`;
}
