import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Something that a bench needs is not on this machine; the message says what and the way out. */
export class ToolMissing extends Error {}

/** The first that knows the edition of the workspace. */
const cargoMinorMin = 85;
let built: string | undefined;

/** Why no load can be generated on this machine, and the way out; undefined where it can. */
export function generatorMissing(): string | undefined {
  if (process.platform !== 'linux') return 'cannot generate load: the generator needs Linux, for epoll; run it there or in a container';
  const { error, stdout } = spawnSync('cargo', ['--version'], { encoding: 'utf8' });
  const wayOut = 'install Rust 1.85 or later with rustup, then try again';
  if (error) return `cannot build the load generator: cargo is not installed; ${wayOut}`;
  const [, major, minor] = /cargo (\d+)\.(\d+)/.exec(stdout) ?? [];
  if (Number(major) === 1 && Number(minor) < cargoMinorMin)
    return `cannot build the load generator: ${stdout.trim()} is too old; ${wayOut}`;
  return undefined;
}

/** Builds the load generator when it is stale and answers its path. Throws ToolMissing where it cannot be had. */
export function buildGenerator(): string {
  if (built !== undefined) return built;
  const missing = generatorMissing();
  if (missing) throw new ToolMissing(missing);
  const workspace = fileURLToPath(new URL('../../../native/Cargo.toml', import.meta.url));
  const args = ['build', '--release', '--manifest-path', workspace, '--package', 'spillway-load'];
  const { status, stdout, stderr } = spawnSync('cargo', [...args, '--message-format', 'json-render-diagnostics'], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`cannot build the load generator: ${stderr.trim()}`);
  for (const line of stdout.split('\n')) {
    const { executable } = line.startsWith('{') ? JSON.parse(line) : {};
    if (typeof executable === 'string') built = executable;
  }
  if (built === undefined) throw new Error('cannot build the load generator: cargo does not say where it is');
  return built;
}
