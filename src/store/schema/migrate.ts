import type { Sql, TransactionSql } from 'postgres';
import { chooseTables, openDialect } from './detect.js';
import { migrations } from './migrations/list.js';
import type { Migration } from './migrations/migration.js';

/** The schema that this build reads and writes. */
export const SCHEMA_VERSION = migrations.at(-1)?.version ?? 0;

/** Any number that no other program uses for its own advisory lock: "SPWB" twice. */
const MIGRATION_LOCK = 0x53505742_53505742n;

/**
 * Brings the database to SCHEMA_VERSION, each step in a transaction of its own, and makes what the dialect needs before rows
 * come. Several processes may call it at a time. Answers how many steps it took; throws when the database is newer than this
 * build.
 */
export async function migrate(sql: Sql): Promise<number> {
  const steps = await migrateTo(sql, SCHEMA_VERSION);
  await (await openDialect(sql)).prepare(sql, new Date());
  return steps;
}

/** Takes the steps up to this version alone: the database is then that of an earlier release. */
export async function migrateTo(sql: Sql, version: number): Promise<number> {
  await sql.begin(async (tx) => {
    await lock(tx);
    await tx`create table if not exists schema_migrations (
      version int primary key, name text not null, applied_at timestamptz not null default now())`;
  });
  const found = await schemaVersion(sql);
  if (found > SCHEMA_VERSION) {
    throw new Error(
      `cannot migrate the database: its schema is version ${found}, this build knows ${SCHEMA_VERSION}; start the newer Spillway that made it`,
    );
  }
  let steps = 0;
  for (const migration of migrations) if (migration.version <= version && (await applyOnce(sql, migration))) steps++;
  return steps;
}

export async function schemaVersion(sql: Sql | TransactionSql): Promise<number> {
  const [row] = await sql`select coalesce(max(version), 0) as version from schema_migrations`;
  return Number(row?.version);
}

async function applyOnce(sql: Sql, { version, name, statements }: Migration): Promise<boolean> {
  return sql.begin(async (tx) => {
    await lock(tx);
    // Another process may have done it while this one waited for the lock.
    if ((await schemaVersion(tx)) >= version) return false;
    await tx.unsafe(statements[await chooseTables(tx)] ?? '');
    await tx`insert into schema_migrations (version, name) values (${version}, ${name})`;
    return true;
  });
}

async function lock(tx: TransactionSql): Promise<void> {
  await tx`select pg_advisory_xact_lock(${String(MIGRATION_LOCK)}::bigint)`;
}
