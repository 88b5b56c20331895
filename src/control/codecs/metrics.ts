import type { Metric } from '../../telemetry/metric.js';
import type { RunCounts } from './run-counts.js';

export function codecMetrics(counts: Pick<RunCounts, 'of'>): Metric[] {
  const byCodec = (name: string, help: string, kind: Parameters<RunCounts['of']>[0]): Metric => {
    return { kind: 'counter', name, help, label: 'codec', values: () => counts.of(kind) };
  };
  return [
    byCodec('spillway_codec_runs_total', 'Messages that codecs decoded or refused in partitions of this process, replays included', 'runs'),
    byCodec('spillway_codec_fuel_total', 'Instructions that they took', 'fuel'),
    byCodec('spillway_codec_failures_total', 'Those of them that became dead letters by a fault of the codec', 'failures'),
  ];
}
