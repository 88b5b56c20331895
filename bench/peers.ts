import { type BenchCommand, isProgram, runCommand } from './command.js';
import { figuresOf, ingestSettings, mismatch } from './ingest.js';
import { type IngestSettings, runIngest, withSite } from './ingest-run.js';
import { describeMachine } from './machine.js';
import type { Figures } from './median.js';
import { AedesInstallation, aedesVersion } from './peers/aedes.js';
import { type Bridged, loadBridge } from './peers/bridge.js';
import { Mosquitto } from './peers/mosquitto.js';
import { loadServer, ratioOf, type Served } from './served.js';

const help = `npm run -s bench:peers -- [--json] [--runs N] [--connections N] [--batch N] [--devices N] [--seconds N] [--window N] [--bridge-rate N]
                          [--qos 0|1] [--without NAMES]

Brokers and the appliance under the same load from the same generator, at QoS 0 and 1, one after the other:
  mosquitto, aedes      nobody subscribes: what it takes to receive a message, acknowledge it and forget it
  bridge                Mosquitto and a small program that COPYs rows into PostgreSQL, until the last row is committed
  spillwayNull          decoded, deduplicated, in the log, not stored      spillwayEmbedded   until the last row is committed
Mosquitto runs without persistence at QoS 0 and with all that it has at QoS 1. What is not installed is left out, and said.

  --connections 20   --batch 512   --devices 1000   --seconds 3   --window 4096   --bridge-rate 50000   --runs 1
  --qos  only this one (default: both)   --without  mosquitto, aedes or bridge, with commas between`;

interface PeerSettings extends IngestSettings {
  readonly bridgeRate: number;
  readonly levels: readonly Qos[];
  readonly without: readonly string[];
}

type Qos = 0 | 1;
type Say = (text: string) => void;

interface Column {
  readonly mosquitto: Served | null;
  readonly aedes: Served | null;
  readonly bridge: Bridged | null;
  readonly spillwayNull: Served;
  readonly spillwayEmbedded: Served;
  /** CPU a message of the peer over that of the appliance. */
  readonly cpuRatios: {
    readonly mosquittoOverNull: number | null;
    readonly aedesOverNull: number | null;
    readonly bridgeOverEmbedded: number | null;
  };
}

async function run(settings: PeerSettings, say: Say) {
  const { without } = settings;
  const mosquitto = Mosquitto.find();
  if (mosquitto === undefined) say('mosquitto is not installed: it and the bridge are left out; install the package mosquitto');
  const aedes = without.includes('aedes') ? 'cannot bench aedes: --without says so' : AedesInstallation.install();
  if (typeof aedes === 'string') say(`${aedes}: it is left out`);
  try {
    const installed = typeof aedes === 'string' ? undefined : aedes;
    const columns: Record<string, Column> = {};
    const wrong: string[] = [];
    for (const qos of settings.levels) columns[`qos${qos}`] = await column(settings, qos, mosquitto, installed, say, wrong);
    const versions = { mosquitto: mosquitto ? Mosquitto.version(mosquitto) : null, aedes: installed ? aedesVersion : null };
    const { qos: _, store: __, rate: ___, ...told } = settings;
    return { figures: { ...columns, versions, settings: told, machine: describeMachine() }, wrong: wrong[0] };
  } finally {
    if (typeof aedes !== 'string') aedes.remove();
  }
}

async function column(
  settings: PeerSettings,
  qos: Qos,
  mosquitto: string | undefined,
  aedes: AedesInstallation | undefined,
  say: Say,
  wrong: string[],
): Promise<Column> {
  const shape = { ...settings, qos };
  const told = async <T extends { messagesPerSecond: number; cpuUsPerMessage: number | null }>(name: string, work: Promise<T>) => {
    const figure = await work;
    say(`QoS ${qos} ${name}: ${figure.messagesPerSecond} messages a second, CPU ${figure.cpuUsPerMessage} µs a message`);
    return figure;
  };
  const { without } = settings;
  const broker = mosquitto && !without.includes('mosquitto') ? await told('mosquitto', loadMosquitto(mosquitto, shape)) : null;
  const inJavaScript = aedes
    ? await told(
        'aedes',
        aedes.withBroker((port, pid) => loadServer(port, [pid], shape)),
      )
    : null;
  const bridge =
    mosquitto && !without.includes('bridge') ? await told('bridge', bridged(mosquitto, { ...shape, rate: settings.bridgeRate })) : null;
  const spillwayNull = await told('spillway, null store', spillway({ ...shape, store: 'null' }, wrong));
  const spillwayEmbedded = await told('spillway, embedded store', spillway({ ...shape, store: 'embedded' }, wrong));
  return {
    mosquitto: broker,
    aedes: inJavaScript,
    bridge,
    spillwayNull,
    spillwayEmbedded,
    cpuRatios: {
      mosquittoOverNull: ratioOf(broker?.cpuUsPerMessage, spillwayNull.cpuUsPerMessage),
      aedesOverNull: ratioOf(inJavaScript?.cpuUsPerMessage, spillwayNull.cpuUsPerMessage),
      bridgeOverEmbedded: ratioOf(bridge?.cpuUsPerMessage, spillwayEmbedded.cpuUsPerMessage),
    },
  };
}

async function withMosquitto<T>(program: string, qos: Qos, work: (broker: Mosquitto) => Promise<T>): Promise<T> {
  const broker = await Mosquitto.start(program, qos === 1);
  try {
    return await work(broker);
  } finally {
    await broker.stop();
  }
}

function loadMosquitto(program: string, shape: IngestSettings & { qos: Qos }): Promise<Served> {
  return withMosquitto(program, shape.qos, ({ port, pid }) => loadServer(port, [pid], shape));
}

/** The rows go to the database that an appliance brings along and does not use meanwhile. */
function bridged(program: string, shape: IngestSettings & { qos: Qos }): Promise<Bridged> {
  const site = { store: 'embedded', devices: 1, connections: 1, gateways: undefined, partitions: undefined } as const;
  const quiet = () => undefined;
  return withSite(site, quiet, ({ database }) => withMosquitto(program, shape.qos, (broker) => loadBridge(broker, database!, shape)));
}

/** CPU of the whole process and, where there is one, of the database. */
async function spillway(settings: IngestSettings, wrong: string[]): Promise<Served> {
  const outcome = await runIngest(settings, () => undefined);
  const mismatched = mismatch(settings, outcome);
  if (mismatched) wrong.push(`${settings.store} store at QoS ${settings.qos}: ${mismatched}`);
  const { messages, messagesPerSecond, processCpuUsPerMessage, cpuUsPerMessage, generatorCpuUsPerMessage, ackMs } = figuresOf(
    settings,
    outcome,
  );
  const cpu = processCpuUsPerMessage === null ? null : processCpuUsPerMessage + (cpuUsPerMessage.database ?? 0);
  return { messages, messagesPerSecond, cpuUsPerMessage: cpu, generatorCpuUsPerMessage, ackMs: { p50: ackMs.p50, p99: ackMs.p99 } };
}

function describe(figures: Figures): string {
  const line = (name: string, { cpuRatios }: Column) =>
    `${name}: CPU of Mosquitto ${cpuRatios.mosquittoOverNull ?? '-'} times, of Aedes ${cpuRatios.aedesOverNull ?? '-'} times that of Spillway without a store; ` +
    `of Mosquitto, bridge and PostgreSQL ${cpuRatios.bridgeOverEmbedded ?? '-'} times that of Spillway with it`;
  const columns = figures as unknown as Record<string, Column | undefined>;
  return [0, 1].flatMap((qos) => (columns[`qos${qos}`] ? [line(`QoS ${qos}`, columns[`qos${qos}`]!)] : [])).join('\n');
}

const command: BenchCommand<PeerSettings> = {
  name: 'bench:peers',
  help,
  options: [
    'qos',
    'without',
    'connections',
    'batch',
    'devices',
    'seconds',
    'window',
    'generators',
    'gateways',
    'partitions',
    'bridge-rate',
  ],
  settingsOf: (options) => ({
    ...ingestSettings(options, { connections: 20, seconds: 3, ceiling: false }),
    bridgeRate: options.above('bridge-rate', 50_000),
    levels: options.has('qos') ? [options.choice('qos', '0', ['0', '1']) === '0' ? 0 : 1] : [0, 1],
    without: options.list('without', ['mosquitto', 'aedes', 'bridge']),
  }),
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
