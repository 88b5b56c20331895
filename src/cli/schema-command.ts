import type { Command } from 'commander';
import type { SchemaAnswer, SchemaPinAnswer, SchemasAnswer, SchemaVersionsAnswer } from '../contract/answers/schemas.js';
import { adminApi } from './admin-api.js';
import { configOf, wholeNumber } from './options.js';
import { Output, table } from './output.js';
import { addSchemaCompareCommands } from './schema-compare-commands.js';
import { type DefinitionOptions, definitionBody, pathOf, type TenantOptions, withDefinition, withTenant } from './schema-options.js';
import { addSchemaTestCommand } from './schema-test-command.js';

interface AddOptions extends DefinitionOptions {
  readonly firmware: string;
  readonly definition: string;
  readonly major?: true;
}

interface DeviceOptions extends TenantOptions {
  readonly device?: string;
}

const versionNumber = wholeNumber(1, 2 ** 31 - 1);

export function addSchemaCommand(program: Command): void {
  const schema = program
    .command('schema')
    .summary('make, try, compare and pin payload schemas')
    .description(
      'What the messages of a device class are, by range of firmware versions, at a running appliance. deploy/SCHEMAS.md says what a definition may hold.',
    );
  withDefinition(schema.command('add').argument('<class>', 'device class'))
    .summary('make a schema, or its next version')
    .description(
      'Makes a schema for the class and the range, or the next version of the one that there is. It is in effect within a second.',
    )
    .requiredOption('--definition <path>', 'JSON Schema, a field map, or the text of a .proto file; - for standard input')
    .option('--firmware <range>', 'firmware versions: *, 1.4.2, 1.4.x, ^1.4.2, ">=1.2 <2"', '*')
    .option('--major', 'a new major version, which need not be compatible with the one before')
    .addHelpText('after', "\nExample:\n  npx spillway schema add pump --firmware '>=1.2 <2' --definition pump.json")
    .action(add);
  withTenant(schema.command('list'))
    .summary('the schemas, each with its latest version')
    .option('--retired', 'retired ones, too')
    .action(list);
  withTenant(schema.command('show').argument('<id>', 'id of the schema'))
    .summary('all versions, and the fields of the one that is used')
    .action(show);
  addSchemaTestCommand(schema);
  addSchemaCompareCommands(schema);
  withTenant(schema.command('pin').argument('<id>', 'id of the schema').argument('[version]', 'a version of it', versionNumber))
    .summary('use one version for good, or read one device by the schema')
    .option('--device <id>', 'the device, whatever its class and firmware are')
    .action(pin);
  withTenant(schema.command('unpin').argument('<id>', 'id of the schema'))
    .summary('use the latest version again')
    .option('--device <id>', 'let class and firmware of this device choose its schema again')
    .action(unpin);
  withTenant(schema.command('rm').argument('<id>', 'id of the schema'))
    .summary('retire a schema, for good')
    .description(
      'No device is read by it any more, but those that are pinned to it. Its versions stay: messages in the log are read by them.',
    )
    .action(retire);
}

async function add(deviceClass: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, firmware, definition, major } = options;
  const body = { tenant, device_class: deviceClass, firmware_version: firmware, ...definitionBody(definition, options), major };
  const answer = await adminApi(configOf(options), options.url).post<SchemaAnswer>('/v1/schemas', body);
  output.text(`version ${answer.version} of schema ${answer.schema_id}: class ${answer.device_class}, firmware ${answer.firmware_version}`);
  if (answer.used_version !== answer.version) output.remark(`version ${answer.used_version} is pinned, and stays in use`);
  for (const remark of answer.remarks ?? []) output.remark(remark);
  output.document(answer);
}

async function list(options: TenantOptions & { readonly retired?: true }): Promise<void> {
  const output = new Output(options.json === true);
  const query = new URLSearchParams({ tenant: options.tenant, ...(options.retired && { retired: 'true' }) });
  const answer = await adminApi(configOf(options), options.url).get<SchemasAnswer>(`/v1/schemas?${query}`);
  const rows = answer.schemas.map((schema) => {
    const { schema_id, device_class, firmware_version, format, mode, version, used_version, pinned_version, retired_at } = schema;
    const used = retired_at === null ? `${used_version}${pinned_version === null ? '' : ' (pinned)'}` : 'retired';
    return [device_class, firmware_version, format, mode, String(version), used, schema_id];
  });
  output.text(...table([['CLASS', 'FIRMWARE', 'FORMAT', 'MODE', 'LATEST', 'USED', 'SCHEMA'], ...rows]));
  output.document(answer);
}

async function show(id: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).get<SchemaVersionsAnswer>(pathOf(id, options));
  output.text(...shown(answer));
  output.document(answer);
}

function shown({ device_class, firmware_version, used_version, devices, versions }: SchemaVersionsAnswer): string[] {
  const used = versions.find(({ version }) => version === used_version);
  const fields = (used?.fields ?? []).map(({ name, metric, type, unit, required, min, max, outside }) => {
    const range = outside === null ? '-' : `${min ?? ''}..${max ?? ''} ${outside}`;
    return [name, metric, type, unit ?? '-', required ? 'yes' : 'no', range];
  });
  const listed = versions.map(({ version, major, number, format, mode, compatibility, created_at, problem }) => {
    const isUsed = version === used_version ? '*' : '';
    return [
      `${version}${isUsed}`,
      String(major),
      String(number),
      format,
      mode,
      compatibility,
      created_at,
      ...(problem === undefined ? [] : [problem]),
    ];
  });
  return [
    `class ${device_class}, firmware ${firmware_version}, ${devices} devices`,
    ...table([['VERSION', 'MAJOR', 'NUMBER', 'FORMAT', 'MODE', 'COMPATIBILITY', 'MADE'], ...listed]),
    ...(fields.length === 0 ? [] : ['', ...table([['FIELD', 'METRIC', 'TYPE', 'UNIT', 'REQUIRED', 'RANGE'], ...fields])]),
  ];
}

async function pin(id: string, version: number | undefined, options: DeviceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const body = { version, device_id: options.device };
  const answer = await adminApi(configOf(options), options.url).post<SchemaPinAnswer>(pathOf(id, options, '/pin'), body);
  const ofDevice = `device ${answer.device_id} is read by ${answer.device_version === null ? 'the version in use' : `version ${answer.device_version}`}`;
  output.text(answer.device_id === null ? `version ${answer.used_version} is used` : ofDevice);
  output.document(answer);
}

async function unpin(id: string, options: DeviceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const path = pathOf(id, options, '/unpin');
  const answer = await adminApi(configOf(options), options.url).post<SchemaPinAnswer>(path, { device_id: options.device });
  output.text(
    answer.device_id === null
      ? `version ${answer.used_version}, the latest, is used`
      : `device ${answer.device_id} is read by class and firmware`,
  );
  output.document(answer);
}

async function retire(id: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).delete<SchemaAnswer>(pathOf(id, options));
  output.text(`schema ${answer.schema_id} of class ${answer.device_class} is retired`);
  output.document(answer);
}
