import { type BenchCommand, isProgram, runCommand } from './command.js';
import { ingestOptionNames, ingestSettings } from './ingest.js';
import { type IngestSettings, runIngest } from './ingest-run.js';
import { describeMachine } from './machine.js';
import { type Figures, rounded } from './median.js';
import { describeSide, measurePair, type Side } from './pair.js';
import { ratioOf } from './served.js';

const help = `npm run -s bench:log -- [--json] [--runs N] [--against kafka|none] [--seconds N] and the other options of bench:ingest

The same load over the file log and over another, in turns within one run.
  kafka   one real broker on this machine, which takes its CPU from the same cores: it is told apart
          The first load of it does not count: its virtual machine compiles itself
  none    blocks pass from gateways to pipelines in memory, and nothing is kept: what the file log costs

  --against kafka   --qos 1   --connections 20   --seconds 8   --store null   --runs 1`;

interface LogSettings {
  readonly file: IngestSettings;
  readonly other: IngestSettings;
}

const defaults = { qos: 1, connections: 20, seconds: 8, store: 'null', ceiling: false } satisfies Partial<IngestSettings>;

/** Of the loads that count: so long a broker's virtual machine goes on compiling, on the cores that are measured. */
const WARM_TIMES = 3;
let isWarm = false;

async function run({ file, other }: LogSettings, say: (text: string) => void) {
  if (other.log === 'kafka' && !isWarm) {
    say('the broker is warmed up by a load that does not count');
    await runIngest({ ...other, seconds: WARM_TIMES * other.seconds }, () => undefined);
    isWarm = true;
  }
  const { sides, wrong } = await measurePair([file, other], ({ log }) => `log ${log}`, say);
  const [first, second] = sides;
  const throughputRatio = ratioOf(second.messagesPerSecond, first.messagesPerSecond);
  const figures = {
    file: first,
    other: second,
    throughputRatio,
    cpuRatio: ratioOf(second.cpuUsPerMessage, first.cpuUsPerMessage),
    /** Of throughput and of CPU: what there would be more, or less, without the file log. */
    fileCosts: {
      throughput: costOf(first.messagesPerSecond, second.messagesPerSecond),
      cpu: costOf(second.cpuUsPerMessage, first.cpuUsPerMessage),
    },
    settings: { file, other },
    machine: describeMachine(),
  };
  return { figures, wrong };
}

/** By how much the first is below the second, as a share of the second. */
function costOf(first: number | null, second: number | null): number | null {
  const ratio = ratioOf(first, second);
  return ratio === null ? null : rounded(1 - ratio);
}

function describe(figures: Figures): string {
  const { file, other, throughputRatio, cpuRatio, fileCosts, settings } = figures as Awaited<ReturnType<typeof run>>['figures'];
  const threads = ({ threads }: Side) =>
    Object.entries(threads)
      .filter(([, cpu]) => cpu !== null)
      .map(([name, cpu]) => `${name} ${cpu}`)
      .join(', ');
  const percent = (share: number | null) => (share === null ? '-' : `${(share * 100).toFixed(1)} %`);
  const { log } = settings.other;
  return [
    `${describeSide('log file', file)} (${threads(file)})`,
    `${describeSide(`log ${log}`, other)} (${threads(other)})`,
    `throughput with log ${log} over the file log: ${throughputRatio}, CPU a message: ${cpuRatio}`,
    ...(log === 'none' ? [`the file log costs ${percent(fileCosts.throughput)} of throughput and ${percent(fileCosts.cpu)} of CPU`] : []),
  ].join('\n');
}

const command: BenchCommand<LogSettings> = {
  name: 'bench:log',
  help,
  options: [...ingestOptionNames.filter((name) => name !== 'log'), 'against'],
  settingsOf: (options) => {
    const shared = ingestSettings(options, defaults);
    return { file: { ...shared, log: 'file' }, other: { ...shared, log: options.choice('against', 'kafka', ['kafka', 'none']) } };
  },
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
