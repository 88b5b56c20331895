import { type BenchCommand, isProgram, runCommand } from './command.js';
import { figuresOf, ingestOptionNames, ingestSettings, mismatch } from './ingest.js';
import { type IngestSettings, runIngest } from './ingest-run.js';
import { describeMachine } from './machine.js';
import type { Figures } from './median.js';
import { ratioOf } from './served.js';

const help = `npm run -s bench:scale -- [--json] [--runs N] [--of partitions|gateways] [--fewer N] [--more N] [--seconds N]
                          and the other options of bench:ingest

The same load on an appliance with few and with more partitions or gateway threads, one right after the other, the other way round in every
second run: a machine whose speed changes by the minute changes it for both. The ratios are of these pairs.

  --of gateways   --fewer 1   --more 2 (partitions: 4)   --qos 1   --connections 20   --seconds 8   --store null   --runs 1`;

interface ScaleSettings {
  readonly of: 'partitions' | 'gateways';
  readonly fewer: IngestSettings;
  readonly more: IngestSettings;
}

const defaults = { qos: 1, connections: 20, seconds: 8, store: 'null', ceiling: false } satisfies Partial<IngestSettings>;
const moreByDefault = { partitions: 4, gateways: 2 };

interface Side {
  readonly messages: number;
  readonly messagesPerSecond: number;
  readonly cpuUsPerMessage: number | null;
}

let pairs = 0;

async function run({ of, fewer, more }: ScaleSettings, say: (text: string) => void) {
  const wrong: string[] = [];
  const measure = async (settings: IngestSettings): Promise<Side> => {
    const outcome = await runIngest(settings, say);
    wrong.push(mismatch(settings, outcome) ?? '');
    const { messages, messagesPerSecond, processCpuUsPerMessage } = figuresOf(settings, outcome);
    say(`${of} ${settings[of]}: ${messagesPerSecond} messages a second, CPU ${processCpuUsPerMessage} µs a message`);
    return { messages, messagesPerSecond, cpuUsPerMessage: processCpuUsPerMessage };
  };
  const isTurned = pairs++ % 2 === 1;
  const first = await measure(isTurned ? more : fewer);
  const second = await measure(isTurned ? fewer : more);
  const [few, many] = isTurned ? [second, first] : [first, second];
  const figures = {
    fewer: few,
    more: many,
    throughputRatio: ratioOf(many.messagesPerSecond, few.messagesPerSecond),
    cpuRatio: ratioOf(many.cpuUsPerMessage, few.cpuUsPerMessage),
    settings: { of, fewer, more },
    machine: describeMachine(),
  };
  return { figures, wrong: wrong.find((text) => text !== '') };
}

function describe(figures: Figures): string {
  const { fewer, more, throughputRatio, cpuRatio, settings } = figures as Awaited<ReturnType<typeof run>>['figures'];
  const line = (count: number | undefined, { messagesPerSecond, cpuUsPerMessage }: Side) =>
    `${settings.of} ${count}: ${messagesPerSecond} messages a second, CPU ${cpuUsPerMessage} µs a message`;
  return [
    line(settings.fewer[settings.of], fewer),
    line(settings.more[settings.of], more),
    `throughput with more over with fewer: ${throughputRatio}, CPU a message: ${cpuRatio}`,
  ].join('\n');
}

const command: BenchCommand<ScaleSettings> = {
  name: 'bench:scale',
  help,
  options: [...ingestOptionNames.filter((name) => !(name in moreByDefault)), 'of', 'fewer', 'more'],
  settingsOf: (options) => {
    const of = options.choice('of', 'gateways', ['partitions', 'gateways']);
    const shared = ingestSettings(options, defaults);
    const count = (name: string, fallback: number) => ({ ...shared, [of]: options.whole(name, fallback, 1, 64) });
    return { of, fewer: count('fewer', 1), more: count('more', moreByDefault[of]) };
  },
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
