import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CommandFailure } from './command-failure.js';

/** Variables that name an appliance of this machine; where one is set it goes before the context that is in use. */
const NAMES_LOCAL = ['SPILLWAY_STATE', 'SPILLWAY_BIND', 'SPILLWAY_HTTP_PORT'];

const written = z.object({
  /** The name of the context in use; null: none, commands find the appliance of this machine. */
  current: z.string().nullable(),
  contexts: z.record(z.string(), z.object({ url: z.string(), key: z.string() })),
});

/** Appliances that this user has given names, with the keys for them. */
export type Contexts = z.infer<typeof written>;
export type Context = Contexts['contexts'][string];

/** In the folder where programs keep what a user sets; it holds keys, and is for that user alone. */
export function contextPath(env: NodeJS.ProcessEnv): string {
  const ofWindows = process.platform === 'win32' ? env.APPDATA : undefined;
  return join(env.XDG_CONFIG_HOME || ofWindows || join(homedir(), '.config'), 'spillway', 'contexts.json');
}

export function readContexts(env: NodeJS.ProcessEnv): Contexts {
  const path = contextPath(env);
  if (!existsSync(path)) return { current: null, contexts: {} };
  try {
    return written.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const cause = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new CommandFailure('contexts_unreadable', `cannot read ${path}: ${cause}`, {
      wayOut: 'mend the file, or delete it and add the contexts again',
    });
  }
}

/** The file is replaced whole, so that a second command or a crash finds the former one or this one. */
export function writeContexts(env: NodeJS.ProcessEnv, contexts: Contexts): void {
  const path = contextPath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, `${JSON.stringify(contexts, undefined, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

/** The context that commands without --url use; undefined: the appliance of this machine. */
export function contextInUse(env: NodeJS.ProcessEnv): Context | undefined {
  if (env.SPILLWAY_CONTEXT) return contextOf(readContexts(env), env.SPILLWAY_CONTEXT);
  if (NAMES_LOCAL.some((name) => env[name])) return undefined;
  const contexts = readContexts(env);
  return contexts.current === null ? undefined : contextOf(contexts, contexts.current);
}

export function contextOf({ contexts }: Contexts, name: string): Context {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (found) return found;
  const names = Object.keys(contexts).join(', ');
  throw new CommandFailure('context_unknown', `cannot use context ${name}: there is none of that name`, {
    wayOut: names === '' ? 'add it: npx spillway context add NAME --url URL' : `choose from ${names}`,
  });
}
