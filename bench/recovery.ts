import { setTimeout as delay } from 'node:timers/promises';
import type { BenchAppliance } from './appliance.js';
import { type BenchCommand, isProgram, runCommand } from './command.js';
import type { BenchDatabase } from './database.js';
import { ingestOptionNames, ingestSettings } from './ingest.js';
import { allCommitted, type IngestSettings, type Site, withSite } from './ingest-run.js';
import { Load, type LoadOutcome } from './load/load.js';
import { deviceOf, metricNames, sumOf, turnsOf } from './load/messages.js';
import { describeMachine } from './machine.js';
import { type Figures, rounded } from './median.js';
import { residentBytes } from './memory.js';
import { standStill } from './standstill.js';

const help = `npm run -s bench:recovery -- [--json] [--rate N] [--outage-seconds N] [--warm-seconds N] and the other options of bench:ingest

Loads an appliance at a given rate with QoS 1. First it is killed and started again: how long from the kill until it is ready, and until
every durable message is committed. Then, another one, its database stands still without a word while the load goes on: how fast
the store catches up, against the rate of the load. Exit code 1 when an acknowledged message is missing or a row is doubled.

  --rate 100000   --outage-seconds 60   --warm-seconds 10  of load before the kill and the outage   --seconds  of load after the outage
  (default: twice the outage)           --connections 20`;

interface RecoverySettings extends IngestSettings {
  readonly rate: number;
  readonly outageSeconds: number;
  readonly warmSeconds: number;
}

interface Lag {
  readonly lag_bytes: number;
  readonly partitions: readonly { readonly committed_messages: number }[];
}

const pollMs = 50;

async function run(settings: RecoverySettings, say: (text: string) => void) {
  const killed = await withSite(settings, say, (site) => kill(settings, site, say));
  const outage = await withSite(settings, say, (site) => standstill(settings, site, say));
  const { wrong: first, ...kill_ } = killed;
  const { wrong: second, ...outage_ } = outage;
  return { figures: { kill: kill_, outage: outage_, settings, machine: describeMachine() }, wrong: first ?? second };
}

/** Killed under load; the load ends with it. */
async function kill(settings: RecoverySettings, { appliance, database, target }: Site, say: (text: string) => void) {
  const load = await Load.open(target, { ...settings, seconds: settings.warmSeconds * 10, untilBroken: true });
  try {
    const loaded = load.go();
    await delay(settings.warmSeconds * 1000);
    const lagBytes = (await lagOf(appliance)).lag_bytes;
    const killedMs = performance.now();
    await appliance.kill();
    const sent = await loaded;
    await appliance.startAgain();
    const since = () => rounded((performance.now() - killedMs) / 1000);
    const startedSeconds = since();
    await appliance.ready();
    const readySeconds = since();
    await allCommitted(appliance, 0);
    const caughtUpSeconds = since();
    say(`killed after ${sent.acked} acknowledged messages; ready after ${readySeconds} s, caught up after ${caughtUpSeconds} s`);
    const messagesPerSecond = Math.round(sent.acked / ((sent.lastSendMs - sent.firstSendMs) / 1000));
    const found = await answer(database, sent, sent.messages);
    return { messagesPerSecond, acked: sent.acked, lagBytes, startedSeconds, readySeconds, caughtUpSeconds, ...found };
  } finally {
    await load.end();
  }
}

/** The database stands still; the load goes on until after it, or until it is caught up. */
async function standstill(settings: RecoverySettings, { appliance, database, target }: Site, say: (text: string) => void) {
  const pid = await database?.localPid();
  if (!database || !pid) throw new Error('cannot stop the database: it does not run on this machine');
  const { warmSeconds, outageSeconds, seconds } = settings;
  const load = await Load.open(target, { ...settings, seconds: warmSeconds + outageSeconds + seconds });
  try {
    const loaded = load.go();
    let loading = true;
    const ended = loaded.finally(() => {
      loading = false;
    });
    ended.catch(() => undefined);
    await delay(warmSeconds * 1000);
    const goOn = standStill(pid);
    const rssBytes = residentBytes(appliance.pid);
    let rssHighestBytes = rssBytes;
    let told = false;
    try {
      for (const endMs = performance.now() + outageSeconds * 1000; performance.now() < endMs; await delay(pollMs * 4)) {
        told ||= (await fetch(`${appliance.http}/readyz`)).status === 503;
        rssHighestBytes = Math.max(rssHighestBytes, residentBytes(appliance.pid));
      }
    } finally {
      goOn();
    }
    const { lagBytes, ...caught } = await catchUp(appliance, () => loading);
    const sent = await ended;
    await allCommitted(appliance, sent.messages);
    const inputPerSecond = Math.round(sent.messages / ((sent.lastSendMs - sent.firstSendMs) / 1000));
    const ratio = rounded(caught.committedPerSecond / inputPerSecond);
    say(`${lagBytes} bytes waited; caught up in ${caught.catchUpSeconds} s at ${caught.committedPerSecond} messages a second`);
    const found = await answer(database, sent, sent.acked);
    const wrong =
      found.wrong ?? (sent.acked === sent.messages ? undefined : `${sent.acked} of ${sent.messages} messages were acknowledged`);
    return {
      inputPerSecond,
      outageSeconds,
      lagBytes,
      ...caught,
      ratio,
      told,
      rssBytes,
      rssHighestBytes,
      acked: sent.acked,
      ...found,
      wrong,
    };
  } finally {
    await load.end();
  }
}

/** From now until no more waits than comes in a moment. `underLoad`: the load went on all the while. */
async function catchUp(appliance: BenchAppliance, loading: () => boolean) {
  const startMs = performance.now();
  const first = await lagOf(appliance);
  let underLoad = true;
  for (;;) {
    const now = await lagOf(appliance);
    underLoad &&= loading();
    const seconds = (performance.now() - startMs) / 1000;
    // A fiftieth of what waited is on its way in batches.
    if (now.lag_bytes <= first.lag_bytes / 50 || now.lag_bytes === 0) {
      const committedPerSecond = Math.round((committedOf(now) - committedOf(first)) / seconds);
      return { lagBytes: first.lag_bytes, catchUpSeconds: rounded(seconds), committedPerSecond, underLoad };
    }
    await delay(pollMs);
  }
}

function lagOf({ api }: BenchAppliance): Promise<Lag> {
  return api.get<Lag>('/v1/pipeline/lag');
}

function committedOf({ partitions }: Lag): number {
  return partitions.reduce((sum, { committed_messages }) => sum + committed_messages, 0);
}

/**
 * Every acknowledged message is there and none twice: a device's messages are a millisecond apart from its first on, so their
 * number, the last and the sum of all tell. Not more than `messagesMax`.
 */
async function answer(database: BenchDatabase | undefined, sent: LoadOutcome, messagesMax: number) {
  if (!database) throw new Error('cannot count rows: there is no database');
  const baseMs = sent.sent[0]?.baseMs ?? 0;
  const found = await database.sql<{ place: number; rows: number; turns: number; sum: number }[]>`
    with counted as (
      select device_id, metric_id, count(*) as rows, sum((extract(epoch from ts) * 1000)::bigint - ${baseMs}) as sum,
        (extract(epoch from max(ts)) * 1000)::bigint - ${baseMs} + 1 as turns
      from readings group by 1, 2)
    select substring(device.name from 5)::int - 1 as place, counted.rows::int, turns::int, sum::float8
    from counted join devices device on device.id = device_id`;
  const rowsOf = new Map<number, number>();
  for (const { place, rows } of found) rowsOf.set(place, (rowsOf.get(place) ?? 0) + rows);
  const rows = found.reduce((sum, one) => sum + one.rows, 0);
  const doubled = found.reduce((sum, one) => sum + Math.max(0, one.rows - one.turns), 0);
  let missing = 0;
  for (const one of sent.acknowledged)
    for (let index = 0; index < one.devices; index++) {
      const expected = turnsOf(one, index, one.messages) * metricNames.length;
      missing += Math.max(0, expected - (rowsOf.get(deviceOf(one, index)) ?? 0));
    }
  const uneven = found.filter(({ rows: count, turns, sum }) => count !== turns || sum !== (turns * (turns - 1)) / 2).length;
  const whole = rows === messagesMax * metricNames.length;
  const sums = whole && uneven === 0 && (await database.readings()).hundredths !== sumOf(sent.sent);
  const faults: [boolean, string][] = [
    [missing > 0, `${missing} rows of acknowledged messages are missing`],
    [doubled > 0, `${doubled} rows are doubled`],
    [uneven > 0, `${uneven} series have gaps or other times than those sent`],
    [rows > messagesMax * metricNames.length, `${rows} rows are in the database, of ${messagesMax} messages`],
    [sums, 'the values do not add up to those sent'],
  ];
  return { rows, missing, doubled, wrong: faults.find(([fault]) => fault)?.[1] };
}

function describe(figures: Figures): string {
  const { kill, outage } = figures as unknown as Awaited<ReturnType<typeof run>>['figures'];
  return [
    `killed at ${kill.messagesPerSecond} messages a second: ready after ${kill.readySeconds} s, caught up after ${kill.caughtUpSeconds} s; ${kill.missing} rows missing, ${kill.doubled} doubled`,
    `database still for ${outage.outageSeconds} s at ${outage.inputPerSecond} messages a second: caught up in ${outage.catchUpSeconds} s, ${outage.committedPerSecond} a second, ${outage.ratio} times the input${outage.underLoad ? '' : ' (which ended before)'}; ${outage.missing} rows missing, ${outage.doubled} doubled`,
  ].join('\n');
}

const command: BenchCommand<RecoverySettings> = {
  name: 'bench:recovery',
  help,
  options: [...ingestOptionNames, 'outage-seconds', 'warm-seconds'],
  settingsOf: (options) => {
    const outageSeconds = options.above('outage-seconds', 60);
    const settings = ingestSettings(options, { qos: 1, connections: 20, rate: 100_000, seconds: outageSeconds * 2, ceiling: false });
    if (settings.qos === 0) throw new Error('--qos must be 1: what is not acknowledged may be lost');
    if (settings.store !== 'embedded') throw new Error('--store must be embedded: the bench stops the server');
    return { ...settings, rate: settings.rate ?? 100_000, outageSeconds, warmSeconds: options.above('warm-seconds', 10) };
  },
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
