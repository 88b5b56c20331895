import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { type Fault, faults } from './faults.js';
import { ChaosPublisher } from './publisher.js';
import { ChaosSite } from './site.js';
import { type Difference, differenceOf } from './verdict.js';

const gateways = 4;
const devicesPerGateway = 10;
const messagesPerSecond = 1000;
const tickMs = 10;
const settleMsMax = 120_000;

/** What one fault did; counts of messages are totals since the start, as is what they are compared with. */
export interface FaultReport extends Difference {
  readonly fault: string;
  readonly did: string;
  readonly sent: number;
  readonly acknowledged: number;
  readonly unanswered: number;
  readonly ack_ms: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  readonly longest_silence_ms: number;
  readonly catch_up_ms: number;
  readonly passed: boolean;
}

/** Starts an appliance of its own, strikes it with one fault after another under load, and looks at every message after each. */
export async function runChaos(
  program: string,
  seconds: number,
  say: (report: FaultReport) => void,
  stopping: AbortSignal,
): Promise<FaultReport[]> {
  const site = new ChaosSite(program);
  const publishers: ChaosPublisher[] = [];
  const reports: FaultReport[] = [];
  try {
    await site.start();
    publishers.push(...(await connectFleet(site)));
    for (const fault of faults) {
      if (stopping.aborted) break;
      const report = await judge(fault, site, publishers, seconds / faults.length, stopping);
      if (!report) break;
      reports.push(report);
      say(report);
    }
  } finally {
    await Promise.all(publishers.map((publisher) => publisher.end()));
    await site.end();
  }
  return reports;
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

/** Undefined: it was interrupted, and Ctrl-C may have reached the appliance too. */
async function judge(
  fault: Fault,
  site: ChaosSite,
  publishers: readonly ChaosPublisher[],
  seconds: number,
  stopping: AbortSignal,
): Promise<FaultReport | undefined> {
  for (const publisher of publishers) publisher.reset();
  const loadEnds = new AbortController();
  const load = publishUntil(loadEnds.signal, publishers);
  let did: string;
  try {
    await delay(seconds * 250, undefined, { signal: stopping }).catch(() => undefined);
    did = stopping.aborted ? '' : await fault.strike(site, publishers, seconds / 2);
    await delay(seconds * 250, undefined, { signal: stopping }).catch(() => undefined);
  } finally {
    loadEnds.abort();
    await load;
  }
  const endMs = performance.now();
  await untilHolds(stopping, () => publishers.every((publisher) => publisher.unanswered === 0));
  await untilHolds(stopping, async () => {
    const lag = await site.api.get<{ lag_bytes: number }>('/v1/pipeline/lag').catch(() => undefined);
    return lag?.lag_bytes === 0;
  });
  if (stopping.aborted) return undefined;
  const catchUpMs = performance.now() - endMs;
  return { fault: fault.name, did, catch_up_ms: Math.round(catchUpMs), ...figuresOf(publishers), ...(await compare(site, publishers)) };
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
  const slowest = (percentile: number) => Math.max(...publishers.map(({ ackUs }) => ackUs.percentile(percentile)));
  const ms = (us: number) => Math.round(us / 100) / 10;
  const hasAnswers = publishers.every(({ ackUs }) => ackUs.count > 0);
  return {
    sent: sum(({ sent }) => sent),
    acknowledged: sum(({ answered }) => answered),
    unanswered: sum(({ unanswered }) => unanswered),
    ack_ms: hasAnswers ? { p50: ms(slowest(50)), p99: ms(slowest(99)), max: ms(slowest(100)) } : null,
    longest_silence_ms: Math.round(Math.max(...publishers.map(({ silenceMs }) => silenceMs))),
  };
}

/** Looks every message up in the database. */
async function compare(site: ChaosSite, publishers: readonly ChaosPublisher[]) {
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
    const unanswered = publishers.reduce((sum, publisher) => sum + publisher.unanswered, 0);
    return { ...found, passed: found.lost + found.doubled + found.strange + unanswered === 0 };
  } finally {
    await sql.end();
  }
}
