import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Database } from '../../src/contract/database.js';
import { ControlDatabase } from '../../src/store/control-database.js';
import { startEmbedded } from '../../src/store/embedded/embedded.js';
import { migrate } from '../../src/store/schema/migrate.js';
import { startOnServer } from './timescale.js';

/** A migrated database. One a test file is enough: it takes seconds. */
export interface StoreDatabase {
  readonly url: string;
  readonly sql: postgres.Sql;
  stop(): Promise<void>;
}

/** One on an embedded server of its own, which `stop` ends and removes; `control` as the control plane reaches it. */
export interface TestDatabase extends StoreDatabase {
  /** Where the server keeps its cluster. */
  readonly folder: string;
  readonly control: ControlDatabase;
}

/** What holds in either dialect is tested on these: the embedded server, and that of TIMESCALE_URL where it is set. */
export const storeDatabases: readonly (readonly [name: string, start: () => Promise<StoreDatabase>])[] = [
  ['embedded', startTestDatabase],
  ...(process.env.TIMESCALE_URL === undefined ? [] : [['TIMESCALE_URL', startMigratedOnServer] as const]),
];

async function startMigratedOnServer(): Promise<StoreDatabase> {
  const { sql, url, stop } = await startOnServer();
  await migrate(sql);
  return { sql, url: url as string, stop };
}

export async function startTestDatabase(): Promise<TestDatabase> {
  const database = await startEmptyDatabase();
  await migrate(database.sql);
  return database;
}

/** One that no Spillway has seen yet. */
export async function startEmptyDatabase(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-database-'));
  const server = await startEmbedded(folder, { sync: false });
  const sql = postgres(server.url, { max: 4, onnotice: () => {} });
  const control = new ControlDatabase(server.url, () => {});
  const stop = async () => {
    await control.close();
    await sql.end({ timeout: 1 });
    // A test may have stopped and started the server itself: what runs now is found by its lock file.
    await (await startEmbedded(folder, { sync: false })).stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: server.url, sql, folder, control, stop };
}

/** A client of a test's own in the place of the control plane's; nothing is guarded. */
export function unguarded(sql: postgres.Sql): Database {
  return { run: async (work) => work(sql), listen: () => Promise.reject(new Error('nothing listens here')) };
}

/** The tables that `readings` are in, the one that few rows go into first: on plain PostgreSQL it is a view. */
export async function readingsTables(sql: postgres.Sql): Promise<string[]> {
  const [row] = await sql`select to_regclass('readings_days') is not null as view`;
  return row?.view ? ['readings_days', 'readings_hot'] : ['readings'];
}
