import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { CredentialMadeAnswer, CredentialRevokedAnswer, CredentialsAnswer } from '../contract/answers/credentials.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface AddOptions extends TenantOptions {
  readonly certificate?: string;
  readonly fingerprint?: string;
  readonly publicKey?: string;
  readonly key?: string;
  readonly keyHex?: string;
  readonly token?: string;
  readonly notBefore?: string;
  readonly expires?: string;
}

export function addCredentialCommand(program: Command): void {
  const credential = program
    .command('credential')
    .summary('make, list and revoke further credentials of a device')
    .description('In what ways a device proves who it is, beside its token.');
  withTenant(credential.command('add').argument('<device>', 'device id').argument('<type>', 'token, psk, x509 or jwt'))
    .summary('make a credential')
    .description('Makes a credential; a secret is shown once.')
    .option('--token <token>', 'token: the token (default: a random one)')
    .option('--key <text>', 'psk: the key as text (default: a random one)')
    .option('--key-hex <digits>', 'psk: the key in hexadecimal digits')
    .option('--certificate <file>', 'x509: the certificate, PEM')
    .option('--fingerprint <digits>', 'x509: SHA-256 of the certificate, as openssl x509 -fingerprint -sha256 shows it')
    .option('--public-key <file>', 'jwt: the public key, PEM, with whose private half the device signs its tokens')
    .option('--not-before <time>', 'it is valid from then on')
    .option('--expires <time>', 'it is valid until then')
    .action(addCredential);
  withTenant(credential.command('list').argument('<device>', 'device id')).summary('the credentials of a device').action(listCredentials);
  withTenant(
    credential
      .command('rm')
      .argument('<device>', 'device id')
      .argument('<id>', 'number in credential list', wholeNumber(1, 2 ** 31 - 1)),
  )
    .summary('revoke a credential and end the connections that it let in')
    .action(revokeCredential);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function addCredential(device: string, type: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { certificate, fingerprint, publicKey, key, keyHex, token, notBefore, expires } = options;
  const answer = await adminApi(configOf(options), options.url).post<CredentialMadeAnswer>(pathOf(device, options), {
    ...{ type, token, key, key_hex: keyHex, fingerprint, not_before: notBefore, expires_at: expires },
    ...(certificate !== undefined && { certificate: readFileSync(certificate, 'utf8') }),
    ...(publicKey !== undefined && { public_key: readFileSync(publicKey, 'utf8') }),
  });
  const secrets = [
    ['token', answer.token],
    ['identity', answer.identity],
    ['key', answer.key],
    ['key (hex)', answer.key_hex],
    ['fingerprint', answer.fingerprint],
  ] as const;
  const isSecret = answer.token !== undefined || answer.key_hex !== undefined;
  output.text(
    `credential ${answer.id} (${answer.type}) of device ${answer.device_id} is made${isSecret ? '; its secret is shown this once' : ''}`,
    ...secrets.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(11)}  ${value}`])),
  );
  output.document(answer);
}

async function listCredentials(device: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).get<CredentialsAnswer>(pathOf(device, options));
  const rows = answer.credentials.map(({ id, type, fingerprint, created_at: made, not_before: from, expires_at: until }) => [
    ...[String(id), type, made, from ?? '-', until ?? '-', fingerprint ?? '-'],
  ]);
  output.text(...table([['ID', 'TYPE', 'MADE', 'FROM', 'UNTIL', 'FINGERPRINT'], ...rows]));
  output.document(answer);
}

async function revokeCredential(device: string, id: number, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).delete<CredentialRevokedAnswer>(pathOf(device, options, `/${id}`));
  output.text(`credential ${answer.id} of device ${answer.device_id} is revoked`);
  output.document(answer);
}

function pathOf(device: string, { tenant }: TenantOptions, rest = ''): string {
  return `/v1/devices/${encodeURIComponent(device)}/credentials${rest}?${new URLSearchParams({ tenant })}`;
}
