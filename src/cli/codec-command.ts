import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { CodecAnswer, CodecDeletedAnswer, CodecsAnswer, CodecTrialAnswer } from '../contract/answers/codecs.js';
import { adminApi } from './admin-api.js';
import { configOf, wholeNumber } from './options.js';
import { Output, table } from './output.js';
import { type TenantOptions, withTenant } from './schema-options.js';

interface AddOptions extends TenantOptions {
  readonly fuel?: number;
  readonly pages?: number;
}

const INT_MAX = 2 ** 31 - 1;

export function addCodecCommand(program: Command): void {
  const codec = program
    .command('codec')
    .summary('upload, list, try and delete codecs')
    .description('WebAssembly modules that decode payloads which no schema describes: see deploy/CODECS.md.');
  withTenant(codec.command('add').argument('<name>', 'name of the codec').argument('<path>', 'the module: a .wasm file'))
    .summary('make the next version')
    .description('Makes the next version of a codec. No device is read by it until a schema names it as its format.')
    .option('--fuel <n>', 'instructions that one message may take', wholeNumber(1, INT_MAX))
    .option('--pages <n>', 'pages of 64 KiB that its memory may have', wholeNumber(1, INT_MAX))
    .addHelpText('after', '\nExample:\n  npx spillway codec add water-meter build/water-meter.wasm')
    .action(add);
  withTenant(codec.command('list')).summary('the codecs with their versions').action(list);
  withTenant(codec.command('test').argument('<id>', 'id of the codec').argument('<path>', 'file of the payload; - for standard input'))
    .summary('the readings that a payload would become')
    .description('Decodes a payload by the codec alone, and says how much fuel that takes. Nothing is stored.')
    .action(test);
  withTenant(codec.command('rm').argument('<id>', 'id of the codec')).summary('delete a version that no schema names').action(remove);
}

function pathOf(id: string, { tenant }: TenantOptions, call = ''): string {
  return `/v1/codecs/${encodeURIComponent(id)}${call}?${new URLSearchParams({ tenant })}`;
}

async function add(name: string, path: string, options: AddOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { tenant, fuel, pages } = options;
  const query = new URLSearchParams({ tenant, name });
  if (fuel !== undefined) query.set('fuel_max', String(fuel));
  if (pages !== undefined) query.set('memory_pages_max', String(pages));
  const module = Uint8Array.from(readFileSync(path));
  const answer = await adminApi(configOf(options), options.url).postText<CodecAnswer>(`/v1/codecs?${query}`, module, 'application/wasm');
  output.text(`codec ${answer.codec_id}: name it in a schema as the format ${answer.format}`);
  output.document(answer);
}

async function list(options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).get<CodecsAnswer>(
    `/v1/codecs?${new URLSearchParams({ tenant: options.tenant })}`,
  );
  const rows = answer.codecs.map(({ codec_id: id, format, bytes, fuel_max: fuel, memory_pages_max: pages, created_at: made }) => [
    ...[id, format, String(bytes), String(fuel), String(pages), made],
  ]);
  output.text(...table([['ID', 'FORMAT', 'BYTES', 'FUEL', 'PAGES', 'MADE'], ...rows]));
  output.document(answer);
}

async function test(id: string, path: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const payload_base64 = readFileSync(path === '-' ? 0 : path).toString('base64');
  const answer = await adminApi(configOf(options), options.url).post<CodecTrialAnswer>(pathOf(id, options, '/test'), { payload_base64 });
  const { readings, reason, cause, fuel_used: used, fuel_max: most } = answer;
  output.text(`fuel ${used} of ${most}`);
  if (reason !== undefined) output.text(`${reason}: ${cause}`);
  if (readings.length > 0)
    output.text(...table([['METRIC', 'VALUE', 'TIME'], ...readings.map(({ metric, value, ts }) => [metric, String(value), ts])]));
  output.document(answer);
}

async function remove(id: string, options: TenantOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).delete<CodecDeletedAnswer>(pathOf(id, options));
  output.text(`codec ${answer.codec_id} is deleted`);
  output.document(answer);
}
