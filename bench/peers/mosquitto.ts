import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endWithThisProcess } from '../interruption.js';

const upMsMax = 10_000;

/** The broker as Debian packages it, in a folder of its own. */
export class Mosquitto {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Where the program is, or undefined. */
  static find(): string | undefined {
    const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
    return folders.map((folder) => join(folder, 'mosquitto')).find((path) => existsSync(path));
  }

  static version(program: string): string {
    return /version (\S+)/.exec(String(spawnSync(program, ['-h']).stdout))?.[1] ?? 'unknown';
  }

  /**
   * `durable` is the most that it has: its database is written every 1,000 changes and when it ends. It is never
   * synced to disk before a PUBACK, and a message that nobody subscribed to is no change.
   */
  static async start(program: string, durable: boolean): Promise<Mosquitto> {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-mosquitto-'));
    const port = await freePort();
    const lines = [
      `listener ${port} 127.0.0.1`,
      `user ${userInfo().username}`,
      'allow_anonymous true',
      'log_dest stderr',
      'log_type error',
      'set_tcp_nodelay true',
      // Without limits, so that nothing is dropped or held back for being fast.
      'max_inflight_messages 0',
      'max_queued_messages 0',
      ...(durable
        ? ['persistence true', `persistence_location ${folder}/`, 'autosave_on_changes true', 'autosave_interval 1000']
        : ['persistence false']),
    ];
    writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
    const child = spawn(program, ['-c', join(folder, 'mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    const broker = new Mosquitto(port, child, folder);
    endWithThisProcess(child, () => broker.stop());
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    if (await answers(port, child)) return broker;
    await broker.stop();
    throw new Error(`cannot start mosquitto: it does not answer on its port; it said: ${said.trim()}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port that was free a moment ago: a listener of its own cannot be handed over. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function answers(port: number, child: ChildProcess): Promise<boolean> {
  const deadlineMs = performance.now() + upMsMax;
  while (performance.now() < deadlineMs && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const up = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (up) return true;
    await delay(20);
  }
  return false;
}
