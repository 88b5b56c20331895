import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { AuthoritiesAnswer, AuthorityAnswer, AuthorityDeletedAnswer } from '../contract/answers/authorities.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface AddOptions extends TenantOptions {
  readonly name?: readonly string[];
  readonly class?: string;
  readonly register?: boolean;
  readonly devicesMax?: number;
}

const NUMBER = wholeNumber(1, 2 ** 31 - 1);

export function addAuthorityCommand(program: Command): void {
  const authority = program
    .command('authority')
    .summary('add, list and delete authorities whose certificates let devices in')
    .description('Devices of a tenant connect with client certificates that an authority (CA) of the tenant has signed.');
  withTenant(authority.command('add').argument('<file>', 'the certificate of the authority, PEM'))
    .summary('add an authority')
    .option('--name <pattern...>', 'the name that is the device id: cn:{device}, dns:{device}.example.org, … (default: cn:{device})')
    .option('--register', 'register devices that are not known when they connect')
    .option('--class <name>', 'class of devices that it registers')
    .option('--devices-max <number>', 'register no more once the tenant has so many (default: 10,000)', NUMBER)
    .action(addAuthority);
  withTenant(authority.command('list')).summary('the authorities of a tenant').action(listAuthorities);
  withTenant(authority.command('crl').argument('<id>', 'number in authority list', NUMBER).argument('<file>', 'revocation list, PEM'))
    .summary('replace the revocation list of an authority, and end the connections of what it revokes')
    .action(setCrl);
  withTenant(authority.command('rm').argument('<id>', 'number in authority list', NUMBER))
    .summary('delete an authority and end the connections that it let in')
    .action(removeAuthority);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function addAuthority(file: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, name: names, class: deviceClass, register: registration, devicesMax } = options;
  const body = { tenant, names, device_class: deviceClass, registration, devices_max: devicesMax, certificate: readFileSync(file, 'utf8') };
  const answer = await adminApi(configOf(options), options.url).post<AuthorityAnswer>('/v1/authorities', body);
  output.text(`authority ${answer.id} of tenant ${answer.tenant} is added: ${answer.subject}`);
  output.document(answer);
}

async function listAuthorities(options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant });
  const answer = await adminApi(configOf(options), options.url).get<AuthoritiesAnswer>(`/v1/authorities?${query}`);
  const rows = answer.authorities.map(({ id, subject, names, registration, crl, valid_to: until }) => [
    ...[String(id), subject, names.join(' '), registration ? 'yes' : 'no', crl ? String(crl.revoked) : '-', until],
  ]);
  output.text(...table([['ID', 'SUBJECT', 'NAMES', 'REGISTERS', 'REVOKED', 'UNTIL'], ...rows]));
  output.document(answer);
}

async function setCrl(id: number, file: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const api = adminApi(configOf(options), options.url);
  const answer = await api.put<AuthorityAnswer>(pathOf(id, options, '/crl'), { crl: readFileSync(file, 'utf8') });
  output.text(`authority ${answer.id} of tenant ${answer.tenant} has revoked ${answer.crl?.revoked ?? 0} certificates`);
  output.document(answer);
}

async function removeAuthority(id: number, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).delete<AuthorityDeletedAnswer>(pathOf(id, options));
  output.text(`authority ${answer.id} of tenant ${answer.tenant} is deleted`);
  output.document(answer);
}

function pathOf(id: number, { tenant }: TenantOptions, rest = ''): string {
  return `/v1/authorities/${id}${rest}?${new URLSearchParams({ tenant })}`;
}
