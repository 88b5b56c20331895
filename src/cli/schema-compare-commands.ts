import type { Command } from 'commander';
import type { CompatibilityAnswer, SchemaDiffAnswer } from '../contract/answers/schemas.js';
import { adminApi } from './admin-api.js';
import { CommandFailure } from './command-failure.js';
import { configOf, wholeNumber } from './options.js';
import { Output, table } from './output.js';
import { type DefinitionOptions, definitionBody, pathOf, type TenantOptions, withDefinition, withTenant } from './schema-options.js';

const versionNumber = wholeNumber(1, 2 ** 31 - 1);

export function addSchemaCompareCommands(schema: Command): void {
  withDefinition(
    schema.command('check').argument('<id>', 'id of the schema').argument('<path>', 'file of the definition; - for standard input'),
  )
    .summary('is a definition compatible with the latest version?')
    .description('Lists what a definition has that is not compatible. Nothing is made. The exit code is 1 where it is not compatible.')
    .action(check);
  withTenant(schema.command('diff').argument('<id>', 'id of the schema'))
    .argument('[from]', 'a version', versionNumber)
    .argument('[to]', 'a version', versionNumber)
    .summary('what changed between two versions (default: the last two)')
    .action(diff);
}

async function check(id: string, path: string, options: DefinitionOptions): Promise<void> {
  const output = new Output(options.json === true);
  const body = definitionBody(path, options);
  const answer = await adminApi(configOf(options), options.url).post<CompatibilityAnswer>(pathOf(id, options, '/compatibility'), body);
  const { compatible, compatibility, version, incompatibilities, remarks } = answer;
  output.text(`it is ${compatible ? '' : 'not '}${compatibility} compatible with version ${version}`);
  if (incompatibilities.length > 0) output.text(...table(incompatibilities.map(({ path: at, message }) => [at, message])));
  for (const remark of remarks) output.remark(remark);
  output.document(answer);
  if (!compatible) {
    throw new CommandFailure('schema_incompatible', `cannot make it version ${version + 1}: it is not compatible`, {
      wayOut: 'keep what is listed and add optional fields only; or begin a new major version: npx spillway schema add --major',
    });
  }
}

async function diff(id: string, from: number | undefined, to: number | undefined, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).post<SchemaDiffAnswer>(pathOf(id, options, '/diff'), { from, to });
  const rows = answer.changes.map(({ path, message, breaks }) => [path, message, breaks.length === 0 ? '-' : breaks.join(', ')]);
  output.text(`from version ${answer.from} to ${answer.to}: ${rows.length === 0 ? 'nothing changed' : `${rows.length} changes`}`);
  if (rows.length > 0) output.text(...table([['PATH', 'CHANGE', 'BREAKS'], ...rows]));
  output.document(answer);
}
