import type { Command } from 'commander';
import type { SessionAnswer, SessionDroppedAnswer, SessionsAnswer } from '../contract/answers/sessions.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface ListOptions extends ApplianceOptions {
  readonly tenant?: string;
  readonly client?: string;
  readonly cursor?: string;
  readonly limit: number;
}

export function addSessionCommand(program: Command): void {
  const session = program
    .command('session')
    .summary('the MQTT sessions: which there are, what waits for them')
    .description('An MQTT session keeps the subscriptions of a client, and the messages that wait for it while it is away.');
  withApplianceOptions(session.command('list'))
    .summary('the sessions, connected or not')
    .option('--tenant <id>', 'of this tenant (default: of all)')
    .option('--client <text>', 'whose client id, or device id, has this in it')
    .option('--limit <n>', 'sessions a page', wholeNumber(1, 1000), 100)
    .option('--cursor <next>', 'the next of an earlier answer')
    .action(listSessions);
  withTenant(session.command('show').argument('<key>', 'key of the session, as the list shows it'))
    .summary('one session with its subscriptions')
    .action(showSession);
  withTenant(session.command('drop').argument('<key>', 'key of the session, as the list shows it'))
    .summary('end a session with its connection and all that waits for it')
    .action(dropSession);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function listSessions(options: ListOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.tenant !== undefined) query.set('tenant', options.tenant);
  if (options.client !== undefined) query.set('client', options.client);
  if (options.cursor !== undefined) query.set('cursor', options.cursor);
  const answer = await adminApi(configOf(options), options.url).get<SessionsAnswer>(`/v1/sessions?${query}`);
  const rows = answer.sessions.map((session) => {
    const { tenant, key, client, subscriptions, queued_messages: queued, dropped } = session;
    return [tenant, key, client, stateOf(session), String(subscriptions), String(queued), String(dropped)];
  });
  output.text(
    ...table([['TENANT', 'KEY', 'CLIENT', 'STATE', 'SUBSCRIPTIONS', 'QUEUED', 'DROPPED'], ...rows]),
    ...(answer.next === null ? [] : [`more: --cursor ${answer.next}`]),
  );
  output.document(answer);
}

async function showSession(key: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).get<SessionAnswer>(pathOf(key, options));
  const { client, tenant, expiry_seconds: expiry, queued_messages: queued, queued_bytes: bytes, in_flight: inFlight, dropped } = answer;
  output.text(
    `session ${key} of ${answer.kind} ${client}, tenant ${tenant}: ${stateOf(answer)} since ${answer.since}`,
    `  outlives its connection by  ${expiry === null ? 'any time' : `${expiry} s`}`,
    `  waiting messages            ${queued} (${bytes} bytes), ${inFlight} under way, ${dropped} dropped`,
    `  will                        ${answer.will ? 'yes' : 'no'}`,
    ...(answer.filters.length === 0 ? ['no subscriptions'] : table([['FILTER', 'QOS'], ...answer.filters.map(rowOf)])),
  );
  output.document(answer);
}

async function dropSession(key: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).delete<SessionDroppedAnswer>(pathOf(key, options));
  output.text(`session ${answer.key} of tenant ${answer.tenant} is dropped`);
  output.document(answer);
}

function pathOf(key: string, { tenant }: TenantOptions): string {
  return `/v1/sessions/${encodeURIComponent(key)}?${new URLSearchParams({ tenant })}`;
}

function stateOf({ connected }: { readonly connected: boolean }): string {
  return connected ? 'connected' : 'away';
}

function rowOf({ filter, qos }: SessionAnswer['filters'][number]): string[] {
  return [filter, String(qos)];
}
