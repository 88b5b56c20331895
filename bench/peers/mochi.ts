import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithThisProcess } from '../interruption.js';
import { answers, freePort } from './mosquitto.js';

export const mochiVersion = '2.7.9';

const BUILD_MS_MAX = 300_000;

/** A broker in Go, built when it is benched, in a folder of its own: nothing else here needs it. */
export class Mochi {
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

  /** Or why it cannot be had. */
  static async start(): Promise<Mochi | string> {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-mochi-'));
    const problem = build(folder);
    if (problem !== undefined) {
      rmSync(folder, { recursive: true, force: true });
      return problem;
    }
    const [port, webSocket, info] = [await freePort(), await freePort(), await freePort()];
    const args = ['-tcp', `127.0.0.1:${port}`, '-ws', `127.0.0.1:${webSocket}`, '-info', `127.0.0.1:${info}`];
    const child = spawn(join(folder, 'cmd'), args, { stdio: 'ignore' });
    const broker = new Mochi(port, child, folder);
    endWithThisProcess(child, () => broker.stop());
    if (await answers(port, child)) return broker;
    await broker.stop();
    return 'it does not answer on its port';
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

/** Undefined: the program is in the folder. */
function build(folder: string): string | undefined {
  writeFileSync(join(folder, 'go.mod'), 'module bench\n\ngo 1.21\n');
  const env = { ...process.env, GOFLAGS: '-mod=mod', GOBIN: folder };
  const args = ['install', `github.com/mochi-mqtt/server/v2/cmd@v${mochiVersion}`];
  const { status, stderr, error } = spawnSync('go', args, { encoding: 'utf8', cwd: folder, env, timeout: BUILD_MS_MAX });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n').at(-1) ?? 'go has failed');
}
