import { type BenchCommand, isProgram, runCommand } from './command.js';
import { ingestOptionNames, ingestSettings } from './ingest.js';
import type { IngestSettings } from './ingest-run.js';
import { describeMachine } from './machine.js';
import type { Figures } from './median.js';
import { describeSide, measurePair } from './pair.js';
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

async function run({ of, fewer, more }: ScaleSettings, say: (text: string) => void) {
  const { sides, wrong } = await measurePair([fewer, more], (settings) => `${of} ${settings[of]}`, say);
  const [few, many] = sides;
  const figures = {
    fewer: few,
    more: many,
    throughputRatio: ratioOf(many.messagesPerSecond, few.messagesPerSecond),
    cpuRatio: ratioOf(many.cpuUsPerMessage, few.cpuUsPerMessage),
    settings: { of, fewer, more },
    machine: describeMachine(),
  };
  return { figures, wrong };
}

function describe(figures: Figures): string {
  const { fewer, more, throughputRatio, cpuRatio, settings } = figures as Awaited<ReturnType<typeof run>>['figures'];
  const { of } = settings;
  return [
    describeSide(`${of} ${settings.fewer[of]}`, fewer),
    describeSide(`${of} ${settings.more[of]}`, more),
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
