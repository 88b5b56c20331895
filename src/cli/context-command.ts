import type { Command } from 'commander';
import { usageFailure } from './command-failure.js';
import { contextOf, contextPath, readContexts, writeContexts } from './contexts.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { Output, table } from './output.js';

export function addContextCommand(program: Command): void {
  const context = program
    .command('context')
    .summary('name appliances, and choose the one that commands ask')
    .description(
      'An appliance on another machine gets a name, with its address and a key. Which one a command asks is decided by --url, then by the environment ' +
        '(SPILLWAY_CONTEXT names a context; SPILLWAY_STATE, SPILLWAY_BIND or SPILLWAY_HTTP_PORT an appliance of this machine), then by the context in ' +
        'use, then by the state folder. SPILLWAY_ADMIN_KEY goes before the key of a context, which is sent to no other address.',
    );
  withCommonOptions(context.command('add').argument('<name>', 'how you call it'))
    .summary('name an appliance, or change one that is named')
    .description('Keeps address and key in a file that this user alone can read. The first context is in use at once.')
    .requiredOption('--url <url>', 'its address, for example https://plant.example.org:8443')
    .option('--key <key>', 'a key for it (default: SPILLWAY_ADMIN_KEY, which other users of this machine do not see)')
    .action(addContext);
  withCommonOptions(context.command('use').argument('[name]', 'which one; absent: none, commands find the appliance of this machine'))
    .summary('choose the appliance that commands ask')
    .action(useContext);
  withCommonOptions(context.command('list')).summary('the appliances with names, without their keys').action(listContexts);
  withCommonOptions(context.command('rm').argument('<name>', 'which one')).summary('forget an appliance and its key').action(removeContext);
}

function addContext(name: string, { url, key, ...options }: CommonOptions & { readonly url: string; readonly key?: string }): void {
  const output = new Output(options.json === true);
  const secret = key || process.env.SPILLWAY_ADMIN_KEY;
  if (!secret) throw usageFailure('cannot add a context without a key', 'set SPILLWAY_ADMIN_KEY, or give --key');
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw usageFailure(`cannot add a context with the address ${url}: it must be http://… or https://…`);
  const { current, contexts } = readContexts(process.env);
  writeContexts(process.env, { current: current ?? name, contexts: { ...contexts, [name]: { url, key: secret } } });
  output.text(`context ${name} is ${url}${current === null || current === name ? ', and is in use' : ''}`);
  output.document({ name, url, current: current ?? name });
}

function useContext(name: string | undefined, options: CommonOptions): void {
  const output = new Output(options.json === true);
  const contexts = readContexts(process.env);
  const url = name === undefined ? null : contextOf(contexts, name).url;
  writeContexts(process.env, { ...contexts, current: name ?? null });
  output.text(
    name === undefined ? 'no context is in use: commands find the appliance of this machine' : `context ${name} (${url}) is in use`,
  );
  output.document({ current: name ?? null, url });
}

function listContexts(options: CommonOptions): void {
  const output = new Output(options.json === true);
  const { current, contexts } = readContexts(process.env);
  const rows = Object.entries(contexts).map(([name, { url }]) => ({ name, url, is_current: name === current }));
  const lines = table([['', 'NAME', 'URL'], ...rows.map(({ name, url, is_current }) => [is_current ? '*' : '', name, url])]);
  output.text(...(rows.length === 0 ? ['There are no contexts. Add one: npx spillway context add NAME --url URL'] : lines));
  output.document({ contexts: rows, file: contextPath(process.env) });
}

function removeContext(name: string, options: CommonOptions): void {
  const output = new Output(options.json === true);
  const { current, contexts } = readContexts(process.env);
  contextOf({ current, contexts }, name);
  const { [name]: _, ...others } = contexts;
  writeContexts(process.env, { current: current === name ? null : current, contexts: others });
  output.text(`context ${name} is forgotten${current === name ? ', and none is in use' : ''}`);
  output.document({ removed: name, current: current === name ? null : current });
}
