import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { AdminApi } from '../admin-api.js';
import { CommandFailure } from '../command-failure.js';
import { withoutSettings } from '../inherited-env.js';
import { type FullDisk, fullDisk } from './full-disk.js';
import type { Brokers } from './kafka/brokers.js';

const readyMsMax = 120_000;
const stopMsMax = 30_000;
const remarkBytesMax = 4096;

interface Ready {
  readonly event: 'ready';
  readonly http: string;
  readonly mqtt_port: number;
  readonly admin_key: string;
  readonly database_url: string;
}

export interface SiteOptions {
  /** Its log is on something that can be filled up. */
  readonly smallDisk: boolean;
  /** Its log is there, if not in the state folder. */
  readonly brokers: Brokers | undefined;
}

/** An appliance in a process and a state folder of its own, on loopback, with the embedded database. */
export class ChaosSite {
  readonly brokers: Brokers | undefined;
  readonly #program: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'spillway-selftest-'));
  readonly #ports = { SPILLWAY_HTTP_PORT: '0', SPILLWAY_MQTT_PORT: '0' };
  #child: ChildProcess | undefined;
  #ready: Ready | undefined;
  #disk: FullDisk | undefined;
  #remarks = '';

  /** `program` is what this process runs too. */
  constructor(program: string, { smallDisk, brokers }: SiteOptions) {
    this.#program = program;
    this.brokers = brokers;
    if (smallDisk) this.#disk = this.#smallDisk();
  }

  /** What the log is on. */
  get disk(): FullDisk {
    if (!this.#disk) throw new Error('the log of this appliance has no disk of its own');
    return this.#disk;
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  get mqttPort(): number {
    return this.#up.mqtt_port;
  }

  get databaseUrl(): string {
    return this.#up.database_url;
  }

  get api(): AdminApi {
    return new AdminApi(this.#up.http, this.#up.admin_key);
  }

  get #up(): Ready {
    if (!this.#ready) throw new Error('the appliance was never ready');
    return this.#ready;
  }

  /** From the second time on at the ports of the first. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [this.#program, 'start', '--json', '--show-secrets'], {
      cwd: this.#folder,
      env: { ...withoutSettings(process.env), ...this.#settings() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr!.on('data', (bytes: Buffer) => {
      this.#remarks = (this.#remarks + bytes.toString()).slice(-remarkBytesMax);
    });
    this.#ready = await this.#readyLine(child);
    this.#ports.SPILLWAY_MQTT_PORT = String(this.#ready.mqtt_port);
    this.#ports.SPILLWAY_HTTP_PORT = new URL(this.#ready.http).port;
  }

  #settings(): NodeJS.ProcessEnv {
    const settings = { ...this.#ports, SPILLWAY_STATE: join(this.#folder, 'state'), SPILLWAY_LOG_LEVEL: 'warn', SPILLWAY_DEVICE_RATE: '0' };
    if (!this.brokers) return settings;
    const { addresses, nodes } = this.brokers;
    const copies = String(nodes.length);
    return { ...settings, SPILLWAY_LOG: 'kafka', SPILLWAY_KAFKA_BROKERS: addresses, SPILLWAY_KAFKA_REPLICATION_FACTOR: copies };
  }

  #smallDisk(): FullDisk {
    const disk = fullDisk(join(this.#folder, 'state', 'log'));
    if (!('missing' in disk)) return disk;
    rmSync(this.#folder, { recursive: true, force: true });
    throw new CommandFailure('selftest_failed', `cannot fill up a disk: ${disk.missing}`);
  }

  /** kill -9: the database that belongs to it lives on, as after a crash. */
  async kill(): Promise<void> {
    const child = this.#child as ChildProcess;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** The server process of the embedded database and its children, none of them twice; empty: there is none. */
  databasePids(): number[] {
    const postmaster = this.#postmaster();
    if (postmaster === undefined) return [];
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
    return [postmaster, ...pairs.filter(([, parent]) => parent === postmaster).map(([pid]) => pid as number)];
  }

  /** Ends the appliance and its database, and removes the folder. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const late = await Promise.race([ended.then(() => false), delay(stopMsMax, true, { ref: false })]);
      if (late) await this.kill();
    }
    const postmaster = this.#postmaster();
    // SIGINT is PostgreSQL's fast shutdown.
    if (postmaster !== undefined && signal(postmaster, 'SIGINT')) {
      const deadlineMs = performance.now() + stopMsMax;
      while (signal(postmaster, 0) && performance.now() < deadlineMs) await delay(20);
      signal(postmaster, 'SIGKILL');
    }
    this.#disk?.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #postmaster(): number | undefined {
    try {
      const pid = Number(readFileSync(join(this.#folder, 'state', 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
      return Number.isInteger(pid) && pid > 1 && signal(pid, 0) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  async #readyLine(child: ChildProcess): Promise<Ready> {
    const lines = createInterface({ input: child.stdout! });
    const ready = new Promise<Ready>((resolve) => {
      lines.on('line', (line) => {
        if (line.startsWith('{"event":"ready"')) resolve(JSON.parse(line) as Ready);
      });
    });
    const ended = once(child, 'exit').then(() => 'it ended');
    const first = await Promise.race([ready, ended, delay(readyMsMax, `not ready after ${readyMsMax} ms`, { ref: false })]);
    if (typeof first !== 'string') return first;
    throw new CommandFailure('start_failed', `cannot start the appliance under test: ${first}\n${this.#remarks.trim()}`);
  }
}

/** False: there is no such process. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
