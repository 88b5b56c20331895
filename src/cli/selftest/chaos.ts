import { randomBytes } from 'node:crypto';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import type { LagAnswer } from '../../contract/answers/operation.js';
import { CommandFailure } from '../command-failure.js';
import type { Fault, Strike } from './faults.js';
import { type Brokers, startBrokers } from './kafka/brokers.js';
import { type LedgerReport, readLedger } from './ledger.js';
import { type Plan, runsOf, type Stage } from './plan.js';
import { ChaosPublisher } from './publisher.js';
import { ChaosSite } from './site.js';
import { type Difference, differenceOf } from './verdict.js';

const gateways = 4;
const devicesPerGateway = 10;
const messagesPerSecond = 1000;
const tickMs = 10;
const settleMsMax = 120_000;

/** What one fault did; counts of messages are totals since its appliance was new, as is what they are compared with. */
export interface FaultReport extends Difference {
  readonly fault: string;
  readonly did: string;
  /** Whether the fault could strike at all. */
  readonly struck: boolean;
  readonly sent: number;
  readonly acknowledged: number;
  readonly unanswered: number;
  /** From when a message fell due until its acknowledgement. */
  readonly ack_ms: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number } | null;
  readonly longest_silence_ms: number;
  readonly catch_up_ms: number;
  readonly ledger: LedgerReport;
  readonly passed: boolean;
}

export interface ChaosOptions {
  readonly program: string;
  readonly plan: Plan;
  /** Of load, over all faults. */
  readonly seconds: number;
  /** Hears of each fault as soon as it is over. */
  say(report: FaultReport): void;
  readonly stopping: AbortSignal;
}

/** Starts appliances of its own, strikes them with one fault after another under load, and looks at every message after each. */
export async function runChaos(options: ChaosOptions): Promise<FaultReport[]> {
  const { plan, stopping } = options;
  const reports: FaultReport[] = [];
  const brokers = plan.kafka ? await brokersOf(options) : undefined;
  try {
    for (const stage of plan.stages) if (!stopping.aborted) await runStage(stage, brokers, options, reports);
  } catch (error) {
    // Ctrl-C may have reached the appliance and the brokers, too.
    if (!stopping.aborted) throw error;
  } finally {
    await brokers?.stop();
  }
  return reports;
}

async function brokersOf({ stopping }: ChaosOptions): Promise<Brokers | undefined> {
  const started = await startBrokers(3).catch((error: Error) => ({ missing: error.message }));
  if (!('missing' in started)) return started;
  if (stopping.aborted) return undefined;
  throw new CommandFailure('brokers_missing', `cannot start Kafka brokers: ${started.missing}`, {
    wayOut: 'install Java 17 and Maven, which fetches org.apache.kafka:kafka_2.13 once; or leave out --kafka',
  });
}

async function runStage(stage: Stage, brokers: Brokers | undefined, options: ChaosOptions, reports: FaultReport[]): Promise<void> {
  const { program, plan, say, stopping } = options;
  const seconds = Math.min(options.seconds / runsOf(plan), stage.secondsMax);
  const site = new ChaosSite(program, { smallDisk: stage.smallDisk, brokers });
  const publishers: ChaosPublisher[] = [];
  try {
    await site.start();
    publishers.push(...(await connectFleet(site)));
    for (const fault of stage.faults) {
      if (stopping.aborted) break;
      const isLast = fault === stage.faults.at(-1);
      const report = await judge({ fault, site, publishers, seconds, isLast, stopping });
      if (!report) break;
      reports.push(report);
      say(report);
    }
  } finally {
    await Promise.all(publishers.map((publisher) => publisher.end()));
    await site.end();
  }
}

async function connectFleet(site: ChaosSite): Promise<ChaosPublisher[]> {
  const token = randomBytes(16).toString('hex');
  const count = gateways * devicesPerGateway;
  const fleet = { count, id_format: 'chaos-%d', token, via_format: 'chaos-gw-%d', per_gateway: devicesPerGateway };
  await site.api.post('/v1/devices/bulk', fleet);
  return Array.from({ length: gateways }, (_, gateway) => {
    const devices = Array.from({ length: devicesPerGateway }, (_, place) => `chaos-${gateway * devicesPerGateway + place + 1}`);
    return new ChaosPublisher(site.mqttPort, `chaos-gw-${gateway + 1}`, devices, token);
  });
}

interface Run {
  readonly fault: Fault;
  readonly site: ChaosSite;
  readonly publishers: readonly ChaosPublisher[];
  readonly seconds: number;
  /** The last one of this appliance. */
  readonly isLast: boolean;
  readonly stopping: AbortSignal;
}

/** Undefined: it was interrupted, and Ctrl-C may have reached the appliance too. */
async function judge({ fault, site, publishers, seconds, isLast, stopping }: Run): Promise<FaultReport | undefined> {
  for (const publisher of publishers) publisher.reset();
  const loadEnds = new AbortController();
  const load = publishUntil(loadEnds.signal, publishers);
  let strike: Strike;
  try {
    await delay(seconds * 250, undefined, { signal: stopping }).catch(() => undefined);
    strike = stopping.aborted ? { did: '' } : await fault.strike(site, publishers, seconds / 2);
    await delay(seconds * 250, undefined, { signal: stopping }).catch(() => undefined);
  } finally {
    loadEnds.abort();
    await load;
  }
  const endMs = performance.now();
  await untilHolds(stopping, () => publishers.every((publisher) => publisher.unanswered === 0));
  await untilHolds(stopping, async () => {
    const lag = await site.api.get<LagAnswer>('/v1/pipeline/lag').catch(() => undefined);
    return lag?.lag_bytes === 0;
  });
  if (stopping.aborted) return undefined;
  const catch_up_ms = Math.round(performance.now() - endMs);
  const ledger = await readLedger(site.api, isLast, stopping);
  const difference = await compare(site, publishers);
  const figures = figuresOf(publishers);
  const struck = strike.missed === undefined;
  const passed = struck && difference.lost + difference.doubled + difference.strange + figures.unanswered === 0 && ledger.balanced;
  return { fault: fault.name, did: strike.did, struck, ...figures, catch_up_ms, ...difference, ledger, passed };
}

/** Open-loop: messages fall due whatever becomes of those before. */
async function publishUntil(end: AbortSignal, publishers: readonly ChaosPublisher[]): Promise<void> {
  const startMs = performance.now();
  for (let due = 0; !end.aborted; await delay(tickMs)) {
    const dueNow = Math.floor(((performance.now() - startMs) * messagesPerSecond) / 1000);
    for (; due < dueNow; due++) publishers[due % publishers.length]?.publish(startMs + (due * 1000) / messagesPerSecond);
  }
}

/** Gives up at its deadline: what is missing then is in the report. */
async function untilHolds(stopping: AbortSignal, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + settleMsMax;
  while (!stopping.aborted && !(await check()) && performance.now() < deadlineMs) await delay(tickMs);
}

function figuresOf(publishers: readonly ChaosPublisher[]) {
  const sum = (of: (publisher: ChaosPublisher) => number) => publishers.reduce((total, publisher) => total + of(publisher), 0);
  const ackUs = createHistogram();
  for (const publisher of publishers) ackUs.add(publisher.ackUs);
  const ms = (percentile: number) => Math.round(ackUs.percentile(percentile) / 100) / 10;
  return {
    sent: sum(({ sent }) => sent),
    acknowledged: sum(({ answered }) => answered),
    unanswered: sum(({ unanswered }) => unanswered),
    ack_ms: ackUs.count > 0 ? { p50: ms(50), p95: ms(95), p99: ms(99), max: ms(100) } : null,
    longest_silence_ms: Math.round(Math.max(...publishers.map(({ silenceMs }) => silenceMs))),
  };
}

/** Looks every message up in the database. */
async function compare(site: ChaosSite, publishers: readonly ChaosPublisher[]): Promise<Difference> {
  const sql = postgres(site.databaseUrl, { max: 1 });
  try {
    const rows = await sql<{ device_id: string; values: number[] }[]>`
      select device_id, array_agg(value) as values from raw_metrics where metric_name = 'n' group by 1`;
    const values = new Map(rows.map((row) => [row.device_id, row.values]));
    const found = { stored: 0, lost: 0, doubled: 0, strange: 0 };
    for (const publisher of publishers) {
      for (const [device, acknowledged] of publisher.acknowledged) {
        const difference = differenceOf(acknowledged, values.get(device) ?? [], publisher.lastOf(device));
        for (const name of ['stored', 'lost', 'doubled', 'strange'] as const) found[name] += difference[name];
      }
    }
    return found;
  } finally {
    await sql.end();
  }
}
