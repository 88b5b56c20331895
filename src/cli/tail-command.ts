import type { Command } from 'commander';
import type { LatestAnswer } from '../contract/answers/devices.js';
import { adminApi } from './admin-api.js';
import { followReadings, type LiveReading } from './live-readings.js';
import { type ApplianceOptions, configOf, withApplianceOptions } from './options.js';
import { Output, table } from './output.js';
import { ageOf, valueText } from './reading-text.js';
import { stopSignals } from './stop-signals.js';

interface TailOptions extends ApplianceOptions {
  readonly tenant: string;
}

export function addTailCommand(program: Command): void {
  withApplianceOptions(program.command('tail').argument('<device>', 'device id'))
    .summary('latest values of a device, then readings as they come')
    .description(
      'Shows the latest value of each metric, then readings as they are decoded, until Ctrl-C. A view that is too slow leaves readings out; npx spillway query has all.',
    )
    .option('--tenant <id>', 'tenant', 'default')
    .action(tail);
}

async function tail(device: string, { tenant, ...options }: TailOptions): Promise<void> {
  const output = new Output(options.json === true);
  const api = adminApi(configOf(options), options.url);
  const show = (reading: LiveReading) => {
    output.text(`${reading.ts}  ${reading.metric}  ${valueText(reading.value)}`);
    output.document({ event: 'reading', ...reading });
  };
  // Readings that come while the latest values are asked for are shown after them.
  let early: LiveReading[] | undefined = [];
  const ended = new AbortController();
  const stopping = AbortSignal.any([stopSignals(), ended.signal]);
  let shown: Promise<void> | undefined;
  const showLatest = async () => {
    const query = new URLSearchParams({ tenant });
    const answer = await api.get<LatestAnswer>(`/v1/devices/${encodeURIComponent(device)}/metrics/latest?${query}`);
    output.text(...latestLines(answer));
    output.document({ event: 'latest', ...answer });
    for (const reading of early ?? []) show(reading);
    early = undefined;
  };
  const listener = {
    onSubscribed: () => {
      shown = showLatest();
      shown.catch(() => ended.abort());
    },
    onReading: (reading: LiveReading) => (early ? early.push(reading) : show(reading)),
  };
  await followReadings(api, { tenant, device }, listener, stopping);
  await shown;
}

function latestLines({ device_id: device, metrics, partitions_not_running: notRunning }: LatestAnswer): string[] {
  const rows = Object.entries(metrics).map(([metric, { value, ts }]) => [metric, valueText(value), ts, ageOf(ts)]);
  return [
    ...(rows.length === 0 ? [`${device} has no reading yet.`] : table([['METRIC', 'VALUE', 'TIME', 'AGE'], ...rows])),
    ...(notRunning.length === 0 ? [] : ['The partition of this device does not run: newer readings may wait in the log.']),
    '--- readings as they come; Ctrl-C ends',
  ];
}
