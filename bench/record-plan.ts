import type { Figures } from './median.js';

/** A row of the record: a command, and what to take from its answer. */
export interface RecordRow {
  readonly what: string;
  readonly wanted: string;
  readonly bench: string;
  /** Built from the answers so far, by the rows' names. */
  readonly args: (answers: ReadonlyMap<string, Figures>) => readonly string[];
  readonly figures: readonly Figure[];
  /** It is one long run, without a median. */
  readonly once?: true;
}

export interface Figure {
  readonly name: string;
  readonly of: (answer: Figures) => unknown;
}

/** The value at a path as `ackMs.p99`. */
export function at(path: string): (answer: Figures) => unknown {
  return (answer) => path.split('.').reduce<unknown>((value, name) => (value as Figures | null | undefined)?.[name], answer);
}

function figure(name: string, path: string): Figure {
  return { name, of: at(path) };
}

function dataPlaneCpu(answer: Figures): number {
  return ['gateway', 'log', 'pipeline'].reduce((sum, thread) => sum + Number(at(`cpuUsPerMessage.${thread}`)(answer)), 0);
}

/** Resident memory over the time of a soak, MiB: a dozen points of it. */
export function residentMib(answer: Figures): string {
  const curve = (at('curve')(answer) ?? []) as readonly { readonly rssBytes: number }[];
  const step = Math.max(1, Math.ceil(curve.length / 12));
  const points = curve.filter((_, index) => index % step === 0);
  return points.map(({ rssBytes }) => Math.round(rssBytes / 1_048_576)).join(' ');
}

const perSecond = figure('msg/s', 'messagesPerSecond');
const acknowledgements = [figure('p50 ms', 'ackMs.p50'), figure('p99 ms', 'ackMs.p99'), figure('p99.9 ms', 'ackTailMs.p999'), perSecond];
const fleet = ['--connections', '20', '--devices', '200000'];
const timescaleQos1 = 'TimescaleDB, QoS 1';

function scaling(of: 'partitions' | 'gateways', what: string): RecordRow {
  return {
    what,
    wanted: 'throughput does not fall',
    bench: 'scale',
    args: () => ['--of', of],
    figures: [
      figure('ratio', 'throughputRatio'),
      figure('msg/s', 'more.messagesPerSecond'),
      figure('against', 'fewer.messagesPerSecond'),
      figure('CPU ratio', 'cpuRatio'),
    ],
  };
}

function logAgainst(other: 'kafka' | 'none', what: string, figures: readonly Figure[]): RecordRow {
  return { what, wanted: '', bench: 'log', args: () => ['--against', other], figures };
}

export const recordRows: readonly RecordRow[] = [
  {
    what: 'data plane',
    wanted: 'CPU of gateway, log and pipeline ≤ 0.6 µs a message',
    bench: 'ingest',
    args: () => ['--store', 'null', '--qos', '0', '--connections', '20'],
    figures: [{ name: 'CPU µs', of: dataPlaneCpu }, perSecond],
  },
  {
    what: 'TimescaleDB, QoS 0',
    wanted: '≥ 1,000,000 msg/s committed, ≥ 0.8 of psql \\copy',
    bench: 'ingest',
    args: () => ['--store', 'timescale', '--qos', '0', ...fleet],
    figures: [perSecond, figure('share of \\copy', 'copyCeiling'), figure('\\copy rows/s', 'copyRowsPerSecond')],
  },
  {
    what: timescaleQos1,
    wanted: '≥ 700,000 msg/s',
    bench: 'ingest',
    args: () => ['--store', 'timescale', '--qos', '1', ...fleet],
    figures: [perSecond, figure('share of \\copy', 'copyCeiling')],
  },
  {
    what: 'TimescaleDB, QoS 1, half of 700,000',
    wanted: 'ack p99 < 50 ms',
    bench: 'ingest',
    args: () => ['--store', 'timescale', '--qos', '1', ...fleet, '--rate', '350000'],
    figures: acknowledgements,
  },
  {
    what: 'TimescaleDB, QoS 1, half of what was found',
    wanted: '',
    bench: 'ingest',
    args: (answers) => {
      const found = Number(at('messagesPerSecond')(answers.get(timescaleQos1) ?? {}));
      return ['--store', 'timescale', '--qos', '1', ...fleet, '--rate', String(Math.round((found || 700_000) / 2))];
    },
    figures: acknowledgements,
  },
  {
    what: 'embedded PostgreSQL',
    wanted: '≥ 300,000 msg/s',
    bench: 'ingest',
    args: () => ['--store', 'embedded', '--qos', '0', ...fleet],
    figures: [perSecond, figure('share of \\copy', 'copyCeiling'), figure('share without index', 'copyCeilingBare')],
  },
  {
    what: 'thin connections',
    wanted: '≥ 110,000 msg/s, CPU ≤ 1.3 of the bare sink',
    bench: 'thin',
    args: () => [],
    figures: [
      figure('msg/s', 'spillway.messagesPerSecond'),
      figure('sink msg/s', 'sink.messagesPerSecond'),
      figure('CPU ratio', 'cpuRatio'),
      figure('gateway CPU ratio', 'gatewayCpuRatio'),
      figure('later sink msg/s', 'laterSink.messagesPerSecond'),
      figure('CPU ratio to it', 'laterCpuRatio'),
    ],
  },
  {
    what: 'idle connections',
    wanted: '18,000 at ≤ 1.5 KiB; the limit reached',
    bench: 'idle',
    args: () => ['--limit'],
    figures: [
      figure('bytes each', 'spillway.pssBytes'),
      figure('sink', 'sink.pssBytes'),
      figure('Mosquitto', 'mosquitto.pssBytes'),
      figure('taken', 'limitFound'),
      figure('open files', 'openFilesMax'),
    ],
  },
  scaling('partitions', 'four partitions against one'),
  scaling('gateways', 'two gateway threads against one'),
  logAgainst('none', 'what the file log costs', [
    figure('of throughput', 'fileCosts.throughput'),
    figure('of CPU', 'fileCosts.cpu'),
    figure('msg/s', 'file.messagesPerSecond'),
  ]),
  logAgainst('kafka', 'a Kafka log on the same machine', [
    figure('ratio', 'throughputRatio'),
    figure('CPU ratio', 'cpuRatio'),
    figure('msg/s', 'other.messagesPerSecond'),
    figure('CPU µs of the broker', 'other.threads.broker'),
  ]),
  {
    what: 'peers',
    wanted: 'CPU of Mosquitto ≥ 4 times at QoS 0, ≥ 8 times at QoS 1',
    bench: 'peers',
    args: () => [],
    figures: [0, 1].flatMap((qos) => [
      figure(`QoS ${qos} Mosquitto`, `qos${qos}.cpuRatios.mosquittoOverNull`),
      figure('Aedes', `qos${qos}.cpuRatios.aedesOverNull`),
      figure('with bridge', `qos${qos}.cpuRatios.bridgeOverEmbedded`),
    ]),
  },
  {
    what: 'soak',
    wanted: 'resident memory flat over 10 minutes at half load',
    bench: 'soak',
    args: () => [],
    figures: [
      figure('growth', 'growth'),
      figure('flat', 'flat'),
      { name: 'resident MiB', of: residentMib },
      figure('messages', 'messages'),
      figure('rows', 'rows'),
      figure('msg/s', 'messagesPerSecond'),
      figure('ack p99 ms', 'ackMs.p99'),
    ],
    once: true,
  },
  {
    what: 'recovery',
    wanted: 'nothing missing, nothing twice',
    bench: 'recovery',
    args: () => [],
    figures: [
      figure('killed: caught up after s', 'kill.caughtUpSeconds'),
      figure('missing', 'kill.missing'),
      figure('doubled', 'kill.doubled'),
      figure('database stood still: catch-up msg/s', 'outage.committedPerSecond'),
      figure('of the load', 'outage.ratio'),
      figure('missing', 'outage.missing'),
      figure('doubled', 'outage.doubled'),
    ],
    once: true,
  },
];
