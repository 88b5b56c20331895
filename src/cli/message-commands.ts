import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { MessagePublishedAnswer, RetainedAnswer, RetainedDeletedAnswer } from '../contract/answers/sessions.js';
import { adminApi } from './admin-api.js';
import { usageFailure } from './command-failure.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

const SHOWN_CHARS = 60;

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface ListOptions extends TenantOptions {
  readonly filter: string;
  readonly cursor?: string;
  readonly limit: number;
}

interface PublishOptions extends TenantOptions {
  readonly payloadFile?: string;
  readonly qos: number;
  readonly retain?: boolean;
  readonly expiry?: number;
}

export function addRetainedCommand(program: Command): void {
  const retained = program.command('retained').summary('the retained messages of a tenant');
  withTenant(retained.command('list'))
    .summary('the retained messages, by topic')
    .option('--filter <filter>', 'whose topics this filter matches', '#')
    .option('--limit <n>', 'messages a page', wholeNumber(1, 1000), 100)
    .option('--cursor <next>', 'the next of an earlier answer')
    .action(listRetained);
  withTenant(retained.command('rm').argument('<topic>', 'topic of the message'))
    .summary('delete the retained message of a topic')
    .action(removeRetained);
}

export function addPublishCommand(program: Command): void {
  withTenant(program.command('publish').argument('<topic>', 'topic').argument('[payload]', 'payload, or --payload-file'))
    .summary('publish a message to the MQTT clients that subscribed to its topic')
    .option('--payload-file <path>', 'file with the payload; - is stdin')
    .option('--qos <n>', 'quality of service: 0, 1 or 2', wholeNumber(0, 2), 0)
    .option('--retain', 'keep it for those who subscribe later')
    .option('--expiry <s>', 'seconds after which it is worth nothing', wholeNumber(1, 0xffff_ffff))
    .addHelpText('after', '\nExample:\n  npx spillway publish plant/pump-1/mode \'{"mode":"eco"}\' --qos 1 --retain')
    .action(publish);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function listRetained(options: ListOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, filter, limit, cursor } = options;
  const query = new URLSearchParams({ tenant, filter, limit: String(limit), ...(cursor !== undefined && { cursor }) });
  const answer = await adminApi(configOf(options), options.url).get<RetainedAnswer>(`/v1/retained?${query}`);
  const rows = answer.retained.map(({ topic, qos, bytes, published_at: at, payload_start_base64: start }) => {
    return [topic, String(qos), String(bytes), at, shown(start)];
  });
  output.text(
    ...table([['TOPIC', 'QOS', 'BYTES', 'PUBLISHED', 'PAYLOAD'], ...rows]),
    ...(answer.next === null ? [] : [`more: --cursor ${answer.next}`]),
  );
  output.document(answer);
}

async function removeRetained(topic: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant, topic });
  const answer = await adminApi(configOf(options), options.url).delete<RetainedDeletedAnswer>(`/v1/retained?${query}`);
  output.text(`the retained message of ${answer.topic} in tenant ${answer.tenant} is deleted`);
  output.document(answer);
}

async function publish(topic: string, payload: string | undefined, options: PublishOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, payloadFile, qos, retain = false, expiry } = options;
  if ((payload === undefined) === (payloadFile === undefined)) {
    throw usageFailure('cannot publish a message: it needs one payload', 'name it after the topic, or in a file: --payload-file PATH');
  }
  const bytes = payloadFile === undefined ? Buffer.from(payload ?? '') : readFileSync(payloadFile === '-' ? 0 : payloadFile);
  const body = { tenant, topic, payload_base64: bytes.toString('base64'), qos, retain, expiry_seconds: expiry };
  const answer = await adminApi(configOf(options), options.url).post<MessagePublishedAnswer>('/v1/messages', body);
  output.text(`published on ${topic}: ${answer.clients} ${answer.clients === 1 ? 'subscriber gets' : 'subscribers get'} it`);
  output.document(answer);
}

/** The start of a payload on one line; what is no text shows as replacement characters. */
function shown(base64: string): string {
  const text = Buffer.from(base64, 'base64')
    .toString()
    .replace(/\p{Cc}/gu, '·');
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
