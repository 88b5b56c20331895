import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { withoutSettings } from '../../src/cli/inherited-env.js';
import { withDeadline } from '../../src/contract/deadline.js';
import { DEADLINE_MS } from '../support/until.js';
import type { HostedCommand, Outcome } from './command-host.js';

const program = fileURLToPath(new URL('./command-host.js', import.meta.url));

let host: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * What a command does that ends by itself, reads no stdin and heeds no signal, with a double in the place of the appliance. All such commands of
 * a test file run in one process, one after another: the start of a process of its own costs far more than most commands.
 */
export function hostedOutcome(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const inherited = withoutSettings(process.env) as Record<string, string>;
  // The contexts of whoever runs the tests are none of theirs.
  const outcome = last.then(() => run({ folder, args, env: { ...inherited, XDG_CONFIG_HOME: folder, ...env } }));
  last = outcome.catch(() => undefined);
  return outcome;
}

async function run(command: HostedCommand): Promise<Outcome> {
  host ??= fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const child = host;
  hold(child, true);
  try {
    child.send(command);
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process of the commands ended with ${code}`)));
    const answer = once(child, 'message').then(([outcome]) => outcome as Outcome);
    const late = () => new Error(`no end of: spillway ${command.args.join(' ')}`);
    return await withDeadline(Promise.race([answer, ended]), DEADLINE_MS, late);
  } catch (cause) {
    child.kill('SIGKILL');
    host = undefined;
    throw cause;
  } finally {
    hold(child, false);
  }
}

/** Between commands the process does not keep the tests from ending, and it ends when they do. */
function hold(child: ChildProcess, isWanted: boolean): void {
  const hold = isWanted ? 'ref' : 'unref';
  child[hold]();
  child.channel?.[hold]();
}
