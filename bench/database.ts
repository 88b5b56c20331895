import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';

/** The appliance's database, looked at from outside. */
export class BenchDatabase {
  readonly url: string;
  readonly sql: postgres.Sql;

  constructor(url: string) {
    this.url = url;
    this.sql = postgres(url, { max: 1, onnotice: () => undefined });
  }

  close(): Promise<void> {
    return this.sql.end({ timeout: 5 });
  }

  /** Rows in `readings` and the sum of their values in hundredths. */
  async readings(): Promise<{ rows: number; hundredths: number }> {
    const [found] = await this.sql`select count(*) as rows, coalesce(sum(round(value * 100)::bigint), 0) as hundredths from readings`;
    return { rows: Number(found?.rows), hundredths: Number(found?.hundredths) };
  }

  /** Registry numbers of a tenant's devices, by id ascending, and of metrics, in the order of `names`. */
  async numbers(tenant: string, names: readonly string[]): Promise<{ devices: number[]; metrics: number[] }> {
    const devices = await this.sql`select id from devices where tenant_id = ${tenant} and name like 'dev-%' order by name`;
    const metrics = await this.sql`select id, name from metrics`;
    const byName = new Map(metrics.map((row) => [row.name as string, row.id as number]));
    return { devices: devices.map((row) => row.id as number), metrics: names.map((name) => byName.get(name) ?? 0) };
  }

  /** Process id of a server on this machine; null when it runs elsewhere or may not be looked at. */
  async localPid(): Promise<number | null> {
    try {
      const [row] = await this.sql`select current_setting('data_directory') as folder, current_setting('port') as port`;
      const lock = readFileSync(join(String(row?.folder), 'postmaster.pid'), 'utf8').split('\n');
      return lock[3] === row?.port ? Number(lock[0]) : null;
    } catch {
      return null;
    }
  }
}

/**
 * A database of its own on a server with TimescaleDB, so that a bench never meets earlier rows; `drop`
 * removes it. Throws a sentence for people when the server will not do.
 */
export async function timescaleDatabase(serverUrl: string | undefined): Promise<{ url: string; drop(): Promise<void> }> {
  if (!serverUrl)
    throw new Error(
      'cannot bench TimescaleDB: SPILLWAY_DATABASE_URL does not name a server; for example postgres://user:password@127.0.0.1:5432/postgres',
    );
  const server = postgres(serverUrl, { max: 1, onnotice: () => undefined, connect_timeout: 5 });
  const name = `spillway_bench_${process.pid}_${Date.now()}`;
  const drop = async () => {
    await server.unsafe(`drop database if exists ${name} with (force)`);
    await server.end({ timeout: 5 });
  };
  try {
    const [extension] = await server`select default_version from pg_available_extensions where name = 'timescaledb'`;
    if (!extension) throw new Error('the server does not have the extension timescaledb');
    await server.unsafe(`create database ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    const fresh = postgres(url.href, { max: 1, onnotice: () => undefined });
    await fresh`create extension if not exists timescaledb`;
    await fresh.end({ timeout: 5 });
    return { url: url.href, drop };
  } catch (error) {
    await drop().catch(() => undefined);
    throw new Error(`cannot bench TimescaleDB on ${new URL(serverUrl).host}: ${(error as Error).message}`);
  }
}
