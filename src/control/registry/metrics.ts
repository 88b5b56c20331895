import { gauge, type Metric } from '../../telemetry/metric.js';
import type { Registry } from './registry.js';

export function registryMetrics(registry: Pick<Registry, 'size'>): Metric[] {
  return [gauge('spillway_devices', 'Devices in the registry', () => registry.size)];
}
