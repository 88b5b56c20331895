import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchAppliance, type ThreadCpu } from './appliance.js';
import { type CopyCeiling, measureCopyCeiling } from './copy-ceiling.js';
import { BenchDatabase, timescaleDatabase } from './database.js';
import { type KafkaBroker, kafkaBroker } from './kafka-broker.js';
import { buildGenerator } from './load/build.js';
import type { Latency } from './load/latency.js';
import { deviceFormat, gatewayFormat, Load, type LoadOutcome, type LoadShape, type Target } from './load/load.js';
import { metricNames, sumOf } from './load/messages.js';
import { familyCpuSeconds, processCpuSeconds } from './process-cpu.js';

export interface IngestSettings extends LoadShape {
  readonly log: 'file' | 'kafka' | 'none';
  readonly store: 'null' | 'embedded' | 'timescale';
  /** Gateway threads and partitions of the appliance; absent: its defaults. */
  readonly gateways: number | undefined;
  readonly partitions: number | undefined;
  /** Whether the devices have a payload schema, with a range for each metric, in which all values are. */
  readonly schema: boolean;
  /** Topic rules of the tenant, none of which is about the topics that are published on. */
  readonly rules: number;
  /** Whether to measure what a bare COPY of the same rows takes. */
  readonly ceiling: boolean;
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
  /** `process`: all threads of the appliance, also those that it does not list. */
  readonly cpuSeconds: ThreadCpu & {
    readonly process: number | null;
    readonly database: number | null;
    /** Null without a Kafka log. */
    readonly broker: number | null;
    readonly generator: number;
  };
  readonly latency: Latency;
  readonly ceiling: CopyCeiling | undefined;
}

/** An appliance with a fleet registered, and its database where there is one. */
export interface Site {
  readonly appliance: BenchAppliance;
  readonly database: BenchDatabase | undefined;
  readonly broker: KafkaBroker | undefined;
  readonly tenant: string;
  readonly target: Target;
}

const DEVICE_CLASS = 'bench';
const definition = {
  schema_definition: {
    fields: Object.fromEntries(metricNames.map((name) => [name, { type: 'number', min: -1e9, max: 1e9, required: true }])),
  },
};

const pollMs = 10;
/** Without any progress for so long the run is broken. */
const stallMsMax = 60_000;

/** Starts an appliance, loads it, waits until every row is committed, and counts. */
export function runIngest(settings: IngestSettings, say: (text: string) => void): Promise<IngestOutcome> {
  return withSite(settings, say, (site) => load(settings, site, say));
}

/** Starts an appliance on its store, registers the fleet, and ends and removes everything after the work. */
export async function withSite<T>(
  settings: Pick<IngestSettings, 'store' | 'gateways' | 'partitions' | 'devices' | 'connections'> &
    Partial<Pick<IngestSettings, 'log' | 'schema' | 'rules'>> & { readonly deviceRate?: number },
  say: (text: string) => void,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  // Without it there is no reason to begin.
  buildGenerator();
  const timescale = settings.store === 'timescale' ? await timescaleDatabase(process.env.SPILLWAY_DATABASE_URL) : undefined;
  const environment: Record<string, string> = {};
  if (timescale) environment.SPILLWAY_DATABASE_URL = timescale.url;
  if (settings.store === 'null') environment.SPILLWAY_STORE = 'null';
  if (settings.gateways !== undefined) environment.SPILLWAY_GATEWAYS = String(settings.gateways);
  if (settings.partitions !== undefined) environment.SPILLWAY_PARTITIONS = String(settings.partitions);
  if (settings.deviceRate !== undefined) environment.SPILLWAY_DEVICE_RATE = String(settings.deviceRate);
  if (settings.log === 'none') environment.SPILLWAY_LOG = 'none';
  const broker = settings.log === 'kafka' ? await kafkaBroker() : undefined;
  try {
    const appliance = await BenchAppliance.start({ ...environment, ...broker?.settings });
    const url = timescale?.url ?? appliance.databaseUrl;
    const database = url === undefined ? undefined : new BenchDatabase(url);
    try {
      if (settings.store !== 'null' && !database) throw new Error('cannot count rows: the appliance does not say where its database is');
      say(`the appliance is process ${appliance.pid}`);
      await appliance.ready();
      const { tenant, target } = await registerFleet(settings, appliance, say);
      return await work({ appliance, database: settings.store === 'null' ? undefined : database, broker, tenant, target });
    } finally {
      await database?.close();
      await appliance.stop();
    }
  } finally {
    await broker?.forget();
    await timescale?.drop();
  }
}

/** Registers the devices of a load as a tenant of their own. */
export async function registerFleet(
  { devices, connections, schema = false, rules = 0 }: Pick<IngestSettings, 'devices' | 'connections'> & Partial<IngestSettings>,
  appliance: BenchAppliance,
  say: (text: string) => void,
): Promise<{ tenant: string; target: Target }> {
  const tenant = `bench-${randomBytes(4).toString('hex')}`;
  const token = randomBytes(16).toString('hex');
  const startMs = performance.now();
  const fleet = { id_format: deviceFormat, tenant, token, via_format: gatewayFormat, per_gateway: devices / connections };
  await appliance.api.post('/v1/devices/bulk', { count: devices, ...fleet, ...(schema && { device_class: DEVICE_CLASS }) });
  say(`${devices} devices behind ${connections} gateways registered in ${Math.round(performance.now() - startMs)} ms`);
  if (schema)
    await appliance.api.post('/v1/schemas', { tenant, device_class: DEVICE_CLASS, format: 'json', mode: 'strict', ...definition });
  for (let rule = 0; rule < rules; rule++) {
    const form = { name: `bench-${rule}`, pattern: `bench/${rule}/{device}/#`, device: 'level:device', decoder: 'json' };
    await appliance.api.post('/v1/topic-rules', { tenant, ...form });
  }
  const host = new URL(appliance.http).hostname;
  return { tenant, target: { host, port: appliance.mqttPort, userName: tenant, password: token } };
}

async function load(settings: IngestSettings, site: Site, say: (text: string) => void): Promise<IngestOutcome> {
  const { appliance, database } = site;
  const generators = await Load.open(site.target, settings);
  try {
    const pid = (await database?.localPid()) ?? null;
    const cpu = async () => ({
      threads: await appliance.threadCpu(),
      process: processCpuSeconds(appliance.pid),
      database: pid === null ? null : familyCpuSeconds(pid),
      broker: site.broker?.cpuSeconds() ?? null,
    });
    const before = await cpu();
    const sent = await generators.go();
    say(`${sent.messages} messages sent; waiting until they are committed`);
    const endMs = await allCommitted(appliance, sent.messages);
    const after = await cpu();
    const cpuSeconds = {
      ...difference(before.threads, after.threads),
      process: minus(after.process, before.process),
      database: minus(after.database, before.database),
      broker: minus(after.broker, before.broker),
      generator: sent.cpuSeconds,
    };
    return { ...(await counted(settings, site, sent)), seconds: (endMs - sent.firstSendMs) / 1000, cpuSeconds };
  } finally {
    await generators.end();
  }
}

/** What was sent and what is there, and what a bare COPY does. No clock of the load runs any more. */
async function counted({ ceiling }: IngestSettings, { appliance, database, tenant }: Site, sent: LoadOutcome) {
  const found = await database?.readings();
  return {
    messages: sent.messages,
    rows: found?.rows ?? (await appliance.api.get<{ counters: { readings: number } }>('/v1/stats')).counters.readings,
    rowsExpected: sent.messages * metricNames.length,
    sumExpected: sumOf(sent.sent),
    sum: found?.hundredths,
    acked: sent.acked,
    sendSeconds: (sent.lastSendMs - sent.firstSendMs) / 1000,
    latency: sent.latency,
    ceiling: database && ceiling ? await measureCopyCeiling(database, tenant, sent.sent) : undefined,
  };
}

/** Resolves to the Unix time in ms at which every message had been judged and every block committed. */
export async function allCommitted({ api }: BenchAppliance, messages: number): Promise<number> {
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

function minus(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before;
}

function difference(before: ThreadCpu, after: ThreadCpu): ThreadCpu {
  const of = (name: keyof ThreadCpu) => (before[name] === undefined || after[name] === undefined ? undefined : after[name] - before[name]);
  return { gateway: of('gateway'), log: of('log'), pipeline: of('pipeline'), store: of('store'), main: of('main') };
}
