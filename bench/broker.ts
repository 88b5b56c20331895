import { BenchAppliance } from './appliance.js';
import { type BrokerTarget, type Pattern, type Routed, runPattern } from './broker/patterns.js';
import { type BenchCommand, isProgram, runCommand } from './command.js';
import { describeMachine } from './machine.js';
import type { Figures } from './median.js';
import { Mochi, mochiVersion } from './peers/mochi.js';
import { Mosquitto } from './peers/mosquitto.js';
import { ratioOf } from './served.js';

const help = `npm run -s bench:broker -- [--json] [--runs N] [--messages N] [--fan N] [--only NAMES] [--without NAMES]

Messages from clients to clients, on Spillway, Mosquitto where it is installed, and mochi-mqtt where Go can build it, in turns: what of the
server's CPU each message costs that comes to a subscriber. Every message has to come once and in order.
  oneToOne0, oneToOne1, oneToOne2   ten publishers with a subscriber each, at QoS 0, 1 and 2
  fanOut    one publisher, --fan subscribers, QoS 1         fanIn    --fan publishers, one subscriber, QoS 1

  --messages 200000  that come to subscribers in each pattern   --fan 1000   --runs 1   --without mosquitto, mochi`;

const patternNames = ['oneToOne0', 'oneToOne1', 'oneToOne2', 'fanOut', 'fanIn'] as const;
const peerNames = ['mosquitto', 'mochi'] as const;
/** Bounds of Spillway that the others do not have here, so that nothing is held back for being fast. */
const unbound = { SPILLWAY_MQTT_IN_FLIGHT: '65535', SPILLWAY_MQTT_QUEUE_MESSAGES: '1000000', SPILLWAY_MQTT_QUEUE_KIB: '1048576' };
const PAIRS = 10;

interface BrokerSettings {
  readonly messages: number;
  readonly fan: number;
  readonly only: readonly (typeof patternNames)[number][];
  readonly without: readonly (typeof peerNames)[number][];
}

type Name = 'spillway' | (typeof peerNames)[number];

interface Running {
  readonly name: Name;
  readonly target: BrokerTarget;
  readonly stop: () => Promise<void>;
}

function patternsOf({ messages, fan, only }: BrokerSettings): Pattern[] {
  const pairs = ([0, 1, 2] as const).map((qos) => ({
    name: `oneToOne${qos}`,
    qos,
    publishers: PAIRS,
    subscribers: 1,
    isShared: false,
    messages,
    window: 200,
  }));
  const all: Pattern[] = [
    ...pairs,
    { name: 'fanOut', qos: 1, publishers: 1, subscribers: fan, isShared: false, messages: Math.ceil(messages / fan), window: 10 },
    { name: 'fanIn', qos: 1, publishers: fan, subscribers: 1, isShared: true, messages, window: 10 },
  ];
  return all.filter(({ name }) => only.length === 0 || only.includes(name as (typeof only)[number]));
}

async function run(settings: BrokerSettings, say: (text: string) => void) {
  const running: Running[] = [];
  try {
    running.push(await startSpillway());
    for (const start of [startMosquitto, startMochi]) {
      const peer = await start(settings);
      if (typeof peer === 'string') say(peer);
      else running.push(peer);
    }
    const patterns: Record<string, Record<string, Routed | number | null>> = {};
    for (const pattern of patternsOf(settings)) patterns[pattern.name] = await column(pattern, running, say);
    const { messages, fan } = settings;
    const program = Mosquitto.find();
    const versions = { mosquitto: program ? Mosquitto.version(program) : null, mochi: mochiVersion };
    return { figures: { ...patterns, versions, settings: { messages, fan }, machine: describeMachine() }, wrong: undefined };
  } finally {
    for (const { stop } of running) await stop();
  }
}

/** One pattern on all brokers, one after the other. A peer that loses messages has no figure; Spillway ends the bench. */
async function column(pattern: Pattern, running: readonly Running[], say: (text: string) => void) {
  const figures: Partial<Record<Name, Routed>> = {};
  for (const { name, target } of running) {
    try {
      const figure = await runPattern(target, pattern);
      figures[name] = figure;
      say(`${pattern.name} ${name}: ${figure.perCpuSecond} messages a CPU second, ${figure.perSecond} a second`);
    } catch (error) {
      if (name === 'spillway') throw error;
      say(`${pattern.name} ${name}: ${(error as Error).message}`);
    }
  }
  const { spillway, mosquitto = null, mochi = null } = figures;
  return {
    spillway: spillway!,
    mosquitto,
    mochi,
    overMosquitto: ratioOf(mosquitto?.cpuUsEach, spillway!.cpuUsEach),
    overMochi: ratioOf(mochi?.cpuUsEach, spillway!.cpuUsEach),
  };
}

async function startSpillway(): Promise<Running> {
  const appliance = await BenchAppliance.start({ ...unbound, SPILLWAY_STORE: 'null' });
  const { secret } = await appliance.api.post<{ secret: string }>('/v1/services', { name: 'bench' });
  await appliance.api.post('/v1/acl', { subject: 'service:bench', action: 'both', filter: 'bench/#' });
  const target = { port: appliance.mqttPort, pid: appliance.pid, user: 'bench', password: secret };
  return { name: 'spillway', target, stop: () => appliance.stop() };
}

/** Or why it is left out. */
async function startMosquitto({ without }: BrokerSettings): Promise<Running | string> {
  const program = Mosquitto.find();
  if (without.includes('mosquitto') || !program) return 'Mosquitto is left out: --without says so, or it is not installed';
  const broker = await Mosquitto.start(program, false);
  return { name: 'mosquitto', target: { port: broker.port, pid: broker.pid }, stop: () => broker.stop() };
}

/** Or why it is left out. */
async function startMochi({ without }: BrokerSettings): Promise<Running | string> {
  if (without.includes('mochi')) return 'mochi-mqtt is left out: --without says so';
  const broker = await Mochi.start();
  if (typeof broker === 'string') return `mochi-mqtt is left out: ${broker}`;
  return { name: 'mochi', target: { port: broker.port, pid: broker.pid }, stop: () => broker.stop() };
}

function describe(figures: Figures): string {
  const ratios = figures as unknown as Record<string, { overMosquitto?: unknown; overMochi?: unknown }>;
  const line = (name: string) =>
    `${name}: messages a CPU second ${ratios[name]?.overMosquitto ?? '-'} times Mosquitto's, ${ratios[name]?.overMochi ?? '-'} times mochi-mqtt's`;
  return patternNames
    .filter((name) => name in ratios)
    .map(line)
    .join('\n');
}

export const brokerBench: BenchCommand<BrokerSettings> = {
  name: 'bench:broker',
  help,
  options: ['messages', 'fan', 'only', 'without'],
  settingsOf: (options) => ({
    messages: options.whole('messages', 200_000, 100, 100_000_000),
    fan: options.whole('fan', 1000, 1, 15_000),
    only: options.list('only', patternNames),
    without: options.list('without', peerNames),
  }),
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(brokerBench, process.argv.slice(2));
