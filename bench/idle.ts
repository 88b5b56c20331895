import { type BenchCommand, isProgram, runCommand } from './command.js';
import { withSite } from './ingest-run.js';
import { Load, type LoadShape, type Target } from './load/load.js';
import { describeMachine } from './machine.js';
import type { Figures } from './median.js';
import { type Memory, openFilesMax, settledMemory } from './memory.js';
import { Mosquitto } from './peers/mosquitto.js';
import { targetAt, withSink } from './served.js';

const help = `npm run -s bench:idle -- [--json] [--runs N] [--connections N] [--limit] [--gateways N]

Opens authenticated connections that then say nothing, and tells how much resident memory each of them costs the server's process:
the bare sink, Mosquitto where it is installed, and the appliance. Memory is read once it does not move any more.

  --connections 18000   --limit  goes on until the appliance takes no more, and tells how many it took   --runs 1`;

interface IdleSettings {
  readonly connections: number;
  readonly limit: boolean;
  readonly gateways: number | undefined;
}

interface Held {
  readonly opened: number;
  readonly pssBytes: number;
  readonly anonymousBytes: number;
}

/** A process may have 20,000 files open on a usual machine. */
const connectionsAGenerator = 15_000;
/** What a server does once, whoever connects, it has done after so many. */
const warmUp = 200;
/** How far beyond the open-file limit the search for the number of connections goes. */
const beyondLimit = 500;

function shapeOf(connections: number): LoadShape {
  const generators = Math.ceil(connections / connectionsAGenerator);
  return { qos: 0, connections, devices: connections, batch: 1, window: 1, seconds: 1, rate: undefined, generators };
}

async function hold(target: Target, pid: number, connections: number): Promise<Held> {
  const warm = await Load.open(target, shapeOf(Math.min(warmUp, connections)));
  await warm.end();
  const before = await settledMemory(pid);
  const load = await Load.open(target, shapeOf(connections));
  try {
    const after = await settledMemory(pid);
    const each = (of: keyof Memory) => Math.round((after[of] - before[of]) / load.opened);
    return { opened: load.opened, pssBytes: each('pss'), anonymousBytes: each('anonymous') };
  } finally {
    await load.end();
  }
}

async function run({ connections, limit, gateways }: IdleSettings, say: (text: string) => void) {
  const sink = await withSink(({ port, pid }) => hold(targetAt(port), pid, connections));
  const program = Mosquitto.find();
  const mosquitto = program === undefined ? null : await holdMosquitto(program, connections);
  if (!mosquitto) say('mosquitto is not installed: its column stays empty');
  // Each search needs a device for every connection that might be taken.
  const registered = limit ? Math.max(connections, openFilesMax(process.pid) + beyondLimit) : connections;
  const fleet = { store: 'null', devices: registered, connections: registered, gateways, partitions: undefined } as const;
  const { spillway, ...limits } = await withSite(fleet, say, async ({ appliance, target }) => ({
    spillway: await hold(target, appliance.pid, connections),
    openFilesMax: openFilesMax(appliance.pid),
    limitFound: limit ? await findLimit(target, registered, say) : null,
  }));
  const figures = { spillway, sink, mosquitto, ...limits, settings: { connections, limit, gateways }, machine: describeMachine() };
  const wrong = spillway.opened < connections ? `${spillway.opened} of ${connections} connections were opened` : undefined;
  return { figures, wrong };
}

async function holdMosquitto(program: string, connections: number): Promise<Held> {
  const broker = await Mosquitto.start(program, false);
  try {
    return await hold(targetAt(broker.port), broker.pid, connections);
  } finally {
    await broker.stop();
  }
}

async function findLimit(target: Target, connections: number, say: (text: string) => void): Promise<number> {
  const load = await Load.open(target, shapeOf(connections), true);
  say(`${load.opened} connections taken at once; then: ${load.refused ?? 'none was refused'}`);
  await load.end();
  return load.opened;
}

function describe(figures: Figures): string {
  const result = figures as Awaited<ReturnType<typeof run>>['figures'];
  const line = (name: string, held: Held | null) =>
    `${name.padEnd(9)} ${held ? `${held.opened} connections, ${held.pssBytes} bytes each (${held.anonymousBytes} anonymous)` : '-'}`;
  const found = result.limitFound === null ? '' : `, took ${result.limitFound} connections`;
  return [
    line('sink', result.sink),
    line('Mosquitto', result.mosquitto),
    line('Spillway', result.spillway),
    `the appliance may have ${result.openFilesMax} files open${found}`,
  ].join('\n');
}

const command: BenchCommand<IdleSettings> = {
  name: 'bench:idle',
  help,
  options: ['connections', 'gateways'],
  switches: ['limit'],
  settingsOf: (options) => ({
    connections: options.whole('connections', 18_000, 1, 60_000),
    limit: options.has('limit'),
    gateways: options.has('gateways') ? options.whole('gateways', 1, 1, 64) : undefined,
  }),
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
