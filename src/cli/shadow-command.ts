import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ShadowRunActivatedAnswer, ShadowRunAnswer, ShadowRunsAnswer } from '../contract/answers/shadow-runs.js';
import { type AdminApi, adminApi } from './admin-api.js';
import { CommandFailure } from './command-failure.js';
import { type ApplianceOptions, configOf, wholeNumber, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';

interface RunOptions extends ApplianceOptions {
  readonly percent?: number;
  readonly last?: number;
  readonly live?: number;
}

const POLL_MS = 500;

export function addShadowCommand(program: Command): void {
  const shadow = program
    .command('shadow')
    .summary('run a schema, codec or topic rule beside what is active')
    .description(
      'Decodes recent and live messages of the log by a candidate as well, and shows what would change, field by field. Nothing is stored.',
    );
  withApplianceOptions(
    shadow.command('run').argument('<path>', 'file with {"schema": {…}} or {"rule": {…}}, as for the API; - for standard input'),
  )
    .summary('run a candidate, and show the differences')
    .option('--percent <n>', 'of the messages', wholeNumber(1, 100))
    .option('--last <minutes>', 'messages of the log since then (default: 60)', wholeNumber(0, 1440))
    .option('--live <minutes>', 'and messages that come from now on (default: 0)', wholeNumber(0, 60))
    .action(run);
  withApplianceOptions(shadow.command('list')).summary('the runs of the process').action(list);
  withApplianceOptions(shadow.command('show').argument('<run>', 'number of the run'))
    .summary('the differences that a run found')
    .action(show);
  withApplianceOptions(shadow.command('activate').argument('<run>', 'number of the run'))
    .summary('make the candidate active')
    .action(activate);
}

const pathOf = (run: string | number, call = '') => `/v1/shadow-runs/${encodeURIComponent(run)}${call}`;

async function run(path: string, options: RunOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { percent, last, live } = options;
  const body = { ...readCandidate(path), percent, last_minutes: last, live_minutes: live };
  const api = adminApi(configOf(options), options.url);
  const answer = await api.post<ShadowRunAnswer>('/v1/shadow-runs', body);
  print(output, await settledRun(api, answer.id));
}

function readCandidate(path: string): object {
  try {
    return JSON.parse(readFileSync(path === '-' ? 0 : path, 'utf8')) as object;
  } catch (error) {
    const message = `cannot read the candidate in ${path}: ${(error as Error).message}`;
    throw new CommandFailure('candidate_malformed', message, { wayOut: 'write one JSON object: deploy/CODECS.md has an example' });
  }
}

async function list(options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).get<ShadowRunsAnswer>('/v1/shadow-runs');
  const rows = answer.shadow_runs.map(({ id, candidate, subject, state, report }) => [
    ...[String(id), candidate, subject, state, String(report.messages), String(report.messages - report.same)],
  ]);
  output.text(...table([['RUN', 'CANDIDATE', 'SUBJECT', 'STATE', 'MESSAGES', 'DIFFERENT'], ...rows]));
  output.document(answer);
}

async function show(id: string, options: ApplianceOptions): Promise<void> {
  print(new Output(options.json === true), await adminApi(configOf(options), options.url).get<ShadowRunAnswer>(pathOf(id)));
}

function madeText({ pack, rule, schema_id: schema, version }: ShadowRunActivatedAnswer): string {
  if (pack !== undefined) return `pack ${pack} is installed`;
  return rule === undefined ? `schema ${schema} has version ${version}` : `topic rule ${rule} is made`;
}

async function activate(id: string, options: ApplianceOptions): Promise<void> {
  const output = new Output(options.json === true);
  const answer = await adminApi(configOf(options), options.url).post<ShadowRunActivatedAnswer>(pathOf(id, '/activate'), undefined);
  output.text(madeText(answer));
  output.document(answer);
}

function print(output: Output, answer: ShadowRunAnswer): void {
  output.text(...runLines(answer));
  output.document(answer);
}

/** The run once it is not running any more. */
export async function settledRun(api: AdminApi, id: number): Promise<ShadowRunAnswer> {
  let answer = await api.get<ShadowRunAnswer>(pathOf(id));
  while (answer.state === 'running') {
    await pause(POLL_MS);
    answer = await api.get<ShadowRunAnswer>(pathOf(id));
  }
  return answer;
}

/** What a run found, for people. */
export function runLines(answer: ShadowRunAnswer): string[] {
  const { id, state, cause, report } = answer;
  const refused = (side: Readonly<Record<string, number>>) =>
    Object.entries(side)
      .map(([code, times]) => `${code} ${times}`)
      .join(', ') || 'none';
  const rows = report.fields.map(({ field, same, changed, only_before: before, only_after: after, examples: [example] }) => [
    ...[field, String(same), String(changed), String(before), String(after)],
    example ? `${example.device}: ${example.before?.value ?? '-'} -> ${example.after?.value ?? '-'}` : '',
  ]);
  return [
    `run ${id} is ${state}${cause === null ? '' : `: ${cause}`}; ${report.same} of ${report.messages} messages are the same`,
    `refused before: ${refused(report.refused.before)}; after: ${refused(report.refused.after)}`,
    ...(rows.length > 0 ? table([['FIELD', 'SAME', 'CHANGED', 'ONLY BEFORE', 'ONLY AFTER', 'EXAMPLE'], ...rows]) : []),
  ];
}
