import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const interruptedExitCode = 130;
const ends = new Set<() => Promise<unknown>>();

/**
 * A signal ends and removes what was announced before it ends this process, the last first: what was started later may
 * need the earlier to end well. A second signal ends it at once.
 */
export function exitOnSignals(): void {
  let heard = false;
  const onSignal = () => {
    if (heard) process.exit(interruptedExitCode);
    heard = true;
    endAll().then(() => process.exit(interruptedExitCode));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/** Ends and removes what is left of what was announced. */
export async function endAll(): Promise<void> {
  for (const end of [...ends].reverse()) await end().catch(() => undefined);
  ends.clear();
}

/** Announces what is to be ended and removed with this process. */
export function announceEnd(end: () => Promise<unknown>): void {
  ends.add(end);
}

/**
 * A child must not outlive this process, whether that is interrupted (then `end` has its time) or breaks (then a
 * signal must do). The default is a SIGTERM that is waited for.
 */
export function endWithThisProcess(child: ChildProcess, end = () => terminate(child)): void {
  const onExit = () => child.kill('SIGTERM');
  process.once('exit', onExit);
  ends.add(end);
  child.once('exit', () => {
    process.off('exit', onExit);
    ends.delete(end);
  });
}

async function terminate(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
