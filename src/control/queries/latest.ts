import type { DeviceViews, LatestPoint } from '../../contract/data-plane.js';
import { DatabaseUnavailable } from '../../contract/database.js';
import { isoTime } from '../../contract/iso-time.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Device } from '../registry/device.js';
import { beforeDeadline, type MetricUnits } from '../units/metric-units.js';
import type { Queries } from './queries.js';

export interface LatestSources {
  readonly views: Pick<DeviceViews, 'latest'>;
  readonly queries: Pick<Queries, 'latest'>;
  readonly metricNames: Pick<MetricNames, 'name'>;
  readonly units: Pick<MetricUnits, 'of'>;
}

export interface LatestValue {
  readonly value: number | string;
  /** Absent: neither the schema of the device nor the device says it. */
  readonly unit?: string;
  readonly ts: string;
  /** null: it was read from the database, which does not keep it. */
  readonly received_at: string | null;
}

export interface LatestOfDevice {
  readonly metrics: ReadonlyMap<string, LatestValue>;
  /** When the newest message of these was received, ms; undefined: memory knows of none. */
  readonly receivedMs: number | undefined;
}

export interface Latest {
  /** By number. */
  readonly devices: ReadonlyMap<number, LatestOfDevice>;
  /** Partitions that nobody answered for. */
  readonly notRunning: readonly number[];
  /** Why these are the values of memory alone; undefined: those of the database are among them. */
  readonly unavailable: DatabaseUnavailable | undefined;
}

/**
 * The newest value of each metric of devices: from the pipelines' memory and from the database, whichever is newer. After a start
 * with an empty state folder memory holds only what arrived since. Waits for the database `databaseMsMax` at most.
 */
export async function latestOf(
  { views, queries, metricNames, units }: LatestSources,
  devices: readonly Device[],
  databaseMsMax = Number.POSITIVE_INFINITY,
): Promise<Latest> {
  const numbers = devices.map(({ number }) => number);
  const { points, unheld, notRunning } = await views.latest(numbers);
  // Readings of a partition that nobody runs are known to the database alone.
  const stale = new Set(notRunning.length > 0 ? numbers : unheld);
  const [stored, unitOf] = await Promise.all([
    orUnavailable(beforeDeadline(queries.latest(numbers, stale), databaseMsMax)),
    units.of(devices, databaseMsMax),
  ]);
  const known = new Map(
    devices.map((device) => [device.number, new NewestOfDevice(metricNames, (metric, name) => unitOf(device, metric, name))]),
  );
  if (!(stored instanceof DatabaseUnavailable)) for (const row of stored) known.get(row.device)?.offer(row);
  for (const point of points) known.get(point.device)?.offer(point);
  return { devices: known, notRunning, unavailable: stored instanceof DatabaseUnavailable ? stored : undefined };
}

function orUnavailable<Result>(work: Promise<Result>): Promise<Result | DatabaseUnavailable> {
  return work.catch((error: unknown) => {
    if (error instanceof DatabaseUnavailable) return error;
    throw error;
  });
}

/** The newest values of one device among those that are offered. */
class NewestOfDevice implements LatestOfDevice {
  readonly metrics = new Map<string, LatestValue>();
  receivedMs: number | undefined;
  readonly #tsMs = new Map<string, number>();
  readonly #names: LatestSources['metricNames'];
  readonly #unitOf: (metric: number, name: string) => string | undefined;

  constructor(names: LatestSources['metricNames'], unitOf: (metric: number, name: string) => string | undefined) {
    this.#names = names;
    this.#unitOf = unitOf;
  }

  /** Of equal times the later offer is taken, unless it is a number after a text: the kernel has the same rule. */
  offer({ metric, tsMs, value, receivedMs }: Pick<LatestPoint, 'metric' | 'tsMs' | 'value'> & { readonly receivedMs?: number }): void {
    if (receivedMs !== undefined) this.receivedMs = Math.max(this.receivedMs ?? 0, receivedMs);
    const name = this.#names.name(metric);
    const heldMs = name === undefined ? undefined : (this.#tsMs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (name === undefined || heldMs === undefined || value === undefined || heldMs > tsMs) return;
    if (heldMs === tsMs && typeof value === 'number' && typeof this.metrics.get(name)?.value === 'string') return;
    this.#tsMs.set(name, tsMs);
    const unit = this.#unitOf(metric, name);
    const received_at = receivedMs === undefined ? null : isoTime(receivedMs);
    this.metrics.set(name, { value, ...(unit !== undefined && { unit }), ts: isoTime(tsMs), received_at });
  }
}
