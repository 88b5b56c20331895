import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Database } from '../../src/contract/database.js';
import { ControlDatabase } from '../../src/store/control-database.js';
import { startEmbedded } from '../../src/store/embedded/embedded.js';
import { migrate } from '../../src/store/schema/migrate.js';
import { copyCluster, runServer } from './run-database.js';
import { startOnServer } from './timescale.js';

/** A database on a server that others use too, which nobody may stop. */
export interface StoreDatabase {
  readonly url: string;
  readonly sql: postgres.Sql;
  stop(): Promise<void>;
}

/** As the control plane reaches it, too. */
export interface ControlledDatabase extends StoreDatabase {
  readonly control: ControlDatabase;
}

/** One on an embedded server of its own, which a test may stop and start; `stop` ends and removes it. */
export interface TestDatabase extends ControlledDatabase {
  /** Where the server keeps its cluster. */
  readonly folder: string;
}

/** Of a file that runs by itself: the server of its databases, and how many are open. */
interface OwnServer {
  readonly url: string;
  readonly folder: string;
}
let ownServer: Promise<OwnServer> | undefined;
let open = 0;
let made = 0;

/** A migrated database that shares its server with others. */
export async function openDatabase(): Promise<ControlledDatabase> {
  const database = await openEmptyDatabase(runServer() !== undefined);
  await migrate(database.sql);
  await database.sql`update database_identity set id = gen_random_uuid()`;
  const control = new ControlDatabase(database.url, () => {});
  const stop = async () => {
    await control.close();
    await database.stop();
  };
  return { ...database, control, stop };
}

/** One that no Spillway has seen yet, which shares its server with others. */
export async function openEmptyDatabase(isMigrated = false): Promise<StoreDatabase> {
  open++;
  const server = runServer() ?? (await ownUrl());
  const url = new URL(server);
  const template = isMigrated ? url.pathname.slice(1) : 'template0';
  url.pathname = `/test_${process.pid}_${made++}`;
  const admin = new URL(server);
  admin.pathname = '/postgres';
  const maker = postgres(admin.href, { max: 1 });
  await maker.unsafe(`create database ${url.pathname.slice(1)} template ${template}`);
  await maker.end();
  const sql = postgres(url.href, { max: 4, onnotice: () => {} });
  const stop = async () => {
    await sql.end({ timeout: 1 });
    if (--open === 0) await stopServer();
  };
  return { url: url.href, sql, stop };
}

async function ownUrl(): Promise<string> {
  ownServer ??= startServer();
  return (await ownServer).url;
}

async function startServer(): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-database-'));
  const { url } = await startEmbedded(folder, { sync: false });
  return { url, folder };
}

async function stopServer(): Promise<void> {
  const server = await ownServer;
  ownServer = undefined;
  if (server) await removeServer(server.folder);
}

/** A test may have stopped and started the server itself: what runs now is found by its lock file. */
async function removeServer(folder: string): Promise<void> {
  await (await startEmbedded(folder, { sync: false })).stop();
  rmSync(folder, { recursive: true, force: true });
}

/** What holds in either dialect is tested on these: the embedded server, and that of TIMESCALE_URL where it is set. */
export const storeDatabases: readonly (readonly [name: string, start: () => Promise<StoreDatabase>])[] = [
  ['embedded', openDatabase],
  ...(process.env.TIMESCALE_URL === undefined ? [] : [['TIMESCALE_URL', startMigratedOnServer] as const]),
];

async function startMigratedOnServer(): Promise<StoreDatabase> {
  const { sql, url, stop } = await startOnServer();
  await migrate(sql);
  return { sql, url: url as string, stop };
}

/** A migrated database on a server of its own, for tests that stop, kill or set up the server itself. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const folder = join(mkdtempSync(join(tmpdir(), 'spillway-database-')), 'postgres');
  copyCluster(folder);
  const database = await startServerIn(folder);
  await migrate(database.sql);
  return database;
}

/** One that no Spillway has seen yet, on a server of its own. */
export async function startEmptyDatabase(): Promise<TestDatabase> {
  return startServerIn(join(mkdtempSync(join(tmpdir(), 'spillway-database-')), 'postgres'));
}

async function startServerIn(folder: string): Promise<TestDatabase> {
  const { url } = await startEmbedded(folder, { sync: false });
  const sql = postgres(url, { max: 4, onnotice: () => {} });
  const control = new ControlDatabase(url, () => {});
  const stop = async () => {
    await control.close();
    await sql.end({ timeout: 1 });
    await removeServer(folder);
    rmSync(join(folder, '..'), { recursive: true, force: true });
  };
  return { url, sql, folder, control, stop };
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
