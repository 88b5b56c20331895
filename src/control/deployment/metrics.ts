import { counter, gauge, type Metric } from '../../telemetry/metric.js';
import type { Deployment } from './deployment.js';

export function deploymentMetrics(deployment: Pick<Deployment, 'peers' | 'skipped'>): Metric[] {
  return [
    gauge('spillway_peer_processes', 'Other processes of the deployment that are there', () => deployment.peers),
    counter(
      'spillway_live_readings_not_relayed_total',
      'Readings left out on the way to live views of other processes',
      () => deployment.skipped,
    ),
  ];
}
