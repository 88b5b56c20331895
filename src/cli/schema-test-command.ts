import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { SchemaTrialAnswer } from '../contract/answers/schemas.js';
import { adminApi } from './admin-api.js';
import { configOf, wholeNumber } from './options.js';
import { Output, table } from './output.js';
import { type DefinitionOptions, definitionBody, pathOf, withDefinition } from './schema-options.js';

interface TestOptions extends DefinitionOptions {
  readonly contentType?: string;
  readonly version?: number;
  readonly definition?: string;
}

export function addSchemaTestCommand(schema: Command): void {
  withDefinition(
    schema.command('test').argument('<id>', 'id of the schema').argument('<path>', 'file of the payload; - for standard input'),
  )
    .summary('the readings that a payload would become')
    .description('Reads a payload by a version, or by a definition that is not made yet. Nothing is stored.')
    .option('--content-type <type>', 'what the device says of the payload')
    .option('--version <n>', 'a version (default: the one that is used)', wholeNumber(1, 2 ** 31 - 1))
    .option('--definition <path>', 'in place of a version: a file with a definition')
    .action(test);
}

async function test(id: string, path: string, options: TestOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { contentType, version, definition } = options;
  const { compatibility: _, ...draft } = definition === undefined ? { compatibility: undefined } : definitionBody(definition, options);
  const payload = readFileSync(path === '-' ? 0 : path);
  const body = { payload_base64: payload.toString('base64'), content_type: contentType, version, ...draft };
  const answer = await adminApi(configOf(options), options.url).post<SchemaTrialAnswer>(pathOf(id, options, '/test'), body);
  const { readings, reason, cause, version: read } = answer;
  const rows = readings.map(({ metric, value, unit, ts }) => [metric, String(value), unit ?? '-', ts]);
  output.text(`read by ${read === null ? 'the definition' : `version ${read}`}`);
  if (reason !== undefined) output.text(`${reason}: ${cause}`);
  if (rows.length > 0) output.text(...table([['METRIC', 'VALUE', 'UNIT', 'TIME'], ...rows]));
  output.document(answer);
}
