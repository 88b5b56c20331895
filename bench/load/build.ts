import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Something that a bench needs is not on this machine; the message says what and the way out. */
export class ToolMissing extends Error {}

let built: string | undefined;

/** Builds the load generator when it is stale and answers its path. Throws ToolMissing where it cannot be had. */
export function buildGenerator(cargo = 'cargo'): string {
  if (built !== undefined) return built;
  if (process.platform !== 'linux') throw new ToolMissing('cannot generate load: the generator needs Linux, for epoll');
  const workspace = fileURLToPath(new URL('../../../native/Cargo.toml', import.meta.url));
  const args = ['build', '--release', '--manifest-path', workspace, '--package', 'spillway-load'];
  const { error, status, stdout, stderr } = spawnSync(cargo, [...args, '--message-format', 'json-render-diagnostics'], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (error)
    throw new ToolMissing(
      'cannot build the load generator: cargo is not installed; install Rust 1.85 or later with rustup, then try again',
    );
  if (status !== 0) throw new ToolMissing(`cannot build the load generator: ${stderr.trim()}`);
  for (const line of stdout.split('\n')) {
    const { executable } = line.startsWith('{') ? JSON.parse(line) : {};
    if (typeof executable === 'string') built = executable;
  }
  if (built === undefined) throw new Error('cannot build the load generator: cargo does not say where it is');
  return built;
}
