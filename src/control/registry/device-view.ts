import type { DataPlane, DeviceViews, LatestPoint } from '../../contract/data-plane.js';
import { isoTime } from '../../contract/iso-time.js';
import type { Ledger } from '../ledger/ledger.js';
import type { MetricNames } from '../metrics/metric-names.js';
import type { Device } from './device.js';
import type { Registry } from './registry.js';

export interface DeviceView {
  readonly device_id: string;
  readonly tenant: string;
  readonly number: number;
  readonly status: string;
  readonly via: string | null;
  readonly device_class: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly registered_at: string;
  readonly last_seen_at: string | null;
  readonly connected: boolean;
  readonly latest: Readonly<Record<string, { value: number | string; ts: string }>>;
}

/** Where views of devices come from. */
export interface DeviceSources {
  readonly ledger: Pick<Ledger, 'lastRejection'>;
  readonly plane: Pick<DataPlane, 'isConnected' | 'seenMs'>;
  /** The devices of all partitions, whichever process runs them. */
  readonly views: Pick<DeviceViews, 'latest'>;
  readonly registry: Pick<Registry, 'byNumber'>;
  readonly metricNames: Pick<MetricNames, 'name'>;
}

/** Devices as the API shows them, with what the pipelines' memory knows of each; `notRunning`: partitions that nobody answered for. */
export async function viewDevices(
  { ledger, plane, views, registry, metricNames }: DeviceSources,
  devices: readonly Device[],
): Promise<{ readonly devices: DeviceView[]; readonly notRunning: readonly number[] }> {
  const { points, notRunning } = await views.latest(devices.map(({ number }) => number));
  const byDevice = new Map<number, LatestPoint[]>();
  for (const point of points) {
    const known = byDevice.get(point.device);
    if (known) known.push(point);
    else byDevice.set(point.device, [point]);
  }
  const viewed = devices.map((device) => {
    const own = byDevice.get(device.number) ?? [];
    const refusedMs = ledger.lastRejection(device.number)?.atMs ?? 0;
    const seenMs = own.reduce(
      (newest, { receivedMs }) => Math.max(newest, receivedMs),
      Math.max(refusedMs, plane.seenMs(device.number) ?? 0),
    );
    return {
      device_id: device.id,
      tenant: device.tenant,
      number: device.number,
      status: device.status,
      via: registry.byNumber(device.via)?.id ?? null,
      device_class: device.deviceClass,
      metadata: device.metadata,
      registered_at: isoTime(device.registeredAtMs),
      last_seen_at: seenMs > 0 ? isoTime(seenMs) : null,
      connected: plane.isConnected(device.number),
      latest: latestByName(metricNames, own),
    };
  });
  return { devices: viewed, notRunning };
}

function latestByName(metricNames: DeviceSources['metricNames'], points: readonly LatestPoint[]): DeviceView['latest'] {
  // fromEntries defines members, so a metric named __proto__ is one like any other.
  return Object.fromEntries(
    points.flatMap(({ metric, value, tsMs }) => {
      const name = metricNames.name(metric);
      return name === undefined || value === undefined ? [] : [[name, { value, ts: isoTime(tsMs) }]];
    }),
  );
}
