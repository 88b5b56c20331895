import { setTimeout as delay } from 'node:timers/promises';
import type { BenchAppliance } from './appliance.js';
import { type BenchCommand, isProgram, runCommand } from './command.js';
import { ingestOptionNames, ingestSettings } from './ingest.js';
import { allCommitted, type IngestSettings, runIngest, type Site, withSite } from './ingest-run.js';
import { Load } from './load/load.js';
import { metricNames, sumOf } from './load/messages.js';
import { describeMachine } from './machine.js';
import { type Figures, rounded, roundedOrNull } from './median.js';
import { residentBytes } from './memory.js';
import { chartOf, type Flatness, flatnessOf, type Sample } from './soak-curve.js';

const help = `npm run -s bench:soak -- [--json] [--minutes N] [--every N] [--rate N] and the other options of bench:ingest

Finds how many messages a second are committed, then sends half as many for some minutes and looks at the appliance's resident memory,
its JavaScript heap and its lag every few seconds. Exit code 1 when resident memory grows by 5 % or more over the last two thirds, or when
rows are missing in the end.

  --minutes 10   --every 5  seconds   --rate  instead of half of what was found   --seconds 5  of the search   --qos 1   --connections 20`;

interface SoakSettings extends IngestSettings {
  readonly minutes: number;
  readonly everySeconds: number;
}

interface SoakFigures extends Flatness {
  readonly messages: number;
  readonly rows: number;
  readonly messagesPerSecond: number;
  readonly found: number | null;
  readonly drainSeconds: number;
  readonly stopSeconds: number;
  readonly ackMs: { readonly p50: number | null; readonly p99: number | null; readonly p999: number | null; readonly max: number | null };
  readonly curve: readonly Sample[];
}

async function run(settings: SoakSettings, say: (text: string) => void) {
  let found: number | null = null;
  if (settings.rate === undefined) {
    const { messages, seconds } = await runIngest({ ...settings, ceiling: false }, () => undefined);
    found = Math.round(messages / seconds);
    say(`${found} messages a second are committed at full speed`);
  }
  const rate = settings.rate ?? found! / 2;
  say(`${Math.round(rate)} messages a second for ${settings.minutes} minutes`);
  let endedMs = 0;
  const outcome = await withSite(settings, say, async (site) => {
    const soaked = await soak({ ...settings, rate, seconds: settings.minutes * 60 }, site);
    endedMs = performance.now();
    return soaked;
  });
  const stopSeconds = rounded((performance.now() - endedMs) / 1000);
  const { wrong, ...rest } = outcome;
  const figures = { ...rest, found, stopSeconds, settings, machine: describeMachine() };
  const grows = rest.flat === false ? `resident memory grows by ${rest.bytesPerMinute} bytes a minute` : undefined;
  return { figures, wrong: wrong ?? grows };
}

async function soak(settings: SoakSettings, { appliance, database, target }: Site) {
  const load = await Load.open(target, settings);
  try {
    const stop = new AbortController();
    const sampled = sample(appliance, settings.everySeconds, stop.signal);
    const done = await load.go().finally(() => stop.abort());
    const curve = await sampled;
    const endMs = await allCommitted(appliance, done.messages);
    const found = await database?.readings();
    const rows = found?.rows ?? (await appliance.api.get<{ counters: { readings: number } }>('/v1/stats')).counters.readings;
    const rowsExpected = done.messages * metricNames.length;
    const differs = found !== undefined && found.hundredths !== sumOf(done.sent) ? 'the values do not add up to those sent' : undefined;
    const { latency } = done;
    return {
      messages: done.messages,
      rows,
      messagesPerSecond: Math.round(done.messages / ((done.lastSendMs - done.firstSendMs) / 1000)),
      drainSeconds: rounded((endMs - done.lastSendMs) / 1000),
      ackMs: {
        p50: roundedOrNull(latency.percentileMs(50)),
        p99: roundedOrNull(latency.percentileMs(99)),
        p999: roundedOrNull(latency.percentileMs(99.9)),
        max: roundedOrNull(latency.maxMs),
      },
      ...flatnessOf(curve),
      curve,
      wrong: rows === rowsExpected ? differs : `${rows} rows are in the database, ${rowsExpected} were sent`,
    };
  } finally {
    await load.end();
  }
}

/** Looks every few seconds until it is told to stop. */
async function sample(appliance: BenchAppliance, everySeconds: number, stop: AbortSignal): Promise<Sample[]> {
  const curve: Sample[] = [];
  const startMs = performance.now();
  while (!stop.aborted) {
    const heap = /^nodejs_heap_size_used_bytes (\S+)/m.exec(await appliance.metrics())?.[1];
    const { lag_bytes } = await appliance.api.get<{ lag_bytes: number }>('/v1/pipeline/lag');
    const seconds = rounded((performance.now() - startMs) / 1000);
    curve.push({ seconds, rssBytes: residentBytes(appliance.pid), heapBytes: Number(heap), lagBytes: lag_bytes });
    await delay(everySeconds * 1000, undefined, { signal: stop }).catch(() => undefined);
  }
  return curve;
}

function describe(figures: Figures): string {
  const result = figures as unknown as SoakFigures;
  const line = (name: string, of: (sample: Sample) => number) => {
    const values = result.curve.map(of);
    const mib = (bytes: number | undefined) => `${((bytes ?? 0) / 2 ** 20).toFixed(1)} MiB`;
    return `${name.padEnd(5)}${chartOf(values)} highest ${mib(Math.max(...values))}, last ${mib(values.at(-1))}`;
  };
  return [
    `${result.messages} messages, ${result.messagesPerSecond} a second; ${result.rows} rows; drained in ${result.drainSeconds} s, stopped in ${result.stopSeconds} s`,
    line('rss', ({ rssBytes }) => rssBytes),
    line('heap', ({ heapBytes }) => heapBytes),
    line('lag', ({ lagBytes }) => lagBytes),
    `resident memory: ${result.bytesPerMinute} bytes a minute over the last two thirds, ${(result.growth * 100).toFixed(2)} %: ${verdict(result.flat)}`,
  ].join('\n');
}

function verdict(flat: boolean | null): string {
  return flat === null ? 'too short to judge' : flat ? 'flat' : 'it grows';
}

const command: BenchCommand<SoakSettings> = {
  name: 'bench:soak',
  help,
  options: [...ingestOptionNames, 'minutes', 'every'],
  settingsOf: (options) => ({
    ...ingestSettings(options, { qos: 1, connections: 20, ceiling: false }),
    minutes: options.above('minutes', 10),
    everySeconds: options.above('every', 5),
  }),
  run,
  describe,
};

if (isProgram(import.meta.url)) process.exitCode = await runCommand(command, process.argv.slice(2));
