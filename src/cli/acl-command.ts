import type { Command } from 'commander';
import type { AclCheckAnswer, AclRuleAnswer, AclRuleDeletedAnswer, AclRulesAnswer } from '../contract/answers/acl.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface AddOptions extends TenantOptions {
  readonly for: string;
  readonly action: string;
}

interface CheckOptions extends TenantOptions {
  readonly device?: string;
  readonly service?: string;
}

export function addAclCommand(program: Command): void {
  const acl = program
    .command('acl')
    .summary('say who may publish and subscribe to which topics, and ask')
    .description('Rules about topics. What no rule allows is not allowed, and a rule that denies wins over those that allow.');
  for (const effect of ['allow', 'deny']) {
    withTenant(acl.command(effect).argument('<filter>', 'topic filter of MQTT; %d stands for the device id, %t for the tenant'))
      .summary(`make a rule that ${effect === 'allow' ? 'allows' : 'denies'} topics`)
      .option('--for <whom>', 'all, class:NAME, device:ID or service:NAME', 'all')
      .option('--action <action>', 'publish, subscribe or both', 'both')
      .action((filter: string, options: AddOptions) => addRule(effect, filter, options));
  }
  withTenant(acl.command('list')).summary('the rules of a tenant').action(listRules);
  withTenant(acl.command('rm').argument('<id>', 'number in acl list', wholeNumber(1, 2 ** 31 - 1)))
    .summary('delete a rule')
    .action(removeRule);
  withTenant(acl.command('check').argument('<action>', 'publish or subscribe').argument('<topic>', 'topic, or filter to subscribe to'))
    .summary('whether a client may use a topic, and which rule says so')
    .option('--device <id>', 'the device that would use it')
    .option('--service <name>', 'the service client that would use it')
    .action(checkTopic);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function addRule(effect: string, filter: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const body = { tenant: options.tenant, subject: options.for, action: options.action, filter, effect };
  const answer = await adminApi(configOf(options), options.url).post<AclRuleAnswer>('/v1/acl', body);
  output.text(`ACL rule ${answer.id} of tenant ${answer.tenant} is made`);
  output.document(answer);
}

async function listRules(options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant });
  const answer = await adminApi(configOf(options), options.url).get<AclRulesAnswer>(`/v1/acl?${query}`);
  const rows = [
    ...answer.rules.map((rule) => [String(rule.id), rule.subject, rule.effect, rule.action, rule.filter]),
    ...answer.built_in.map((rule) => ['built-in', rule.subject, rule.effect, rule.action, rule.filter]),
  ];
  output.text(...table([['ID', 'FOR', 'EFFECT', 'ACTION', 'FILTER'], ...rows]));
  output.document(answer);
}

async function removeRule(id: number, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant });
  const answer = await adminApi(configOf(options), options.url).delete<AclRuleDeletedAnswer>(`/v1/acl/${id}?${query}`);
  output.text(`ACL rule ${answer.id} of tenant ${answer.tenant} is deleted`);
  output.document(answer);
}

async function checkTopic(action: string, topic: string, options: CheckOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, device, service } = options;
  const answer = await adminApi(configOf(options), options.url).post<AclCheckAnswer>('/v1/acl/check', {
    ...{ tenant, device, service, action, topic },
  });
  output.text(`${answer.allowed ? 'allowed' : 'not allowed'}: ${answer.why}`);
  output.document(answer);
}
