import type { Command } from 'commander';
import type { ClaimCodeRevokedAnswer, ClaimCodesAnswer, ClaimCodesMadeAnswer } from '../contract/answers/claims.js';
import { adminApi } from './admin-api.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface TenantOptions extends ApplianceOptions {
  readonly tenant: string;
}

interface AddOptions extends TenantOptions {
  readonly class?: string;
  readonly uses: number;
  readonly count: number;
  readonly expires?: string;
  readonly csv?: boolean;
}

export function addClaimCodeCommand(program: Command): void {
  const code = program
    .command('claim-code')
    .summary('make, list and revoke codes by which devices register themselves')
    .description('A device that has nothing but a code gets its id and its token by POST /v1/claim.');
  withTenant(code.command('add').argument('<name>', 'what the list and the audit log call them: an order, a batch'))
    .summary('make claim codes')
    .description('Makes codes, which are shown once.')
    .option('--class <name>', 'class of the devices')
    .option('--uses <number>', 'devices that each code lets in', wholeNumber(1, 1_000_000), 1)
    .option('--count <number>', 'codes to make', wholeNumber(1, 10_000), 1)
    .option('--expires <time>', 'they are valid until then')
    .option('--csv', 'print CSV: id, code, uses, expires_at')
    .addHelpText(
      'after',
      '\nExample:\n  npx spillway claim-code add order-7 --class pump --count 500 --expires 2027-01-01T00:00:00Z --csv > codes.csv',
    )
    .action(addCodes);
  withTenant(code.command('list'))
    .summary('the claim codes of a tenant, newest first')
    .option('--limit <number>', 'codes to show', wholeNumber(1, 1000), 100)
    .action(listCodes);
  withTenant(code.command('rm').argument('<id>', 'number in claim-code list', wholeNumber(1, 2 ** 31 - 1)))
    .summary('revoke a claim code; devices that it let in stay')
    .action(revokeCode);
}

function withTenant(command: Command): Command {
  return withApplianceOptions(command).option('--tenant <id>', 'tenant', 'default');
}

async function addCodes(name: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, class: deviceClass, uses, count, expires, csv } = options;
  const body = { tenant, name, device_class: deviceClass, uses, count, expires_at: expires };
  const answer = await adminApi(configOf(options), options.url).post<ClaimCodesMadeAnswer>('/v1/claim-codes', body);
  const rows = answer.claim_codes.map(({ id, code, uses: each, expires_at: until }) => [String(id), code, String(each), until]);
  if (csv) output.text('id,code,uses,expires_at', ...rows.map((row) => row.map((cell) => cell ?? '').join(',')));
  else output.text(...table([['ID', 'CODE', 'USES', 'UNTIL'], ...rows.map((row) => row.map((cell) => cell ?? '-'))]));
  output.document(answer);
}

async function listCodes(options: TenantOptions & { readonly limit: number }): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant, limit: String(options.limit) });
  const answer = await adminApi(configOf(options), options.url).get<ClaimCodesAnswer>(`/v1/claim-codes?${query}`);
  const rows = answer.claim_codes.map(({ id, name, device_class: of, used, uses, expires_at: until }) => [
    ...[String(id), name, of ?? '-', `${used} of ${uses}`, until ?? '-'],
  ]);
  output.text(...table([['ID', 'NAME', 'CLASS', 'USED', 'UNTIL'], ...rows]));
  if (answer.next !== null) output.text('there are more: --limit shows up to 1,000');
  output.document(answer);
}

async function revokeCode(id: number, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const path = `/v1/claim-codes/${id}?${new URLSearchParams({ tenant: options.tenant })}`;
  const answer = await adminApi(configOf(options), options.url).delete<ClaimCodeRevokedAnswer>(path);
  output.text(`claim code ${answer.id} of tenant ${answer.tenant} is revoked`);
  output.document(answer);
}
