import type { Metric } from '../../telemetry/metric.js';
import type { Packs } from './packs.js';

export function packMetrics(packs: Pick<Packs, 'outcomes'>): Metric[] {
  const help = 'Calls of this process that were to install, roll back or remove a device pack, by what became of them';
  return [{ kind: 'counter', name: 'spillway_pack_changes_total', help, label: 'outcome', values: () => packs.outcomes }];
}
