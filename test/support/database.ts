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

/** The embedded server of this test file, and how many databases it has had. */
let server: Promise<{ readonly url: string; readonly folder: string; databases: number }> | undefined;

/**
 * A migrated database on a server that all databases of this test file share; it takes a fraction of a second after the first.
 * `closeServer` ends the server.
 */
export async function openDatabase(): Promise<StoreDatabase> {
  server ??= startServer();
  const shared = await server;
  const url = new URL(shared.url);
  url.pathname = `/test_${shared.databases++}`;
  const admin = postgres(shared.url, { max: 1 });
  await admin.unsafe(`create database ${url.pathname.slice(1)}`);
  await admin.end();
  const sql = postgres(url.href, { max: 4, onnotice: () => {} });
  await migrate(sql);
  return { url: url.href, sql, stop: () => sql.end({ timeout: 1 }) };
}

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-database-'));
  const { url } = await startEmbedded(folder, { sync: false });
  return { url, folder, databases: 0 };
}

/** Ends the server of `openDatabase`, if there was one. */
export async function closeServer(): Promise<void> {
  if (!server) return;
  const { folder } = await server;
  server = undefined;
  await (await startEmbedded(folder, { sync: false })).stop();
  rmSync(folder, { recursive: true, force: true });
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
