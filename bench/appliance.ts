import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AdminApi } from '../src/cli/admin-api.js';
import { withoutSettings } from '../src/cli/inherited-env.js';
import { endWithThisProcess } from './interruption.js';

/** For profilers: see README.md beside this file. */
const nodeArguments = (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((argument) => argument !== '');
const readyMsMax = 120_000;
const readyLookMs = 50;
const stopMsMax = 120_000;

/** CPU seconds by thread; undefined where the appliance does not tell. */
export type ThreadCpu = Readonly<Record<'gateway' | 'log' | 'pipeline' | 'store' | 'main', number | undefined>>;

interface Ready {
  readonly http: string;
  readonly mqtt_port: number;
  readonly admin_key: string;
  readonly database_url?: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly ready: Ready;
  readonly api: AdminApi;
}

/** An appliance under test: a child process with a state folder of its own, on any free ports. */
export class BenchAppliance {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  #process: { readonly child: ChildProcess; readonly ready: Ready; readonly api: AdminApi };

  private constructor(folder: string, environment: NodeJS.ProcessEnv, process: Started) {
    this.#folder = folder;
    this.#environment = environment;
    this.#process = process;
  }

  get api(): AdminApi {
    return this.#process.api;
  }

  get http(): string {
    return this.#process.ready.http;
  }

  get mqttPort(): number {
    return this.#process.ready.mqtt_port;
  }

  get adminKey(): string {
    return this.#process.ready.admin_key;
  }

  get databaseUrl(): string | undefined {
    return this.#process.ready.database_url;
  }

  get pid(): number {
    return this.#process.child.pid!;
  }

  /** With these settings besides the defaults; none come from the environment of the bench. */
  static async start(settings: Readonly<Record<string, string>>): Promise<BenchAppliance> {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
    // Under root the embedded server runs as another user, who must be able to enter.
    chmodSync(folder, 0o755);
    const own = {
      SPILLWAY_STATE: join(folder, 'state'),
      SPILLWAY_MQTT_PORT: '0',
      SPILLWAY_HTTP_PORT: '0',
      SPILLWAY_LOG_LEVEL: 'warn',
      // The load is of few devices, which send as fast as they can.
      SPILLWAY_DEVICE_RATE: '0',
    };
    const environment = { ...withoutSettings(process.env), ...own, ...settings };
    return new BenchAppliance(folder, environment, await startProcess(folder, environment));
  }

  /** Resolves when it runs all that it takes in: over Kafka partitions are shared out first. */
  async ready(): Promise<void> {
    while (!(await fetch(`${this.http}/readyz`)).ok) await delay(readyLookMs);
  }

  /** SIGKILL, as a crash; state and database stay as they are for `startAgain`. */
  async kill(): Promise<void> {
    const { child } = this.#process;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** After `kill`: another process on the same state, on other ports. */
  async startAgain(): Promise<void> {
    this.#process = await startProcess(this.#folder, this.#environment);
  }

  /** What Prometheus would read. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.http}/metrics`)).text();
  }

  async threadCpu(): Promise<ThreadCpu> {
    const text = await this.metrics();
    const seconds = [...text.matchAll(/^spillway_thread_cpu_seconds_total\{thread="([^"]+)"\} (\S+)/gm)];
    const sum = (name: string) => {
      const of = seconds.filter(([, thread = '']) => thread === name || thread.startsWith(`${name}-`));
      return of.length === 0 ? undefined : of.reduce((total, [, , value]) => total + Number(value), 0);
    };
    return { gateway: sum('gateway'), log: sum('log'), pipeline: sum('pipeline'), store: sum('store'), main: sum('main') };
  }

  /** Ends the appliance and removes its state; throws when it did not end cleanly. */
  async stop(): Promise<void> {
    const { child } = this.#process;
    const running = child.exitCode === null && child.signalCode === null;
    const exited = running ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
    await exited;
    clearTimeout(timer);
    rmSync(this.#folder, { recursive: true, force: true });
    if (child.exitCode !== 0) throw new Error(`cannot trust the run: the appliance ended with ${child.signalCode ?? child.exitCode}`);
  }
}

async function startProcess(folder: string, env: NodeJS.ProcessEnv): Promise<Started> {
  const program = fileURLToPath(new URL('../src/main.js', import.meta.url));
  const child = spawn(process.execPath, [...nodeArguments, program, 'start', '--json', '--show-secrets'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  endWithThisProcess(child, async () => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    remove();
  });
  try {
    const ready = await readyLine(child);
    return { child, ready, api: new AdminApi(ready.http, ready.admin_key) };
  } catch (error) {
    child.kill('SIGKILL');
    remove();
    throw error;
  }
}

/** The log goes the same way. */
async function readyLine(child: ChildProcess): Promise<Ready> {
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`cannot start the appliance: it ended with ${signal ?? code}`);
  });
  const late = AbortSignal.timeout(readyMsMax);
  const ready = new Promise<Ready>((resolve, reject) => {
    lines.on('line', (line) => line.startsWith('{"event":"ready"') && resolve(JSON.parse(line)));
    late.addEventListener('abort', () => reject(new Error(`cannot start the appliance: it is not ready within ${readyMsMax / 1000} s`)));
  });
  for (const one of [ready, ended]) one.catch(() => undefined);
  return Promise.race([ready, ended]);
}
