import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { TopicRuleAnswer, TopicRuleDeletedAnswer, TopicRulesAnswer, TopicRuleTrialAnswer } from '../contract/answers/topic-rules.js';
import { adminApi } from './admin-api.js';
import { usageFailure } from './command-failure.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface AddOptions extends TenantOptions {
  readonly pattern: string;
  readonly device: string;
  readonly decoder: string;
  readonly prefix?: string;
  readonly valueName?: string;
  readonly unregistered?: string;
  readonly position?: number;
}

interface TestOptions extends TenantOptions {
  readonly payloadFile?: string;
  readonly contentType?: string;
  readonly device?: string;
}

export function addTopicRuleCommand(program: Command): void {
  const rule = program
    .command('topic-rule')
    .summary('make, list, delete and try topic rules')
    .description('What the topics mean that devices publish on, at a running appliance.');
  withTenant(rule.command('add').argument('<name>', 'name of the rule'))
    .summary('make a rule')
    .description('Makes a rule, which is in effect within a second.')
    .requiredOption('--pattern <pattern>', 'topics, whose levels may have names: site/{room}/{device}')
    .requiredOption('--decoder <name>', 'a format or a convention: json, cbor, text, tasmota, ignore, …')
    .option('--device <source>', 'whose readings they are: connection, level:NAME, member:PATH or members', 'connection')
    .option('--prefix <text>', 'names of metrics begin with it; {room} stands for that level')
    .option('--value-name <text>', 'metric of a value that is the whole payload')
    .option('--unregistered <what>', 'readings of a device that is not registered: own, prefix or refuse')
    .option('--position <n>', "place among the tenant's rules (default: the last)", wholeNumber(1, 1_000_000))
    .addHelpText(
      'after',
      "\nExample:\n  npx spillway topic-rule add site --pattern 'site/{room}/{device}' --device level:device --decoder json --prefix '{room}'",
    )
    .action(addRule);
  withTenant(rule.command('list')).summary('the rules in the order in which they are tried').action(listRules);
  withTenant(rule.command('rm').argument('<name>', 'name of the rule')).summary('delete a rule').action(removeRule);
  withTenant(rule.command('test').argument('<topic>', 'topic of the message').argument('[payload]', 'its payload as text'))
    .summary('what a message would become')
    .description('Says which rule a topic is read by and which readings the payload holds. Nothing is stored.')
    .option('--payload-file <path>', 'the payload; - for standard input')
    .option('--content-type <type>', 'what the device says of the payload')
    .option('--device <id>', 'the device that is connected (default: the one that the topic names)')
    .action(testRule);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function addRule(name: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, pattern, device, decoder, prefix, valueName, unregistered, position } = options;
  const body = { name, tenant, pattern, device, decoder, prefix, value_name: valueName, unregistered, position };
  const answer = await adminApi(configOf(options), options.url).post<TopicRuleAnswer>('/v1/topic-rules', body);
  output.text(`topic rule ${answer.name} is made, at position ${answer.position} of tenant ${answer.tenant}`);
  output.document(answer);
}

async function listRules(options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant });
  const answer = await adminApi(configOf(options), options.url).get<TopicRulesAnswer>(`/v1/topic-rules?${query}`);
  const rows = answer.rules.map(({ name, pattern, device, decoder, position }) => [
    ...(position === null ? ['built-in'] : [String(position)]),
    ...[name, pattern, device, decoder],
  ]);
  output.text(...table([['POSITION', 'NAME', 'PATTERN', 'DEVICE', 'DECODER'], ...rows]));
  for (const { first, first_pattern: taken, later, later_pattern: passed, kind } of answer.conflicts) {
    const loses = kind === 'hides' ? 'gets no message: all its topics are' : 'loses topics that are also';
    output.remark(`${later} (${passed}) ${loses} those of ${first} (${taken})`);
  }
  output.document(answer);
}

async function removeRule(name: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const path = `/v1/topic-rules/${encodeURIComponent(name)}?${new URLSearchParams({ tenant: options.tenant })}`;
  const answer = await adminApi(configOf(options), options.url).delete<TopicRuleDeletedAnswer>(path);
  output.text(`topic rule ${answer.name} of tenant ${answer.tenant} is deleted`);
  output.document(answer);
}

async function testRule(topic: string, payload: string | undefined, options: TestOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, payloadFile, contentType, device } = options;
  if ((payload === undefined) === (payloadFile === undefined)) {
    throw usageFailure('cannot try a message: it needs one payload', 'name it behind the topic, or in a file: --payload-file PATH');
  }
  const bytes = payloadFile === undefined ? Buffer.from(payload ?? '') : readFileSync(payloadFile === '-' ? 0 : payloadFile);
  const body = { tenant, topic, payload_base64: bytes.toString('base64'), content_type: contentType, device_id: device };
  const answer = await adminApi(configOf(options), options.url).post<TopicRuleTrialAnswer>('/v1/topic-rules/test', body);
  output.text(...shown(answer));
  output.document(answer);
}

function shown({ device_id: device, readings, rule, decoder, reason, cause }: TopicRuleTrialAnswer): string[] {
  const rows = readings.map(({ device_id: own, metric, value, unit, ts }) => [
    own ?? device ?? '-',
    metric,
    String(value),
    unit ?? '-',
    ts,
  ]);
  return [
    rule === null ? 'no rule matches the topic' : `rule ${rule}, decoder ${decoder}`,
    ...(reason === undefined ? [] : [`${reason}: ${cause}`]),
    ...(rows.length === 0 ? [] : table([['DEVICE', 'METRIC', 'VALUE', 'UNIT', 'TIME'], ...rows])),
  ];
}
