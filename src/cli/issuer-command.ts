import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { IssuerAnswer, IssuerDeletedAnswer, IssuersAnswer } from '../contract/answers/issuers.js';
import { adminApi } from './admin-api.js';
import { CommandFailure } from './command-failure.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface AddOptions extends TenantOptions {
  readonly audience: string;
  readonly jwksUrl?: string;
  readonly jwks?: string;
  readonly deviceClaim?: string;
  readonly tenantClaim?: string;
  readonly algorithm?: readonly string[];
}

export function addIssuerCommand(program: Command): void {
  const issuer = program
    .command('issuer')
    .summary('add, list and delete issuers of tokens for devices')
    .description('Devices connect with tokens (JWT) that an issuer of their tenant has signed.');
  withTenant(issuer.command('add').argument('<issuer>', 'the issuer as tokens name it (iss)'))
    .summary('add an issuer')
    .description('Adds an issuer; its public keys are fetched from an address, or given in a file.')
    .requiredOption('--audience <text>', 'what tokens for Spillway name in aud')
    .option('--jwks-url <url>', 'where its key set is')
    .option('--jwks <file>', 'its key set: a file of JSON')
    .option('--device-claim <name>', 'the claim that is the device id (default: sub)')
    .option('--tenant-claim <name>', 'the claim that has to be the tenant (default: none)')
    .option('--algorithm <name...>', 'RS256, ES256 or EdDSA (default: all three)')
    .addHelpText(
      'after',
      '\nExample:\n  npx spillway issuer add https://id.example.org --audience spillway --jwks-url https://id.example.org/jwks.json',
    )
    .action(addIssuer);
  withTenant(issuer.command('list')).summary('the issuers of a tenant').action(listIssuers);
  withTenant(issuer.command('rm').argument('<id>', 'number in issuer list', wholeNumber(1, 2 ** 31 - 1)))
    .summary('delete an issuer and end the connections that its tokens let in')
    .action(removeIssuer);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function addIssuer(issuer: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, audience, jwksUrl, jwks, deviceClaim, tenantClaim, algorithm } = options;
  const answer = await adminApi(configOf(options), options.url).post<IssuerAnswer>('/v1/issuers', {
    ...{ tenant, issuer, audience, jwks_url: jwksUrl, device_claim: deviceClaim, tenant_claim: tenantClaim, algorithms: algorithm },
    ...(jwks !== undefined && { jwks: keySetIn(jwks) }),
  });
  output.text(`issuer ${answer.id} of tenant ${answer.tenant} is added with ${answer.keys.length} keys: ${answer.issuer}`);
  output.document(answer);
}

function keySetIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandFailure('key_set_unreadable', `cannot read the key set in ${path}: ${(error as Error).message}`, {
      wayOut: 'name a file that holds one JSON document, {"keys": [...]}',
    });
  }
}

async function listIssuers(options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant });
  const answer = await adminApi(configOf(options), options.url).get<IssuersAnswer>(`/v1/issuers?${query}`);
  const rows = answer.issuers.map(({ id, issuer, audience, keys, keys_at: at, fetch_failure: failure }) => [
    ...[String(id), issuer, audience, String(keys.length), at, failure ?? '-'],
  ]);
  output.text(...table([['ID', 'ISSUER', 'AUDIENCE', 'KEYS', 'FETCHED', 'FAILURE'], ...rows]));
  output.document(answer);
}

async function removeIssuer(id: number, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const path = `/v1/issuers/${id}?${new URLSearchParams({ tenant: options.tenant })}`;
  const answer = await adminApi(configOf(options), options.url).delete<IssuerDeletedAnswer>(path);
  output.text(`issuer ${answer.id} of tenant ${answer.tenant} is deleted: ${answer.issuer}`);
  output.document(answer);
}
