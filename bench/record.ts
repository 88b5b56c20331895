import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isProgram } from './command.js';
import { describeMachine } from './machine.js';
import { type Figures, rounded } from './median.js';
import { Options } from './options.js';
import { type RecordRow, recordRows } from './record-plan.js';

const help = `npm run -s bench:record -- [--runs N] [--only TEXT] [--seconds N] [--minutes N]

Runs every figure's command, one after the other, and writes their medians to bench/results/. Rows for TimescaleDB need a server in
SPILLWAY_DATABASE_URL. The machine must have nothing else to do.

  --runs 5   --only  rows whose name holds the text   --seconds, --minutes  of each run and of the soak, instead of the benches' own`;

/** What a command answered, or why it did not. */
type Answer = { readonly row: RecordRow; readonly args: readonly string[] } & (
  | { readonly figures: Figures }
  | { readonly failure: string }
);

async function record(options: Options): Promise<void> {
  const runs = options.whole('runs', 5, 1, 99);
  const only = options.text('only');
  const answers: Answer[] = [];
  const byName = new Map<string, Figures>();
  for (const row of recordRows.filter(({ what }) => only === undefined || what.includes(only))) {
    const length = row.once
      ? options.has('minutes') && ['--minutes', String(options.above('minutes', 10))]
      : options.has('seconds') && row.bench !== 'idle' && ['--seconds', String(options.above('seconds', 5))];
    const args = [...row.args(byName), ...(length || []), ...(row.once ? [] : ['--runs', String(runs)]), '--json'];
    console.log(`\n${row.what}: bench:${row.bench} ${args.join(' ')}`);
    const answer = { row, args, ...(await run(row.bench, args)) };
    answers.push(answer);
    if ('figures' in answer) byName.set(row.what, answer.figures);
  }
  const path = resultsPath();
  writeFileSync(path, markdown(answers, runs));
  console.log(`\nwritten: ${path}`);
}

/** The last line that the bench prints; what it says meanwhile is shown. */
async function run(bench: string, args: readonly string[]): Promise<{ figures: Figures } | { failure: string }> {
  const program = fileURLToPath(new URL(`./${bench}.js`, import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
    process.stderr.write(chunk);
  });
  const [code] = await once(child, 'close');
  const last = output.trim().split('\n').at(-1) ?? '';
  if (code === 0) return { figures: JSON.parse(last) };
  return { failure: errors.trim().split('\n')[0] || `it ended with ${code}` };
}

function resultsPath(): string {
  const folder = fileURLToPath(new URL('../../bench/results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const { cpu, cores } = describeMachine();
  const machine = cpu
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return join(folder, `${new Date().toISOString().slice(0, 10)}-${machine}-${cores}-cores.md`);
}

function markdown(answers: readonly Answer[], runs: number): string {
  const { cpu, cores, memoryGib, node, platform } = describeMachine();
  const lines = answers.map(({ row, args, ...answer }) => {
    const told =
      'figures' in answer ? row.figures.map(({ name, of }) => `${name} ${spread(of, answer.figures)}`).join('; ') : answer.failure;
    const command = `bench:${row.bench} -- ${args.join(' ')}`.replaceAll('|', '\\|');
    return `| ${row.what} | ${row.wanted} | ${told.replaceAll('|', '\\|')} | \`${command}\` |`;
  });
  return [
    `# ${cpu}, ${cores} cores, ${new Date().toISOString().slice(0, 10)}`,
    '',
    `${memoryGib} GiB, ${platform}, Node ${node}. Medians of ${runs} runs, lowest and highest in brackets; generator, server and database on`,
    'the same machine. ../README.md says how to read them.',
    '',
    '| what | wanted | found | command |',
    '|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

/** `median (lowest–highest)`, or the one value there is. */
function spread(of: (figures: Figures) => unknown, figures: Figures): string {
  const value = of(figures);
  const { min, max } = figures as { min?: Figures; max?: Figures };
  if (typeof value !== 'number') return String(value ?? '–');
  if (!min || !max) return text(value);
  return `**${text(value)}** (${text(Number(of(min)))}–${text(Number(of(max)))})`;
}

function text(value: number): string {
  return Math.abs(value) >= 10_000 ? Math.round(value).toLocaleString('en') : String(rounded(value));
}

if (isProgram(import.meta.url)) {
  try {
    const options = new Options(process.argv.slice(2), ['runs', 'only', 'seconds', 'minutes'], ['help']);
    if (options.has('help')) console.log(help);
    else await record(options);
  } catch (error) {
    console.error(`bench:record: ${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
  }
}
