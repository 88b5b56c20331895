import { setTimeout as delay } from 'node:timers/promises';
import { type BenchCommand, type BenchRun, isProgram, runCommand } from './command.js';
import { type IngestSettings, registerFleet, type Site, withSite } from './ingest-run.js';
import { Load, type LoadOutcome, type LoadShape, type Target } from './load/load.js';
import { describeMachine } from './machine.js';
import { type Figures, rounded, roundedOrNull } from './median.js';
import { ratioOf } from './served.js';

const help = `npm run -s bench:fairness -- [--json] [--runs N] [--seconds N] [--rate N] [--store null|embedded|timescale] [--gateways N] [--nice N]

A quiet tenant sends at a steady rate at QoS 1 and times its PUBACKs from when each message was due: alone, while a device of another tenant
sends as fast as its connection takes it, which is far above its limit, and while many devices of another tenant, each below its own limit,
send all that the appliance takes, over few connections and over many. Each flood is measured between two loads of the quiet tenant alone.

  --seconds 8      of each load     --rate 500   messages a second of the quiet tenant
  --store null     --gateways 1     --nice 10    how far the flood's generators stand back for the appliance
  --runs 1         runs, of which the median of each figure is told`;

interface FairnessSettings {
  readonly seconds: number;
  readonly rate: number;
  readonly store: IngestSettings['store'];
  readonly gateways: number;
  readonly nice: number;
}

type Flood = Pick<LoadShape, 'connections' | 'devices' | 'batch' | 'window'>;

const floods = {
  /** One device, whose rate holds it back. */
  device: { connections: 1, devices: 1, batch: 64, window: 4096 },
  /** So many devices that their rates hold nobody back. */
  tenant: { connections: 20, devices: 20_000, batch: 64, window: 1024 },
  /** The same over many connections, with a message a write. */
  thin: { connections: 1000, devices: 20_000, batch: 1, window: 16 },
} as const satisfies Record<string, Flood>;

const quietConnections = 10;
const warmUpMs = 1000;

interface Told {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** What the quiet tenant sees while the other one floods, and alone before and after. */
async function measure(flood: Flood, site: Site, quiet: Target, settings: FairnessSettings, say: (text: string) => void) {
  const other = await registerFleet(flood, site.appliance, say);
  const before = await quietLoad(quiet, settings);
  const flooding = await Load.open(other.target, {
    ...flood,
    qos: 1,
    seconds: 600,
    rate: undefined,
    generators: 1,
  });
  flooding.yieldTo(settings.nice);
  flooding.go().catch(() => undefined); // It is abandoned.
  let during: LoadOutcome;
  let received: number;
  let generatorCpu: number;
  try {
    await delay(warmUpMs);
    const [messages, cpu, startMs] = [await accepted(site), flooding.cpuSeconds(), performance.now()];
    during = await quietLoad(quiet, settings);
    const seconds = (performance.now() - startMs) / 1000;
    received = ((await accepted(site)) - messages - during.messages) / seconds;
    generatorCpu = (flooding.cpuSeconds() - cpu) / seconds;
  } finally {
    await flooding.abandon();
  }
  const after = await quietLoad(quiet, settings);
  const wrong = [before, during, after].find(({ messages, acked }) => messages === 0 || acked !== messages);
  const [alone, flooded] = [mean(told(before), told(after)), told(during)];
  return {
    figures: {
      alone,
      flooded,
      p50Ratio: ratioOf(flooded.p50, alone.p50),
      p99Ratio: ratioOf(flooded.p99, alone.p99),
      /** Of the other tenant. */
      floodMessagesPerSecond: Math.round(received),
      floodGeneratorCores: rounded(generatorCpu),
    },
    wrong: wrong && `${wrong.acked} of ${wrong.messages} messages of the quiet tenant were acknowledged`,
  };
}

async function accepted({ appliance }: Site): Promise<number> {
  return (await appliance.api.get<{ counters: { accepted: number } }>('/v1/stats')).counters.accepted;
}

async function quietLoad(target: Target, { rate, seconds }: FairnessSettings): Promise<LoadOutcome> {
  const shape = { connections: quietConnections, devices: quietDevices(rate), batch: 1, window: 1024, generators: 1 };
  const load = await Load.open(target, { ...shape, qos: 1, rate, seconds });
  try {
    return await load.go();
  } finally {
    await load.end();
  }
}

/** So many that their limits do not matter. */
function quietDevices(rate: number): number {
  return quietConnections * Math.ceil(rate / quietConnections / 10);
}

function told({ latency }: LoadOutcome): Told {
  return {
    p50: roundedOrNull(latency.percentileMs(50)),
    p99: roundedOrNull(latency.percentileMs(99)),
    max: roundedOrNull(latency.maxMs),
  };
}

function mean(first: Told, second: Told): Told {
  const of = (name: keyof Told) => roundedOrNull(((first[name] ?? Number.NaN) + (second[name] ?? Number.NaN)) / 2);
  return { p50: of('p50'), p99: of('p99'), max: of('max') };
}

async function run(settings: FairnessSettings, say: (text: string) => void): Promise<BenchRun> {
  const fleet = { connections: quietConnections, devices: quietDevices(settings.rate) };
  const site = { ...fleet, store: settings.store, gateways: settings.gateways, partitions: undefined, deviceRate: 100 };
  return withSite(site, say, async (at) => {
    const figures: Record<string, unknown> = {};
    let wrong: string | undefined;
    for (const [name, flood] of Object.entries(floods)) {
      const outcome = await measure(flood, at, at.target, settings, say);
      figures[name] = outcome.figures;
      wrong ??= outcome.wrong;
    }
    return { figures: { ...figures, settings, machine: describeMachine() }, wrong };
  });
}

function describe(figures: Figures): string {
  const shown = figures as unknown as Record<string, Awaited<ReturnType<typeof measure>>['figures']>;
  return Object.keys(floods)
    .map((name) => {
      const { alone, flooded, p50Ratio, p99Ratio, floodMessagesPerSecond, floodGeneratorCores } = shown[name]!;
      const ack = ({ p50, p99, max }: Told) => `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;
      return (
        `${name.padEnd(7)} alone ${ack(alone)}; flooded ${ack(flooded)}; p50 ×${p50Ratio}, p99 ×${p99Ratio}; ` +
        `the flood: ${floodMessagesPerSecond} messages a second, its generator ${floodGeneratorCores} cores`
      );
    })
    .join('\n');
}

const command: BenchCommand<FairnessSettings> = {
  name: 'bench:fairness',
  help,
  options: ['seconds', 'rate', 'store', 'gateways', 'nice'],
  settingsOf: (options) => ({
    seconds: options.above('seconds', 8),
    rate: options.above('rate', 500),
    store: options.choice('store', 'null', ['null', 'embedded', 'timescale']),
    gateways: options.whole('gateways', 1, 1, 64),
    nice: options.whole('nice', 10, 0, 19),
  }),
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
