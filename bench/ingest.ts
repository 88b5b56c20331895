import { type BenchCommand, isProgram, runCommand } from './command.js';
import { type IngestOutcome, type IngestSettings, runIngest } from './ingest-run.js';
import { describeMachine } from './machine.js';
import { type Figures, rounded, roundedOrNull } from './median.js';
import type { Options } from './options.js';

const help = `npm run -s bench:ingest -- [--json] [--runs N] [--qos 0|1|2] [--connections N] [--batch N] [--devices N] [--seconds N]
                           [--store null|embedded|timescale] [--log file|kafka|none] [--window N] [--rate N] [--generators N] [--gateways N] [--partitions N]
                           [--schema on|off] [--rules N]

Starts an appliance with a state folder of its own, lets gateway devices publish for the devices behind them as fast as sockets
take it, waits until every row is committed, and checks rows and values against what was sent. Exit code 1 when they differ.

  --qos 0          --connections 10   gateway devices, one connection each     --batch 512  packets a write
  --seconds 5      --devices 1000     rounded up to a multiple of connections
  --window         unacknowledged at QoS 1 and 2, a connection (default: 4096, and 80,000 over all of them)
  --store embedded timescale: on the server that SPILLWAY_DATABASE_URL names, in a database of its own; null: no rows
  --log file       kafka: over a broker of its own on this machine, with Java; its CPU is told apart and not in the total; none: nothing is kept
  --rate           messages a second over all connections, latency from when each was due (default: as fast as they go)
  --generators 1   processes          --gateways, --partitions  of the appliance (default: its own)
  --schema off     on: each device has a payload schema with a range for each metric     --rules 0   topic rules of the tenant
  --runs 1         runs, of which the median of each figure is told            --json       the last line is one JSON document`;

export const ingestOptionNames = [
  'qos',
  'connections',
  'batch',
  'devices',
  'seconds',
  'store',
  'log',
  'window',
  'rate',
  'generators',
  'gateways',
  'partitions',
  'schema',
  'rules',
];

/** Over all connections, unless --window says otherwise: enough to keep every thread busy. */
const underWayMax = 80_000;

/** The options that say how to load an appliance, for every bench that does. */
export function ingestSettings(options: Options, given: Partial<IngestSettings> = {}): IngestSettings {
  const qos = options.choice('qos', `${given.qos ?? 0}` as '0' | '1' | '2', ['0', '1', '2']);
  const connections = options.whole('connections', given.connections ?? 10, 1, 60_000);
  const devices = Math.ceil(options.whole('devices', given.devices ?? 1000, 1, 999_999) / connections) * connections;
  const batch = options.whole('batch', given.batch ?? 512, 1, 10_000);
  return {
    qos: Number(qos) as 0 | 1 | 2,
    connections,
    batch,
    devices,
    seconds: options.above('seconds', given.seconds ?? 5),
    store: options.choice('store', given.store ?? 'embedded', ['null', 'embedded', 'timescale']),
    log: options.choice('log', given.log ?? 'file', ['file', 'kafka', 'none']),
    window: Math.max(options.whole('window', given.window ?? Math.min(4096, Math.ceil(underWayMax / connections)), 1, 60_000), batch),
    rate: options.has('rate') ? options.above('rate', 1) : given.rate,
    generators: Math.min(connections, options.whole('generators', given.generators ?? 1, 1, 64)),
    gateways: options.has('gateways') ? options.whole('gateways', 1, 1, 64) : given.gateways,
    partitions: options.has('partitions') ? options.whole('partitions', 1, 1, 64) : given.partitions,
    schema: options.choice('schema', 'off', ['on', 'off']) === 'on',
    rules: options.whole('rules', 0, 0, 100),
    ceiling: given.ceiling ?? true,
  };
}

/** The line that other programs read: its first members are fixed, later ones may grow. */
export function figuresOf(settings: IngestSettings, outcome: IngestOutcome) {
  const { messages, rows, rowsExpected, seconds, cpuSeconds, latency, ceiling } = outcome;
  const each = (cpu: number | null | undefined) =>
    cpu === null || cpu === undefined || messages === 0 ? null : rounded((cpu * 1e6) / messages);
  const { gateway, log, pipeline, store, main, database, broker, generator } = cpuSeconds;
  const known = [gateway, log, pipeline, store, main, database].filter((cpu): cpu is number => typeof cpu === 'number');
  const ms = (percent: number) => roundedOrNull(latency.percentileMs(percent));
  const ratio = (rowsPerSecond: number | undefined) => (rowsPerSecond === undefined ? null : rounded(rows / seconds / rowsPerSecond));
  return {
    messages,
    rows,
    seconds: rounded(seconds),
    messagesPerSecond: Math.round(messages / seconds),
    cpuUsPerMessage: {
      gateway: each(gateway),
      log: each(log),
      pipeline: each(pipeline),
      store: each(store),
      main: each(main),
      database: each(database),
      total: known.length === 0 ? null : each(known.reduce((sum, cpu) => sum + cpu, 0)),
      broker: each(broker),
    },
    ackMs: { p50: ms(50), p95: ms(95), p99: ms(99) },
    rowsExpected,
    copyCeiling: ratio(ceiling?.rowsPerSecond),
    copyCeilingBare: ratio(ceiling?.bareRowsPerSecond),
    copyRowsPerSecond: ceiling ? Math.round(ceiling.rowsPerSecond) : null,
    copyBy: ceiling?.by ?? null,
    ackTailMs: { p999: ms(99.9), max: roundedOrNull(latency.maxMs) },
    sendSeconds: rounded(outcome.sendSeconds),
    processCpuUsPerMessage: each(cpuSeconds.process),
    generatorCpuUsPerMessage: each(generator),
    settings,
    machine: describeMachine(),
  };
}

/** Why the run proves nothing, or undefined. */
export function mismatch({ qos }: IngestSettings, outcome: IngestOutcome): string | undefined {
  const { messages, rows, rowsExpected, sum, sumExpected, acked } = outcome;
  if (messages === 0) return 'nothing was sent';
  if (rows !== rowsExpected) return `${rows} rows are in the database, ${rowsExpected} were sent`;
  if (sum !== undefined && sum !== sumExpected) return `the values add up to ${sum / 100}, those sent to ${sumExpected / 100}`;
  if (qos > 0 && acked !== messages) return `${acked} of ${messages} messages were acknowledged`;
  return undefined;
}

function describe(figures: Figures): string {
  const result = figures as ReturnType<typeof figuresOf>;
  const { cpuUsPerMessage: cpu, ackMs, ackTailMs } = result;
  const part = (value: number | null) => value ?? '-';
  return [
    `${result.messages} messages in ${result.seconds} s: ${result.messagesPerSecond} a second; ${result.rows} rows of ${result.rowsExpected}`,
    `CPU µs a message: gateway ${part(cpu.gateway)}, log ${part(cpu.log)}, pipeline ${part(cpu.pipeline)}, store ${part(cpu.store)}, main ${part(cpu.main)}, database ${part(cpu.database)}, total ${part(cpu.total)}, process ${part(result.processCpuUsPerMessage)}; broker ${part(cpu.broker)}, generator ${part(result.generatorCpuUsPerMessage)}`,
    `ack ms: p50 ${part(ackMs.p50)}, p95 ${part(ackMs.p95)}, p99 ${part(ackMs.p99)}, p99.9 ${part(ackTailMs.p999)}, max ${part(ackTailMs.max)}`,
    `share of a bare COPY: ${part(result.copyCeiling)} (same layout), ${part(result.copyCeilingBare)} (no index)`,
  ].join('\n');
}

const command: BenchCommand<IngestSettings> = {
  name: 'bench:ingest',
  help,
  options: ingestOptionNames,
  settingsOf: (options) => ingestSettings(options),
  run: async (settings, say) => {
    const outcome = await runIngest(settings, say);
    return { figures: figuresOf(settings, outcome), wrong: mismatch(settings, outcome) };
  },
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
