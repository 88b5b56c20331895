import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a bench as npm does; rejects when its exit code is not 0. */
export function runBench(name: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return run(process.execPath, [fileURLToPath(new URL(`../../bench/${name}.js`, import.meta.url)), ...args], { env });
}

/** What it says with --json. */
export async function lastLine(name: string, ...args: string[]) {
  const { stdout } = await runBench(name, [...args, '--json']);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}
