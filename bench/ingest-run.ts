import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { formatId } from '../src/cli/options.js';
import { BenchAppliance, type ThreadCpu } from './appliance.js';
import { type CopyCeiling, measureCopyCeiling, type Sent } from './copy-ceiling.js';
import { BenchDatabase, timescaleDatabase } from './database.js';
import { AckLatency } from './load/ack-latency.js';
import type { ConnectionPlan } from './load/connection.js';
import type { FromGenerator, GeneratorResult, ToGenerator } from './load/generator.js';
import { deviceOf, hundredths, metricNames, slotsFor, turnOf } from './load/messages.js';
import { familyCpuSeconds } from './process-cpu.js';

export interface IngestSettings {
  readonly qos: 0 | 1;
  readonly connections: number;
  /** Packets a write. */
  readonly batch: number;
  readonly devices: number;
  readonly seconds: number;
  readonly store: 'null' | 'embedded' | 'timescale';
  /** Unacknowledged messages a connection, at QoS 1. */
  readonly window: number;
  /** Over all connections; absent: as fast as they go. */
  readonly rate: number | undefined;
  readonly generators: number;
  /** A script that takes the appliance's arguments; absent: the appliance of this build. */
  readonly program?: string;
}

export interface IngestOutcome {
  readonly messages: number;
  readonly rows: number;
  readonly rowsExpected: number;
  /** Sums of all values in hundredths: as they should be, and as they are; undefined without a database. */
  readonly sumExpected: number;
  readonly sum: number | undefined;
  readonly acked: number;
  /** From the first send until the last row was committed. */
  readonly seconds: number;
  readonly sendSeconds: number;
  readonly cpuSeconds: ThreadCpu & { readonly database: number | null; readonly generator: number };
  readonly latency: AckLatency;
  readonly ceiling: CopyCeiling | undefined;
}

const deviceFormat = 'dev-%06d';
const gatewayFormat = 'gw-%06d';
const pollMs = 10;
/** Without any progress for so long the run is broken. */
const stallMsMax = 60_000;

/** Starts an appliance, loads it, waits until every row is committed, and counts. */
export async function runIngest(settings: IngestSettings, say: (text: string) => void): Promise<IngestOutcome> {
  const timescale = settings.store === 'timescale' ? await timescaleDatabase(process.env.SPILLWAY_DATABASE_URL) : undefined;
  const environment: Record<string, string> = {};
  if (timescale) environment.SPILLWAY_DATABASE_URL = timescale.url;
  if (settings.store === 'null') environment.SPILLWAY_STORE = 'null';
  const appliance = await BenchAppliance.start(environment, settings.program);
  const url = timescale?.url ?? appliance.databaseUrl;
  const database = url === undefined ? undefined : new BenchDatabase(url);
  try {
    if (settings.store !== 'null' && !database) throw new Error('cannot count rows: the appliance does not say where its database is');
    return await load(settings, appliance, database, say);
  } finally {
    await database?.close();
    await appliance.stop();
    await timescale?.drop();
  }
}

async function load(
  settings: IngestSettings,
  appliance: BenchAppliance,
  database: BenchDatabase | undefined,
  say: (text: string) => void,
): Promise<IngestOutcome> {
  const tenant = `bench-${randomBytes(4).toString('hex')}`;
  const token = randomBytes(16).toString('hex');
  const perGateway = settings.devices / settings.connections;
  await appliance.api.post('/v1/devices/bulk', {
    count: settings.devices,
    id_format: deviceFormat,
    tenant,
    token,
    via_format: gatewayFormat,
    per_gateway: perGateway,
  });
  say(`${settings.devices} devices behind ${settings.connections} gateways registered`);
  const plans = connectionPlans(settings, appliance, tenant, token);
  const generators = startGenerators(settings);
  try {
    await openConnections(generators, plans, settings);
    const pid = (await database?.localPid()) ?? null;
    const databaseCpu = () => (pid === null ? null : familyCpuSeconds(pid));
    const before = { threads: await appliance.threadCpu(), database: databaseCpu() };
    const results = await goAll(generators, settings);
    const messages = results.reduce((sum, { sent }) => sum + sent.reduce((of, one) => of + one.messages, 0), 0);
    say(`${messages} messages sent; waiting until they are committed`);
    const endMs = await allCommitted(appliance, messages);
    const after = { threads: await appliance.threadCpu(), database: databaseCpu() };
    const sent: Sent[] = results.flatMap((result) => result.sent).map((one) => ({ plan: plans[one.connection]!, messages: one.messages }));
    const found = settings.store === 'null' ? undefined : await database!.readings();
    const ceiling = settings.store === 'null' ? undefined : await measureCopyCeiling(database!, tenant, sent);
    const firstMs = Math.min(...results.map(({ firstSendMs }) => firstSendMs));
    return {
      messages,
      rows: found?.rows ?? (await appliance.api.get<{ counters: { readings: number } }>('/v1/stats')).counters.readings,
      rowsExpected: messages * metricNames.length,
      sumExpected: expectedSum(sent),
      sum: found?.hundredths,
      acked: results.reduce((sum, { acked }) => sum + acked, 0),
      seconds: (endMs - firstMs) / 1000,
      sendSeconds: (Math.max(...results.map(({ lastSendMs }) => lastSendMs)) - firstMs) / 1000,
      cpuSeconds: {
        ...difference(before.threads, after.threads),
        database: before.database === null || after.database === null ? null : after.database - before.database,
        generator: results.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      },
      latency: mergedLatency(results),
      ceiling,
    };
  } finally {
    for (const generator of generators) await endGenerator(generator);
  }
}

function connectionPlans(settings: IngestSettings, appliance: BenchAppliance, tenant: string, token: string): ConnectionPlan[] {
  const devices = settings.devices / settings.connections;
  const baseMs = Date.now();
  return Array.from({ length: settings.connections }, (_, connection) => ({
    connection,
    firstDevice: connection * devices,
    devices,
    slots: slotsFor(devices, settings.batch),
    baseMs,
    host: new URL(appliance.http).hostname,
    port: appliance.mqttPort,
    clientId: formatId(gatewayFormat, connection + 1),
    tenant,
    token,
    qos: settings.qos,
    batch: settings.batch,
    window: settings.window,
  }));
}

function startGenerators({ generators }: IngestSettings): ChildProcess[] {
  const program = fileURLToPath(new URL('./load/generator.js', import.meta.url));
  return Array.from({ length: generators }, () => fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
}

async function openConnections(
  generators: readonly ChildProcess[],
  plans: readonly ConnectionPlan[],
  { devices }: IngestSettings,
): Promise<void> {
  const deviceIds = Array.from({ length: devices }, (_, index) => formatId(deviceFormat, index + 1));
  const ready = generators.map((generator, index) => {
    const connections = plans.filter(({ connection }) => connection % generators.length === index);
    return ask(generator, { kind: 'open', connections, deviceIds });
  });
  await Promise.all(ready);
}

async function goAll(generators: readonly ChildProcess[], { seconds, rate }: IngestSettings): Promise<GeneratorResult[]> {
  const messagesPerSecond = rate === undefined ? undefined : rate / generators.length;
  const answers = await Promise.all(generators.map((generator) => ask(generator, { kind: 'go', seconds, messagesPerSecond })));
  return answers.map((answer) => answer as FromGenerator & { kind: 'done' });
}

async function ask(generator: ChildProcess, question: ToGenerator): Promise<FromGenerator> {
  const ended = once(generator, 'exit').then(([code]) => {
    throw new Error(`cannot go on: the load generator ended with ${code}`);
  });
  ended.catch(() => undefined);
  generator.send(question);
  const [answer] = (await Promise.race([once(generator, 'message'), ended])) as [FromGenerator];
  return answer;
}

async function endGenerator(generator: ChildProcess): Promise<void> {
  if (generator.exitCode !== null || generator.signalCode !== null) return;
  const exited = once(generator, 'exit');
  if (generator.connected) generator.disconnect();
  const timer = setTimeout(() => generator.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(timer);
}

/** Resolves to the Unix time in ms at which every message had been judged and every block committed. */
async function allCommitted({ api }: BenchAppliance, messages: number): Promise<number> {
  let last = '';
  let movedMs = performance.now();
  for (;;) {
    const { counters } = await api.get<{ counters: { records: number } }>('/v1/stats');
    const { partitions } = await api.get<{ partitions: { durable_offset: string; committed_offset: string }[] }>('/v1/pipeline/lag');
    const behind = partitions.filter((partition) => partition.durable_offset !== partition.committed_offset);
    if (counters.records >= messages && behind.length === 0) return performance.timeOrigin + performance.now();
    const now = `${counters.records} ${partitions.map(({ committed_offset }) => committed_offset)}`;
    if (now !== last) movedMs = performance.now();
    last = now;
    if (performance.now() - movedMs > stallMsMax)
      throw new Error(`cannot end the run: ${counters.records} of ${messages} messages were judged and nothing moves`);
    await delay(pollMs);
  }
}

function expectedSum(sent: readonly Sent[]): number {
  let sum = 0;
  for (const { plan, messages } of sent) {
    for (let message = 0; message < messages; message++) {
      const device = deviceOf(plan, message);
      const turn = turnOf(plan, message);
      for (let metric = 0; metric < metricNames.length; metric++) sum += hundredths(device, turn, metric);
    }
  }
  return sum;
}

function difference(before: ThreadCpu, after: ThreadCpu): ThreadCpu {
  const of = (name: keyof ThreadCpu) => (before[name] === undefined || after[name] === undefined ? undefined : after[name] - before[name]);
  return { gateway: of('gateway'), log: of('log'), pipeline: of('pipeline'), store: of('store'), main: of('main') };
}

function mergedLatency(results: readonly GeneratorResult[]): AckLatency {
  const all = new AckLatency();
  for (const { ackBuckets } of results) all.add(new AckLatency(ackBuckets));
  return all;
}
