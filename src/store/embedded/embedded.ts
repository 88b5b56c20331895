import { renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import {
  CLUSTER_USER,
  type Cluster,
  isPostmaster,
  lastLines,
  openCluster,
  readLock,
  readText,
  removeLock,
  settingsAreCurrent,
  writeSettings,
} from './cluster.js';
import type { Outcome } from './server-account.js';

/** A PostgreSQL server that Spillway brought up for itself. */
export interface EmbeddedServer {
  readonly url: string;
  readonly pid: number;
  /** Whether its process is there; it may still be starting up, or stand still. */
  isAlive(): boolean;
  /** Ends the server once its transactions are rolled back and its files are synced. */
  stop(): Promise<void>;
}

const DATABASE = 'spillway';
const START_SECONDS_MAX = 120;
const STOP_SECONDS_MAX = 120;
/** Each on another port. */
const START_ATTEMPTS_MAX = 4;
/** Each after a look for a server that came up meanwhile. */
const ADOPT_ATTEMPTS_MAX = 3;
/** Of 10 ms each. */
const EXIT_WAITS_MAX = 1000;
const LOG_BYTES_KEPT = 16 * 1024 * 1024;

export interface EmbeddedOptions {
  /** Without it nothing is brought onto the disk for good, which only tests can afford. */
  readonly sync?: boolean;
  /** It must listen where it did the last time: there are those who know its address. */
  readonly samePort?: boolean;
}

/**
 * Brings up the server whose cluster lies in `folder`, made on first use. A server that an earlier
 * process left running is adopted, or ended when this build would start it with other settings.
 */
export async function startEmbedded(folder: string, { sync = true, samePort = false }: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const cluster = await openCluster(folder, sync);
  for (let attempt = 1; ; attempt++) {
    const adopted = await adoptOrEnd(cluster);
    if (adopted) return adopted;
    writeSettings(cluster);
    if ((statSync(cluster.log, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_KEPT) renameSync(cluster.log, `${cluster.log}.1`);
    try {
      const port = await startOnFreePort(cluster, samePort ? 1 : START_ATTEMPTS_MAX);
      await createDatabase(cluster, port);
      return running(cluster, port);
    } catch (error) {
      // A process that was killed may have been about to start this server, which then came up between our look and our own start.
      if (attempt === ADOPT_ATTEMPTS_MAX || !readLock(cluster)) throw error;
    }
  }
}

/** The server that the cluster's own lock file names, if it is one of ours and fit for use. */
async function adoptOrEnd(cluster: Cluster): Promise<EmbeddedServer | undefined> {
  const lock = readLock(cluster);
  if (!lock) return undefined;
  if (!isPostmaster(lock.pid, cluster.data)) {
    // Its process is gone. The number may belong to another program by now, for whose end the server would wait.
    removeLock(cluster);
    return undefined;
  }
  if (settingsAreCurrent(cluster) && (await answers(cluster, lock.port))) return running(cluster, lock.port);
  await stop(cluster);
  return undefined;
}

/** Whether the server that listens there is this cluster's. Sessions of its former user end by themselves: their sockets are closed. */
async function answers(cluster: Cluster, port: number): Promise<boolean> {
  const sql = connect(cluster, port, DATABASE);
  try {
    const [row] = await sql`select current_setting('data_directory') as folder`;
    return row?.folder === cluster.data;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function startOnFreePort(cluster: Cluster, attemptsMax: number): Promise<number> {
  let outcome: Outcome = { code: 0, output: '' };
  let logged = '';
  // The last port first, so that a server started again in the middle of a run is found by those who know
  // its address. Any port may be taken by another program, also between our look and the server's start.
  const lastPort = Number(readText(cluster.portFile) ?? 0);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = attempt === 0 && lastPort > 0 ? lastPort : await freePort();
    const logBytes = statSync(cluster.log, { throwIfNoEntry: false })?.size ?? 0;
    const options = ['-D', cluster.data, '-l', cluster.log, '-o', `-p ${port}`, '-w', '-t', String(START_SECONDS_MAX)];
    outcome = await cluster.account.run(cluster.pgCtl, ['start', ...options]);
    if (outcome.code === 0) {
      writeFileSync(cluster.portFile, String(port));
      return port;
    }
    logged = readText(cluster.log)?.slice(logBytes).trim() ?? '';
    if (!/address already in use/i.test(logged)) break;
  }
  const cause = lastLines(logged || outcome.output);
  throw new Error(`cannot start the embedded database in ${cluster.data}: ${cause}; its log is ${cluster.log}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function createDatabase(cluster: Cluster, port: number): Promise<void> {
  const sql = connect(cluster, port, 'postgres');
  try {
    const [found] = await sql`select 1 from pg_database where datname = ${DATABASE}`;
    if (!found) await sql`create database ${sql(DATABASE)}`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function connect(cluster: Cluster, port: number, database: string): postgres.Sql {
  return postgres(url(cluster, port, database), { max: 1, fetch_types: false, connect_timeout: 10, onnotice: () => {} });
}

function url(cluster: Cluster, port: number, database: string): string {
  return `postgres://${CLUSTER_USER}:${cluster.password}@127.0.0.1:${port}/${database}`;
}

function running(cluster: Cluster, port: number): EmbeddedServer {
  const pid = readLock(cluster)?.pid;
  if (pid === undefined) throw new Error(`cannot read the process number of the embedded database in ${cluster.data}`);
  return { url: url(cluster, port, DATABASE), pid, isAlive: () => isPostmaster(pid, cluster.data), stop: () => stop(cluster) };
}

/** Fast mode: sessions are ended, a checkpoint is written; nothing is left to recover. */
async function stop(cluster: Cluster): Promise<void> {
  const lock = readLock(cluster);
  if (!lock || !isPostmaster(lock.pid, cluster.data)) return;
  const outcome = await cluster.account.run(cluster.pgCtl, [
    'stop',
    '-D',
    cluster.data,
    '-m',
    'fast',
    '-w',
    '-t',
    String(STOP_SECONDS_MAX),
  ]);
  // pg_ctl waits for the lock file to go, which is not quite the last thing that the server does.
  for (let waits = 0; outcome.code === 0 && waits < EXIT_WAITS_MAX && isPostmaster(lock.pid, cluster.data); waits++) await delay(10);
  if (isPostmaster(lock.pid, cluster.data))
    throw new Error(`cannot stop the embedded database in ${cluster.data}: ${lastLines(outcome.output)}`);
}
