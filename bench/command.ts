import { pathToFileURL } from 'node:url';
import { endAll, exitOnSignals } from './interruption.js';
import { ToolMissing } from './load/build.js';
import { type Figures, summarize } from './median.js';
import { Options } from './options.js';

export interface BenchRun {
  readonly figures: Figures;
  /** Why the run proves nothing, or undefined. */
  readonly wrong: string | undefined;
}

export interface BenchCommand<Settings> {
  /** As npm knows it. */
  readonly name: string;
  readonly help: string;
  /** Options with a value, and switches, besides --runs, --json and --help. */
  readonly options: readonly string[];
  readonly switches?: readonly string[];
  /** Throws what is wrong with the command line. */
  readonly settingsOf: (options: Options) => Settings;
  readonly run: (settings: Settings, say: (text: string) => void) => Promise<BenchRun>;
  readonly describe: (figures: Figures) => string;
}

const usageExitCode = 2;

/**
 * Runs a bench `--runs` times and prints the median of each figure, with --json as one line at the end. Resolves to the exit
 * code: 1 when an answer was wrong, 2 when the command line is or when this machine lacks something.
 */
export async function runCommand<Settings>(command: BenchCommand<Settings>, argv: readonly string[]): Promise<number> {
  const { name, help } = command;
  let settings: Settings;
  let options: Options;
  let runs: number;
  try {
    options = new Options(argv, [...command.options, 'runs'], [...(command.switches ?? []), 'json', 'help']);
    if (options.has('help')) {
      console.log(help);
      return 0;
    }
    runs = options.whole('runs', 1, 1, 99);
    settings = command.settingsOf(options);
  } catch (error) {
    console.error(`${name}: cannot read the command line: ${(error as Error).message}\n\n${help}`);
    return usageExitCode;
  }
  exitOnSignals();
  try {
    const documents: Figures[] = [];
    let wrong: string | undefined;
    for (let run = 1; run <= runs && wrong === undefined; run++) {
      const outcome = await command.run(settings, (text) => console.log(runs === 1 ? text : `run ${run} of ${runs}: ${text}`));
      wrong = outcome.wrong;
      documents.push(outcome.figures);
    }
    const { median, min, max } = summarize(documents);
    console.log(command.describe(median));
    if (wrong !== undefined) console.error(`${name}: cannot trust the run: ${wrong}`);
    const spread = documents.length > 1 ? { min, max } : {};
    if (options.has('json')) console.log(JSON.stringify({ ...median, runs: documents.length, ...spread }));
    return wrong === undefined ? 0 : 1;
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    return error instanceof ToolMissing ? usageExitCode : 1;
  } finally {
    await endAll();
  }
}

/** True in the file that node was started with. */
export function isProgram(url: string): boolean {
  return url === pathToFileURL(process.argv[1] ?? '').href;
}
