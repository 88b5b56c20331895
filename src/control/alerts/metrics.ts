import type { Metric } from '../../telemetry/metric.js';
import type { Alerts } from './alerts.js';

export function alertMetrics(alerts: Pick<Alerts, 'states'>): Metric[] {
  return [
    {
      kind: 'gauge',
      name: 'spillway_alerts',
      help: 'Whether an alert of this process holds; 1: it does',
      label: 'rule',
      values: () => alerts.states.map(([rule, isOpen]) => [rule, isOpen ? 1 : 0]),
    },
  ];
}
