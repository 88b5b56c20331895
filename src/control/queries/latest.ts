import type { DeviceViews } from '../../contract/data-plane.js';
import { isoTime } from '../../contract/iso-time.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Device } from '../registry/device.js';
import type { Queries } from './queries.js';

export interface LatestSources {
  readonly views: Pick<DeviceViews, 'latest'>;
  readonly queries: Pick<Queries, 'latest'>;
  readonly metricNames: Pick<MetricNames, 'name'>;
}

interface LatestValue {
  readonly value: number | string;
  readonly ts: string;
  /** null: it was read from the database, which does not keep it. */
  readonly received_at: string | null;
}

/**
 * The newest value of each metric of a device: from the pipeline's memory and from the database, whichever is newer. After a
 * start with an empty state folder memory holds only what arrived since.
 */
export async function latestOf({ views, queries, metricNames }: LatestSources, device: Device) {
  const [{ points, notRunning }, stored] = await Promise.all([views.latest([device.number]), queries.latest(device.number)]);
  const metrics = new Map<string, LatestValue>();
  const newestMs = new Map<string, number>();
  const offer = (metric: number, tsMs: number, value: number | string | undefined, receivedMs: number | undefined) => {
    const name = metricNames.name(metric);
    if (name === undefined || value === undefined || (newestMs.get(name) ?? Number.NEGATIVE_INFINITY) > tsMs) return;
    // Of equal times a text is newer than a number, as the kernel has it.
    if (newestMs.get(name) === tsMs && typeof value === 'number' && typeof metrics.get(name)?.value === 'string') return;
    newestMs.set(name, tsMs);
    metrics.set(name, { value, ts: isoTime(tsMs), received_at: receivedMs === undefined ? null : isoTime(receivedMs) });
  };
  for (const { metric, tsMs, value } of stored) offer(metric, tsMs, value, undefined);
  for (const { metric, tsMs, value, receivedMs } of points) offer(metric, tsMs, value, receivedMs);
  return { metrics, notRunning };
}
