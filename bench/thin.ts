import { type BenchCommand, isProgram, runCommand } from './command.js';
import { figuresOf, ingestOptionNames, ingestSettings, mismatch } from './ingest.js';
import { type IngestSettings, runIngest } from './ingest-run.js';
import { describeMachine } from './machine.js';
import type { Figures } from './median.js';
import { loadServer, ratioOf, type Served, withSink } from './served.js';

/** As far apart as commits of the log are under load. */
const laterMs = 8;

const help = `npm run -s bench:thin -- [--json] [--runs N] [--connections N] [--window N] [--seconds N] and the other options of bench:ingest

Many connections that send one packet a write at QoS 1: first to a bare epoll sink that only frames and acknowledges, then to one that
does so ${laterMs} ms later, then to the appliance. Kernel TCP is most of it in all three; the ratios are what waiting for a disk adds, and
what the appliance adds.

  --connections 10000   --window 4   --seconds 40   --store null   --runs 1`;

const defaults = {
  qos: 1,
  connections: 10_000,
  batch: 1,
  seconds: 40,
  devices: 1,
  window: 4,
  store: 'null',
  ceiling: false,
} satisfies Partial<IngestSettings>;

/** One load of each, in this order. */
async function run(settings: IngestSettings, say: (text: string) => void) {
  const sink = await withSink(({ port, pid }) => loadServer(port, [pid], settings));
  say(`bare sink: ${sink.messagesPerSecond} messages a second`);
  const laterSink = await withSink(({ port, pid }) => loadServer(port, [pid], settings), laterMs);
  say(`the same, ${laterMs} ms later: ${laterSink.messagesPerSecond} messages a second`);
  const outcome = await runIngest(settings, say);
  const { ackMs, messages, messagesPerSecond, ...rest } = figuresOf(settings, outcome);
  const { cpuUsPerMessage: threads, processCpuUsPerMessage, generatorCpuUsPerMessage } = rest;
  const spillway = { messages, messagesPerSecond, cpuUsPerMessage: processCpuUsPerMessage, threads, generatorCpuUsPerMessage, ackMs };
  const figures = {
    spillway,
    sink,
    laterSink,
    /** CPU a message over that of the sink: of all threads, and of the gateway alone. */
    cpuRatio: ratioOf(processCpuUsPerMessage, sink.cpuUsPerMessage),
    gatewayCpuRatio: ratioOf(threads.gateway, sink.cpuUsPerMessage),
    /** The same over the sink that answers later. */
    laterCpuRatio: ratioOf(processCpuUsPerMessage, laterSink.cpuUsPerMessage),
    throughputRatio: ratioOf(messagesPerSecond, sink.messagesPerSecond),
    settings,
    machine: describeMachine(),
  };
  return { figures, wrong: mismatch(settings, outcome) };
}

function describe(figures: Figures): string {
  const { spillway, sink, laterSink } = figures as unknown as Record<'spillway' | 'sink' | 'laterSink', Served>;
  const { cpuRatio, gatewayCpuRatio, laterCpuRatio } = figures as Record<string, number | null>;
  const line = (name: string, { messagesPerSecond, cpuUsPerMessage, ackMs }: Served) =>
    `${name.padEnd(9)} ${messagesPerSecond} messages a second, CPU ${cpuUsPerMessage} µs a message, ack p50 ${ackMs.p50} ms, p99 ${ackMs.p99} ms`;
  return [
    line('sink', sink),
    line('later', laterSink),
    line('Spillway', spillway),
    `CPU of Spillway over the sink's: ${cpuRatio} (gateway alone ${gatewayCpuRatio}), over that of the later one: ${laterCpuRatio}`,
  ].join('\n');
}

const command: BenchCommand<IngestSettings> = {
  name: 'bench:thin',
  help,
  options: ingestOptionNames,
  settingsOf: (options) => ingestSettings(options, defaults),
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
