import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const aedesVersion = '1.2.0';

/** A broker in JavaScript, fetched when it is benched: nothing else here needs it. */
export class AedesInstallation {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** An installation in a folder of its own, or why there is none. */
  static install(): AedesInstallation | string {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-aedes-'));
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, `aedes@${aedesVersion}`];
    const { status, stderr, error } = spawnSync('npm', args, { encoding: 'utf8', timeout: 120_000, cwd: folder });
    if (status === 0) return new AedesInstallation(folder);
    rmSync(folder, { recursive: true, force: true });
    return `cannot install aedes ${aedesVersion}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
  }

  /** Runs a broker for as long as the work takes. */
  async withBroker<T>(work: (port: number, pid: number) => Promise<T>): Promise<T> {
    const program = fileURLToPath(new URL('./aedes-broker.js', import.meta.url));
    const child = fork(program, [join(this.#folder, 'node_modules', 'aedes', 'aedes.js')], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    try {
      const { port } = await firstMessage<{ port: number }>(child, 'aedes');
      return await work(port, child.pid!);
    } finally {
      await endChild(child);
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The first message of a child process; throws when it ends instead. */
export async function firstMessage<T>(child: ChildProcess, name: string): Promise<T> {
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`cannot start ${name}: it ended with ${signal ?? code}`);
  });
  ended.catch(() => undefined);
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message as T;
}

/** Ends a child that ends when its channel closes. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  await exited;
}
