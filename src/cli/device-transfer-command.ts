import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { ImportAnswer } from '../contract/answers/devices.js';
import { adminApi } from './admin-api.js';
import { CommandFailure, exitCodes } from './command-failure.js';
import { type SearchOptions, searchQueryOf, withSearchOptions } from './device-list-command.js';
import { type ApplianceOptions, configOf, withApplianceOptions } from './options.js';
import { grouped, Output } from './output.js';

interface ImportOptions extends ApplianceOptions {
  readonly tenant: string;
  readonly dryRun?: boolean;
  readonly createGroups?: boolean;
}

/** Characters of one call; a file is sent in parts of whole lines. */
const PART_CHARACTERS = 4_000_000;
const EXPORTED_A_CALL = '10000';
const PROBLEMS_SHOWN = 20;

/** Devices from and to CSV. */
export function addDeviceTransferCommands(device: Command): void {
  withApplianceOptions(device.command('import').argument('<file>', 'CSV with a header; - for standard input'))
    .summary('register and change devices from CSV')
    .description(
      'Columns: device_id, token, status, device_class, firmware_version, via, model, serial, owner, time_zone, lat, lon, location, tags (key=value;…), groups (path;…), metadata (JSON). A column that is not there leaves what devices have; an empty cell takes it away. Once more, the same file changes nothing.',
    )
    .option('--tenant <id>', 'tenant', 'default')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--create-groups', 'make groups that are not there')
    .action(importDevices);
  withSearchOptions(withApplianceOptions(device.command('export').argument('[file]', 'default: standard output')))
    .summary('write the devices that match as CSV')
    .action(exportDevices);
}

async function importDevices(file: string, options: ImportOptions): Promise<void> {
  const output = new Output(options.json === true);
  const api = adminApi(configOf(options), options.url);
  const query = new URLSearchParams({ tenant: options.tenant });
  if (options.dryRun) query.set('dry_run', 'true');
  if (options.createGroups) query.set('create_groups', 'true');
  const sum: ImportAnswer = emptyReport(options);
  for await (const { text, firstLine } of partsOf(file)) {
    const part = await api.postText<ImportAnswer>(`/v1/devices/import?${query}`, text, 'text/csv');
    for (const count of COUNTS) sum[count] += part[count];
    // The header stands before each part: its second line is the part's first.
    sum.problems.push(
      ...part.problems.map((problem) => ({ ...problem, line: problem.line <= 1 ? problem.line : problem.line - 2 + firstLine })),
    );
    sum.tokens.push(...part.tokens);
  }
  const would = options.dryRun ? 'would be ' : '';
  output.text(
    `${grouped(sum.rows)} rows: ${grouped(sum.created)} devices ${would}created, ${grouped(sum.updated)} ${would}changed, ${grouped(sum.unchanged)} unchanged, ${grouped(sum.failed)} failed`,
    ...sum.problems
      .slice(0, PROBLEMS_SHOWN)
      .map(({ line, device_id: id, reason }) => `  line ${line}${id === null ? '' : ` (${id})`}: ${reason}`),
    ...(sum.failed > PROBLEMS_SHOWN
      ? [`  … and ${grouped(sum.failed - PROBLEMS_SHOWN)} more: --json shows the first 1,000 of each part`]
      : []),
    ...sum.tokens.map(({ device_id, auth_token }) => `${device_id}\t${auth_token}`),
  );
  output.document(sum);
  if (sum.failed === 0) return;
  throw new CommandFailure('rows_failed', `cannot import ${grouped(sum.failed)} of ${grouped(sum.rows)} rows of ${file}`, {
    wayOut: 'correct those lines and import the file again: rows that were taken change nothing',
    exitCode: exitCodes.failed,
  });
}

const COUNTS = ['rows', 'created', 'updated', 'unchanged', 'failed', 'groups_created', 'problems_left_out'] as const;

function emptyReport({ dryRun = false }: ImportOptions): ImportAnswer {
  const counts = { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, groups_created: 0, problems_left_out: 0 };
  return { dry_run: dryRun, ...counts, problems: [], tokens: [] };
}

/** The file in parts that each begin with its header; a quoted cell stays whole. */
async function* partsOf(file: string): AsyncGenerator<{ readonly text: string; readonly firstLine: number }> {
  const input: NodeJS.ReadableStream = file === '-' ? process.stdin : createReadStream(file);
  const failed = new Promise<never>((_, reject) => input.once('error', (error: Error) => reject(fileFailure(file, error))));
  failed.catch(() => {});
  let header: string | undefined;
  let [part, line, firstLine, quotes] = ['', 0, 2, 0];
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  for (let next = await Promise.race([lines.next(), failed]); !next.done; next = await Promise.race([lines.next(), failed])) {
    line++;
    if (header === undefined) {
      header = next.value;
      continue;
    }
    part += `${next.value}\n`;
    quotes += next.value.split('"').length - 1;
    if (part.length < PART_CHARACTERS || quotes % 2 === 1) continue;
    yield { text: `${header}\n${part}`, firstLine };
    [part, firstLine, quotes] = ['', line + 1, 0];
  }
  if (part !== '' || firstLine === 2) yield { text: `${header ?? ''}\n${part}`, firstLine };
}

async function exportDevices(file: string | undefined, options: ApplianceOptions & SearchOptions): Promise<void> {
  const output = new Output(false);
  const api = adminApi(configOf(options), options.url);
  const query = searchQueryOf(options);
  query.set('format', 'csv');
  query.set('limit', EXPORTED_A_CALL);
  const target = file === undefined ? process.stdout : createWriteStream(file);
  const failed = new Promise<never>((_, reject) =>
    target.once('error', (error: Error) => reject(fileFailure(file ?? 'standard output', error))),
  );
  failed.catch(() => {});
  let after = '';
  let rows = 0;
  do {
    if (after !== '') query.set('after', after);
    const { text, header } = await api.getText(`/v1/devices?${query}`, 'x-next');
    const page = after === '' ? text : text.slice(text.indexOf('\n') + 1);
    rows += text.split('\n').length - 2;
    await Promise.race([new Promise<void>((resolve) => target.write(page, () => resolve())), failed]);
    after = header === '' ? '' : decodeURIComponent(header);
  } while (after !== '');
  if (file === undefined) return;
  await Promise.race([new Promise<void>((resolve) => target.end(() => resolve())), failed]);
  output.text(`${grouped(rows)} devices written to ${file}`);
}

function fileFailure(file: string, error: Error): CommandFailure {
  return new CommandFailure('file_unusable', `cannot use ${file}: ${error.message}`, { wayOut: 'check its path and permissions' });
}
