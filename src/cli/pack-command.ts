import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type {
  PackAnswer,
  PackInstallAnswer,
  PackKeyAnswer,
  PackKeyRemovedAnswer,
  PackKeysAnswer,
  PackRemovedAnswer,
  PackReportAnswer,
  PackShownAnswer,
  PacksAnswer,
} from '../contract/answers/packs.js';
import type { ShadowRunAnswer } from '../contract/answers/shadow-runs.js';
import { writeEnvelope } from '../contract/packs/envelope.js';
import { adminApi } from './admin-api.js';
import { CommandFailure } from './command-failure.js';
import { type ApplianceOptions, type CommonOptions, configOf, wholeNumber, withApplianceOptions, withCommonOptions } from './options.js';
import { Output, table } from './output.js';
import { buildPack, makeKeys, signPack } from './pack-file.js';
import { type TenantOptions, withTenant } from './schema-options.js';
import { runLines, settledRun } from './shadow-command.js';

interface InstallOptions extends TenantOptions {
  readonly now?: true;
  readonly accept?: true;
  readonly allowUnsigned?: true;
  readonly allTenants?: true;
  readonly percent?: number;
  readonly last?: number;
  readonly live?: number;
}

export function addPackCommand(program: Command): void {
  const pack = program
    .command('pack')
    .summary('install device packs, and make them')
    .description('Signed files with the rules, schemas, codec and test messages of a class of devices: see deploy/PACKS.md.');
  withTenant(pack.command('install').argument('<path>', 'file of the pack'))
    .summary('install a pack, or its next version')
    .description('Tries a pack on messages of the log, and installs it when nothing that is stored today would be other than before.')
    .option('--now', 'without trying it on the log')
    .option('--accept', 'install it whatever the log shows')
    .option('--allow-unsigned', 'nobody who is trusted needs to have signed it')
    .option('--all-tenants', 'in all tenants that have devices; needs --now')
    .option('--percent <n>', 'of the messages', wholeNumber(1, 100))
    .option('--last <minutes>', 'messages of the log since then (default: 60)', wholeNumber(0, 1440))
    .option('--live <minutes>', 'and messages that come from now on (default: 0)', wholeNumber(0, 60))
    .action(install);
  withTenant(pack.command('verify').argument('<path>', 'file of the pack'))
    .summary('whose signature it has, what its messages become, what is in the way')
    .action(verify);
  withTenant(pack.command('list')).summary('the packs of a tenant and the built-in ones').action(list);
  withTenant(pack.command('show').argument('<name>', 'name of the pack')).summary('what a pack holds and made').action(show);
  withTenant(pack.command('rollback').argument('<name>', 'name of the pack'))
    .summary('install the version before the present one')
    .option('--allow-unsigned', 'nobody who is trusted needs to have signed that')
    .action(rollBack);
  withTenant(pack.command('remove').argument('<name>', 'name of the pack')).summary('remove a pack with what it made').action(remove);
  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    withTenant(pack.command(name).argument('<name>', 'name of a built-in pack'))
      .summary(`switch a built-in pack ${enabled ? 'on' : 'off'} for a tenant`)
      .action((named: string, options: TenantOptions) => change(named, enabled, options));
  }
  addMaking(pack);
  addKeys(pack);
}

function addMaking(pack: Command): void {
  withCommonOptions(
    pack.command('build').argument('<path>', 'folder with a pack.json, or that file').argument('<file>', 'where the pack goes'),
  )
    .summary('make the file of a pack, without a signature')
    .action((path: string, file: string, options: CommonOptions) => {
      writeFileSync(file, writeEnvelope(buildPack(path)));
      tell(options, `${file} is written; sign it with: npx spillway pack sign ${file} --key KEY`, { file });
    });
  withCommonOptions(pack.command('keygen').argument('<name>', 'the keys go into NAME.key and NAME.pem'))
    .summary('make a pair of keys to sign packs with')
    .action((name: string, options: CommonOptions) => {
      const id = makeKeys(name);
      tell(options, `key ${id}: keep ${name}.key to yourself, give away ${name}.pem`, { key_id: id });
    });
  withCommonOptions(pack.command('sign').argument('<file>', 'file of the pack'))
    .summary('sign a pack')
    .requiredOption('--key <path>', 'private key of Ed25519 in PEM')
    .action((file: string, options: CommonOptions & { key: string }) => {
      const id = signPack(file, options.key);
      tell(options, `${file} is signed by key ${id}`, { file, key_id: id });
    });
}

function addKeys(pack: Command): void {
  const key = pack.command('key').summary('keys whose signatures are trusted');
  withApplianceOptions(key.command('add').argument('<name>', 'whose it is').argument('<path>', 'public key in PEM'))
    .summary('trust the packs that a key signed')
    .action(async (name: string, path: string, options: ApplianceOptions) => {
      const body = { name, public_key: readFileSync(path, 'utf8') };
      const answer = await adminApi(configOf(options), options.url).post<PackKeyAnswer>('/v1/pack-keys', body);
      tell(options, `key ${answer.key_id} of ${answer.name} is trusted`, answer);
    });
  withApplianceOptions(key.command('list'))
    .summary('the keys that are trusted')
    .action(async (options: ApplianceOptions) => {
      const answer = await adminApi(configOf(options), options.url).get<PackKeysAnswer>('/v1/pack-keys');
      const rows = answer.pack_keys.map(({ key_id: id, name, created_at: at }) => [id, name, at]);
      tell(options, table([['ID', 'NAME', 'TRUSTED SINCE'], ...rows]), answer);
    });
  withApplianceOptions(key.command('rm').argument('<id>', 'id of the key'))
    .summary('trust a key no longer; what it signed stays installed')
    .action(async (id: string, options: ApplianceOptions) => {
      const path = `/v1/pack-keys/${encodeURIComponent(id)}`;
      const answer = await adminApi(configOf(options), options.url).delete<PackKeyRemovedAnswer>(path);
      tell(options, `key ${answer.key_id} is trusted no longer`, answer);
    });
}

async function install(path: string, options: InstallOptions): Promise<void> {
  const { tenant, now, allowUnsigned, allTenants, percent, last, live } = options;
  const said = { now, allow_unsigned: allowUnsigned, all_tenants: allTenants, percent, last_minutes: last, live_minutes: live };
  const query = new URLSearchParams({ tenant });
  for (const [name, value] of Object.entries(said)) if (value !== undefined) query.set(name, String(value));
  const api = adminApi(configOf(options), options.url);
  const answer = await api.postText<PackInstallAnswer>(`/v1/packs?${query}`, fileOf(path), 'application/json');
  const title = `pack ${answer.name} ${answer.version}`;
  const shared = sharedLines(answer);
  if (answer.shadow_run === null) {
    const done = answer.state === 'unchanged' ? 'is installed already' : `is installed in ${answer.tenants.join(', ') || 'no tenant'}`;
    return tell(options, [`${title} ${done}`, ...shared], answer);
  }
  const run = await settledRun(api, answer.shadow_run);
  const isSafe = run.state === 'done' && changesNothing(run);
  const isTaken = run.state === 'done' && (isSafe || options.accept === true);
  if (isTaken) await api.post(`/v1/shadow-runs/${run.id}/activate`, undefined);
  const outcome = isTaken ? `${title} is installed in ${tenant}` : `${title} is not installed`;
  tell(options, [...runLines(run), ...shared, outcome], { ...answer, state: isTaken ? 'installed' : 'shadow', shadow: run });
  if (isTaken) return;
  const cause = run.cause ?? 'readings that are stored today would be other than before';
  throw new CommandFailure('pack_differs', `cannot install ${title}: ${cause}`, {
    wayOut: `read the report: npx spillway shadow show ${run.id}; install it all the same: npx spillway shadow activate ${run.id}`,
  });
}

/** Whether all that is stored today would be stored as it is; more readings may come. */
function changesNothing({ report: { fields, refused } }: ShadowRunAnswer): boolean {
  const isMore = Object.entries(refused.after).some(([code, times]) => times > (refused.before[code] ?? 0));
  return !isMore && fields.every(({ changed, only_before: lost }) => changed === 0 && lost === 0);
}

async function verify(path: string, options: TenantOptions): Promise<void> {
  const query = new URLSearchParams({ tenant: options.tenant });
  const api = adminApi(configOf(options), options.url);
  const report = await api.postText<PackReportAnswer>(`/v1/packs/verify?${query}`, fileOf(path), 'application/json');
  const { name, version, vendor, description, signature, vectors, conflicts } = report;
  const signer = {
    trusted: `signed by ${signature.key_name}`,
    unknown: `signed by ${signature.key_ids.join(', ')}, not trusted`,
    unsigned: 'not signed',
  };
  const lines = vectors.map(
    (vector) =>
      `${vector.problem === null ? 'as expected' : 'FAILED'}: ${vector.name}${vector.problem === null ? '' : `: ${vector.problem}`}`,
  );
  const inTheWay = conflicts.map((conflict) => `in the way: ${conflict}`);
  tell(
    options,
    [`${name} ${version} of ${vendor}: ${description}`, signer[signature.state], ...lines, ...inTheWay, ...sharedLines(report)],
    report,
  );
  if (signature.state === 'trusted' && conflicts.length === 0 && vectors.every(({ problem }) => problem === null)) return;
  throw new CommandFailure('pack_not_installable', `cannot install ${name} ${version} as it is: the report says why`);
}

function sharedLines({ shared_topics: shared }: Pick<PackReportAnswer, 'shared_topics'>): string[] {
  return shared.map(({ first, first_pattern: taken, later, later_pattern: passed }) => {
    return `rule ${first} (${taken}) of the tenant comes before ${later} (${passed}) of the pack, for the topics that both match`;
  });
}

async function list(options: TenantOptions): Promise<void> {
  const answer = await adminApi(configOf(options), options.url).get<PacksAnswer>(
    `/v1/packs?${new URLSearchParams({ tenant: options.tenant })}`,
  );
  const rows = answer.packs.map(({ name, version, vendor, built_in: builtIn, enabled, signed_by: by }) => [
    ...[name, version, vendor, builtIn ? (enabled ? 'built-in' : 'built-in, off') : 'installed', by ?? '-'],
  ]);
  tell(options, table([['NAME', 'VERSION', 'VENDOR', 'STATE', 'SIGNED BY'], ...rows]), answer);
}

async function show(name: string, options: TenantOptions): Promise<void> {
  const answer = await adminApi(configOf(options), options.url).get<PackShownAnswer>(pathOf(name, options));
  const rules = answer.topic_rules.map((rule) => [rule.name, rule.pattern, rule.device, rule.decoder]);
  const schemas = answer.schemas.map(
    (one) => `schema ${one.schema_id}, version ${one.version}, of class ${answer.device_class} and firmware ${one.firmware_version}`,
  );
  const lines = [
    `${answer.name} ${answer.version} of ${answer.vendor}: ${answer.description}`,
    ...(rules.length > 0 ? table([['RULE', 'PATTERN', 'DEVICE', 'DECODER'], ...rules]) : []),
    ...schemas,
    ...(answer.codec === null ? [] : [`format ${answer.codec}`]),
    `${answer.vectors.length} test messages`,
  ];
  tell(options, lines, answer);
}

async function rollBack(name: string, options: TenantOptions & { allowUnsigned?: true }): Promise<void> {
  const path = pathOf(name, options, '/rollback') + (options.allowUnsigned ? '&allow_unsigned=true' : '');
  const answer = await adminApi(configOf(options), options.url).post<PackAnswer>(path, {});
  tell(options, `pack ${answer.name} is at version ${answer.version}`, answer);
}

async function change(name: string, enabled: boolean, options: TenantOptions): Promise<void> {
  const answer = await adminApi(configOf(options), options.url).patch<PackAnswer>(pathOf(name, options), { enabled });
  tell(options, `pack ${answer.name} is ${answer.enabled ? 'on' : 'off'} in tenant ${options.tenant}`, answer);
}

async function remove(name: string, options: TenantOptions): Promise<void> {
  const answer = await adminApi(configOf(options), options.url).delete<PackRemovedAnswer>(pathOf(name, options));
  tell(options, [`pack ${answer.name} is removed`, ...answer.stays.map((what) => `stays: ${what}`)], answer);
}

function pathOf(name: string, { tenant }: TenantOptions, call = ''): string {
  return `/v1/packs/${encodeURIComponent(name)}${call}?${new URLSearchParams({ tenant })}`;
}

function fileOf(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(path));
}

function tell(options: CommonOptions, text: string | readonly string[], document: object): void {
  const output = new Output(options.json === true);
  output.text(...[text].flat());
  output.document(document);
}
