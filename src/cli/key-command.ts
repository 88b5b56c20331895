import type { Command } from 'commander';
import type { KeyMadeAnswer, KeyRevokedAnswer, KeysAnswer } from '../contract/answers/keys.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

export function addKeyCommand(program: Command): void {
  const key = program.command('key').summary('make, list and revoke admin keys').description('Admin keys of a running appliance.');
  withApplianceOptions(key.command('add').argument('<name>', 'whose key it is, or what uses it'))
    .summary('make a key')
    .description('Makes a key and shows it once.')
    .option('--role <role>', 'viewer (looks), operator (devices, groups, dead letters) or admin (everything)', 'admin')
    .option('--tenant <id>', 'sees this tenant alone (default: all)')
    .option('--group <path>', 'sees the devices of this group of the tenant alone')
    .option('--days <n>', 'is valid for so many days (default: for good)', wholeNumber(1, 36_500))
    .action(addKey);
  withApplianceOptions(key.command('list')).summary('the keys that are valid, without what they are').action(listKeys);
  withApplianceOptions(key.command('rm').argument('<id>', 'number in key list', wholeNumber(1, 2 ** 31 - 1)))
    .summary('revoke a key')
    .description('Revokes a key for good, and closes the live views that were opened with it. The last key cannot be revoked.')
    .action(removeKey);
}

interface KeyOptions extends ApplianceOptions {
  readonly role: string;
  readonly tenant?: string;
  readonly group?: string;
  readonly days?: number;
}

async function addKey(name: string, { role, tenant, group, days, ...options }: KeyOptions): Promise<void> {
  const output = new Output(options.json === true);
  const expires = days === undefined ? undefined : new Date(Date.now() + days * 86_400_000).toISOString();
  const answer = await adminApi(configOf(options), options.url).post<KeyMadeAnswer>('/v1/keys', {
    name,
    role,
    tenant,
    group,
    expires_at: expires,
  });
  output.text(`key ${answer.id} (${answer.name}) is made`, `  key  ${answer.key}   (shown this once)`);
  output.document(answer);
}

async function listKeys(options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).get<KeysAnswer>('/v1/keys');
  const rows = answer.keys.map(({ id, name, role, tenant, group, created_at: made, expires_at: expires, last_used_at: used }) => {
    const sees = `${tenant ?? 'all'}${group === null ? '' : `/${group}`}`;
    return [String(id), name, role, sees, made, expires ?? 'never', used ?? 'not yet'];
  });
  output.text(...table([['ID', 'NAME', 'ROLE', 'SEES', 'MADE', 'EXPIRES', 'LAST USED'], ...rows]));
  output.document(answer);
}

async function removeKey(id: number, options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).delete<KeyRevokedAnswer>(`/v1/keys/${id}`);
  output.text(`key ${answer.id} (${answer.name}) is revoked`);
  output.document(answer);
}
