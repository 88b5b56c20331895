import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import { DEADLINE_MS } from '../support/until.js';

const program = fileURLToPath(new URL('./spillway-process.js', import.meta.url));

/** A command in a child process, on an appliance that is a double. */
export interface RunningCommand {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when its output matches; rejects when the process ends before, or says something else until the deadline. */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
  /** The exit code, once all output is in. */
  readonly code: Promise<number | null>;
}

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function runSpillway(t: TestContext, folder: string, args: readonly string[], env: Record<string, string> = {}): RunningCommand {
  const inherited = withoutSettings(process.env);
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    // The contexts of whoever runs the tests are none of theirs.
    env: { ...inherited, XDG_CONFIG_HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = once(child, 'close').then(([exitCode]) => exitCode as number | null);
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await code;
  });
  const until = (pattern: RegExp) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout + stderr);
        if (match) resolve(match);
      };
      child.stdout!.on('data', look);
      child.stderr!.on('data', look);
      const refuse = (why: string) => reject(new Error(`${why} ${pattern}: ${stdout}${stderr}`));
      code.then(() => refuse('ended before'));
      setTimeout(() => refuse('too late for'), DEADLINE_MS).unref();
      look();
    });
  return { child, stdout: () => stdout, stderr: () => stderr, until, code };
}

export async function outcomeOf(command: RunningCommand): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const code = await command.code;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}
