import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isProgram } from './command.js';
import { endWithThisProcess, exitOnSignals } from './interruption.js';
import { describeMachine } from './machine.js';
import { type Figures, rounded } from './median.js';
import { Options } from './options.js';
import { type RecordRow, recordRows } from './record-plan.js';

const help = `npm run -s bench:record -- [--runs N] [--only TEXT] [--seconds N] [--minutes N]

Runs every figure's command, one after the other, and writes their medians to bench/results/. Rows for TimescaleDB need a server in
SPILLWAY_DATABASE_URL. The machine must have nothing else to do.

  --runs 5   --only  rows whose name holds the text, into the day's record   --seconds, --minutes  of each run and of the soak, instead of the benches' own`;

async function record(options: Options): Promise<void> {
  exitOnSignals();
  const runs = options.whole('runs', 5, 1, 99);
  const only = options.text('only');
  const answers = new Map<string, Figures>();
  const path = resultsPath();
  const lines = existsSync(path) ? linesOf(readFileSync(path, 'utf8')) : new Map<string, string>();
  for (const row of recordRows.filter(({ what }) => only === undefined || what.includes(only))) {
    const args = [...row.args(answers), ...lengthOf(row, options), ...(row.once ? [] : ['--runs', String(runs)]), '--json'];
    console.log(`\n${row.what}: bench:${row.bench} ${args.join(' ')}`);
    const answer = await run(row.bench, args);
    if (typeof answer !== 'string') answers.set(row.what, answer);
    lines.set(row.what, lineOf(row, args, answer));
    // After each row: what breaks later takes nothing away.
    writeFileSync(path, markdown(lines));
  }
  console.log(`\nwritten: ${path}`);
}

/** What the command line says of how long this row loads. */
function lengthOf({ bench, once }: RecordRow, options: Options): readonly string[] {
  if (bench === 'soak') return options.has('minutes') ? ['--minutes', String(options.above('minutes', 10))] : [];
  const hasLength = options.has('seconds') && !once && bench !== 'idle';
  return hasLength ? ['--seconds', String(options.above('seconds', 5))] : [];
}

/** The last line that the bench prints, or why there is none; what it says meanwhile is shown. */
async function run(bench: string, args: readonly string[]): Promise<Figures | string> {
  const program = fileURLToPath(new URL(`./${bench}.js`, import.meta.url));
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child);
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
  if (code === 0) return JSON.parse(last);
  return errors.split('\n').find((line) => line.startsWith(`bench:${bench}: `)) ?? `it ended with ${code}`;
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

function lineOf(row: RecordRow, args: readonly string[], answer: Figures | string): string {
  const told = typeof answer === 'string' ? answer : row.figures.map(({ name, of }) => `${name} ${spread(of, answer)}`).join('; ');
  const cells = [row.what, row.wanted, told, `\`bench:${row.bench} -- ${args.join(' ')}\``];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** Rows of an earlier record of the same day by their first cell, so that a part can be done again. */
function linesOf(markdown: string): Map<string, string> {
  const known = new Set(recordRows.map(({ what }) => what));
  const lines = markdown.split('\n').map((line) => [/^\| (.+?) \|/.exec(line)?.[1] ?? '', line] as const);
  return new Map(lines.filter(([what]) => known.has(what)));
}

function markdown(lines: ReadonlyMap<string, string>): string {
  const { cpu, cores, memoryGib, node, platform } = describeMachine();
  return [
    `# ${cpu}, ${cores} cores, ${new Date().toISOString().slice(0, 10)}`,
    '',
    `${memoryGib} GiB, ${platform}, Node ${node}. Medians, with the lowest and the highest in brackets; generator, server and database`,
    'on the same machine. ../README.md says how to read them.',
    '',
    '| what | wanted | found | command |',
    '|---|---|---|---|',
    ...recordRows.flatMap(({ what }) => lines.get(what) ?? []),
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
