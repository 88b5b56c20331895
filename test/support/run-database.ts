import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startEmbedded } from '../../src/store/embedded/embedded.js';
import { migrate } from '../../src/store/schema/migrate.js';

/** A folder as the embedded server leaves it, with a migrated database; the runner makes it once a run and sets this variable. */
const CLUSTER = 'TEST_CLUSTER';
/** The server that all files of one run share; the runner sets it. */
const SERVER = 'TEST_DATABASE_SERVER';
/** Sessions of all files that run at once, and of the appliances that they start. */
const SESSIONS_MAX = 200;

/** Of a run's tests: a cluster that is copied instead of being initialised again and again, and a server for databases by the hundred. */
export interface RunDatabase {
  stop(): Promise<void>;
}

/** Makes both, and lets the files that run from now on know. */
export async function startRunDatabase(): Promise<RunDatabase> {
  const top = mkdtempSync(join(tmpdir(), 'spillway-run-'));
  // Under root the server runs as another account, which must be able to pass.
  chmodSync(top, 0o755);
  const cluster = join(top, 'cluster');
  await makeCluster(cluster);
  process.env[CLUSTER] = cluster;
  const folder = join(top, 'server');
  copyCluster(folder);
  appendFileSync(join(folder, 'data', 'postgresql.auto.conf'), `max_connections = ${SESSIONS_MAX}\n`);
  const server = await startEmbedded(folder, { sync: false });
  process.env[SERVER] = server.url;
  return {
    async stop() {
      await server.stop();
      rmSync(top, { recursive: true, force: true });
    },
  };
}

/** The URL of the server that all files share, on a database that is migrated and has no sessions; undefined where a file runs by itself. */
export function runServer(): string | undefined {
  return process.env[SERVER];
}

/**
 * Puts a copy of the run's cluster into `folder`, as a first start leaves it, where there is nothing yet. All copies are one database by their
 * identity. Without a run it does nothing, and the first start makes a cluster, which takes about a second.
 */
export function copyCluster(folder: string): void {
  const cluster = process.env[CLUSTER];
  if (cluster === undefined || existsSync(folder)) return;
  mkdirSync(join(folder, '..'), { recursive: true });
  // The server's files belong to its account and nobody else may read them: Node's copy would lose both.
  execFileSync('cp', ['-a', cluster, folder]);
}

async function makeCluster(folder: string): Promise<void> {
  const server = await startEmbedded(folder, { sync: false });
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  await migrate(sql);
  await sql.end();
  await server.stop();
}
