import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import { doneWithin, withDeadline } from '../../src/contract/deadline.js';
import { copyCluster } from './run-database.js';
import { DEADLINE_MS, until } from './until.js';

/** A whole Spillway in a child process of its own. */
export interface Appliance {
  /** `http://127.0.0.1:PORT`, no slash at the end. */
  readonly http: string;
  readonly mqttPort: number;
  /** Of those that were asked for. */
  readonly mqttWsPort?: number | undefined;
  readonly mqttWssPort?: number | undefined;
  readonly httpsPort?: number | undefined;
  readonly coapsPort?: number | undefined;
  readonly adminKey: string;
  readonly databaseUrl: string;
  readonly pid: number;
  readonly stateFolder: string;
  /** What it wrote to stdout and stderr so far, the last 64 KiB. */
  output(): string;
  /**
   * Ends it cleanly; rejects when it does not end in time or ends with an error.
   * A state folder that startAppliance made goes with it. Call it after `kill` too: it then only clears up.
   */
  stop(): Promise<void>;
  /** SIGKILL, as a crash. State and embedded database stay as they are. */
  kill(): Promise<void>;
}

// A test file that takes too long is ended with SIGTERM; what it started is to end with it.
process.once('SIGTERM', () => process.exit(1));

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const outputCharsMax = 65_536;

interface ReadyLine {
  readonly event: 'ready';
  readonly http: string;
  readonly mqtt_port: number;
  readonly mqtt_ws_port?: number;
  readonly mqtt_wss_port?: number;
  readonly https_port?: number;
  readonly coaps_port?: number;
  readonly admin_key: string;
  readonly database_url: string;
}

/**
 * Starts `main.js start --json --show-secrets` on free ports and a new state folder and resolves when it is ready.
 * `env` adds to or replaces the defaults; with SPILLWAY_STATE in it the caller owns that folder.
 */
export async function startAppliance(env: Readonly<Record<string, string>> = {}): Promise<Appliance> {
  const ownFolder = env.SPILLWAY_STATE === undefined;
  const stateFolder = env.SPILLWAY_STATE ?? mkdtempSync(join(tmpdir(), 'spillway-test-'));
  if (env.SPILLWAY_DATABASE_URL === undefined) copyCluster(join(stateFolder, 'postgres'));
  const child = spawn(process.execPath, [program, 'start', '--json', '--show-secrets'], {
    env: {
      ...withoutSettings(process.env),
      SPILLWAY_HTTP_PORT: '0',
      SPILLWAY_MQTT_PORT: '0',
      SPILLWAY_ADMIN_KEY: 'test-admin-key',
      // Tests send as fast as they can.
      SPILLWAY_DEVICE_RATE: '0',
      ...env,
      SPILLWAY_STATE: stateFolder,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test process that dies must not leave an appliance behind.
  const killWithParent = () => child.kill('SIGKILL');
  process.once('exit', killWithParent);
  child.once('exit', () => process.off('exit', killWithParent));

  const clear = async () => {
    if (!ownFolder) return;
    await endDatabase(stateFolder);
    rmSync(stateFolder, { recursive: true, force: true });
  };
  const output = collectOutput(child);
  try {
    const ready = await readyLine(child, output);
    return {
      http: ready.http,
      mqttPort: ready.mqtt_port,
      mqttWsPort: ready.mqtt_ws_port,
      mqttWssPort: ready.mqtt_wss_port,
      httpsPort: ready.https_port,
      coapsPort: ready.coaps_port,
      adminKey: ready.admin_key,
      databaseUrl: ready.database_url,
      pid: child.pid!,
      stateFolder,
      output,
      stop: async () => {
        try {
          await endChild(child, output);
        } finally {
          await clear();
        }
      },
      kill: () => killChild(child),
    };
  } catch (cause) {
    await killChild(child);
    await clear();
    throw cause;
  }
}

function collectOutput(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-outputCharsMax);
  };
  child.stdout!.on('data', keep);
  child.stderr!.on('data', keep);
  return () => text;
}

async function readyLine(child: ChildProcess, output: () => string): Promise<ReadyLine> {
  const lines = createInterface({ input: child.stdout! });
  const ready = new Promise<ReadyLine>((resolve) => {
    lines.on('line', (line) => {
      const parsed = parseLine(line);
      if (parsed?.event === 'ready') resolve(parsed as ReadyLine);
    });
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('close', () => reject(notStarted(`it ended with ${child.exitCode ?? child.signalCode}`, output)));
    child.once('error', reject);
  });
  return withDeadline(Promise.race([ready, failed]), DEADLINE_MS, () => notStarted(`not ready after ${DEADLINE_MS} ms`, output));
}

function notStarted(cause: string, output: () => string): Error {
  return new Error(`cannot start the appliance: ${cause}\n${output()}`);
}

function parseLine(line: string): { event?: unknown } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function endChild(child: ChildProcess, output: () => string): Promise<void> {
  if (child.signalCode === 'SIGKILL') return;
  if (child.exitCode === null && child.signalCode === null) {
    // All that it wrote is read by then, which at its exit it need not be.
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    if (!(await doneWithin(closed, DEADLINE_MS))) {
      await killChild(child);
      throw new Error(`cannot stop the appliance: still there ${DEADLINE_MS} ms after SIGTERM\n${output()}`);
    }
  }
  if (child.exitCode !== 0) throw new Error(`cannot stop the appliance: it ended with ${child.exitCode ?? child.signalCode}\n${output()}`);
}

async function killChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** The embedded database outlives a killed appliance; its own pid file in the state folder names it. */
async function endDatabase(stateFolder: string): Promise<void> {
  const files = readdirSync(stateFolder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('postmaster.pid'))) {
    const pid = Number(readFileSync(join(stateFolder, file), 'utf8').split('\n')[0]);
    if (!Number.isInteger(pid) || pid <= 1) continue;
    // SIGINT is PostgreSQL's fast shutdown.
    if (!signal(pid, 'SIGINT')) continue;
    await until('the database ends', () => !signal(pid, 0)).finally(() => signal(pid, 'SIGKILL'));
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
