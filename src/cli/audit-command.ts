import type { Command } from 'commander';
import type { AuditAnswer } from '../contract/answers/audit.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

const ASKED = ['tenant', 'actor', 'action', 'target', 'from', 'to', 'cursor'] as const;
type AuditOptions = ApplianceOptions & { readonly [Name in (typeof ASKED)[number]]?: string } & { readonly limit: number };

export function addAuditCommand(program: Command): void {
  withApplianceOptions(program.command('audit'))
    .summary('what operators changed: who, when, from where, what')
    .option('--tenant <id>', 'of this tenant (default: of all)')
    .option('--actor <name>', 'by the key or the person of this name or id')
    .option('--action <text>', 'whose call has this text in method or path: PATCH, /v1/keys')
    .option('--target <text>', 'whose target has this text: device pump-1')
    .option('--from <time>', 'from this time on')
    .option('--to <time>', 'before this time')
    .option('--limit <n>', 'entries a page', wholeNumber(1, 1000), 100)
    .option('--cursor <next>', 'the next of an earlier answer')
    .action(showAudit);
}

async function showAudit(options: AuditOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ limit: String(options.limit) });
  for (const name of ASKED) if (options[name] !== undefined) query.set(name, options[name]);
  const answer = await adminApi(configOf(options), options.url).get<AuditAnswer>(`/v1/audit?${query}`);
  const rows = answer.entries.map(({ at, actor, address, action, tenant, target }) => [
    at,
    actor.name,
    address,
    action,
    tenant ?? '-',
    target,
  ]);
  output.text(
    ...table([['AT', 'WHO', 'FROM', 'CALL', 'TENANT', 'WHAT'], ...rows]),
    ...(answer.next === null ? [] : [`more: --cursor ${answer.next}`]),
  );
  output.document(answer);
}
