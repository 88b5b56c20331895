import { counter, gauge, type Metric } from '../../telemetry/metric.js';
import type { LiveHub } from './live-hub.js';

export function liveMetrics(hub: Pick<LiveHub, 'clients' | 'sent' | 'skipped'>): Metric[] {
  return [
    gauge('spillway_live_clients', 'Open live views', () => hub.clients),
    counter('spillway_live_readings_sent_total', 'Readings sent to live views', () => hub.sent),
    counter('spillway_live_readings_skipped_total', 'Readings left out for slow live views', () => hub.skipped),
  ];
}
