import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AdminApi } from '../src/cli/admin-api.js';
import { endWithThisProcess } from './interruption.js';

/** For profilers: see README.md beside this file. */
const nodeArguments = (process.env.BENCH_NODE_ARGS ?? '').split(' ').filter((argument) => argument !== '');
const readyMsMax = 120_000;
const stopMsMax = 120_000;

/** CPU seconds by thread; undefined where the appliance does not tell. */
export type ThreadCpu = Readonly<Record<'gateway' | 'log' | 'pipeline' | 'store' | 'main', number | undefined>>;

/** What the operator of this machine set is for another appliance, and may name a database that must not be touched. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SPILLWAY_')));
}

/** An appliance under test: a child process with a state folder of its own, on any free ports. */
export class BenchAppliance {
  readonly api: AdminApi;
  readonly http: string;
  readonly mqttPort: number;
  readonly databaseUrl: string | undefined;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(
    child: ChildProcess,
    folder: string,
    ready: { http: string; mqtt_port: number; admin_key: string; database_url?: string },
  ) {
    this.#child = child;
    this.#folder = folder;
    this.http = ready.http;
    this.mqttPort = ready.mqtt_port;
    this.databaseUrl = ready.database_url;
    this.api = new AdminApi(ready.http, ready.admin_key);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** With these settings besides the defaults; none come from the environment of the bench. */
  static async start(settings: Readonly<Record<string, string>>): Promise<BenchAppliance> {
    const program = fileURLToPath(new URL('../src/main.js', import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
    // Under root the embedded server runs as another user, who must be able to enter.
    chmodSync(folder, 0o755);
    const own = {
      SPILLWAY_STATE: join(folder, 'state'),
      SPILLWAY_MQTT_PORT: '0',
      SPILLWAY_HTTP_PORT: '0',
      SPILLWAY_COAP_PORT: '0',
      SPILLWAY_LOG_LEVEL: 'warn',
    };
    const env = { ...withoutSettings(process.env), ...own, ...settings };
    const child = spawn(process.execPath, [...nodeArguments, program, 'start', '--json'], {
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
      return new BenchAppliance(child, folder, JSON.parse(await firstLine(child)));
    } catch (error) {
      child.kill('SIGKILL');
      remove();
      throw error;
    }
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
    const running = this.#child.exitCode === null && this.#child.signalCode === null;
    const exited = running ? once(this.#child, 'exit') : undefined;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMsMax);
    await exited;
    clearTimeout(timer);
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#child.exitCode !== 0)
      throw new Error(`cannot trust the run: the appliance ended with ${this.#child.signalCode ?? this.#child.exitCode}`);
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`cannot start the appliance: it ended with ${signal ?? code}`);
  });
  const late = AbortSignal.timeout(readyMsMax);
  const [line] = (await Promise.race([once(lines, 'line', { signal: late }), ended])) as [string];
  ended.catch(() => undefined);
  return line;
}
