import type { DevicesAnswer } from '../../contract/answers/devices.js';
import { refusalCode } from '../../contract/codes.js';
import type { DataPlane } from '../../contract/data-plane.js';
import { isoTime } from '../../contract/iso-time.js';
import type { OverRate } from '../../contract/limits/over-rate.js';
import type { Ledger } from '../ledger/ledger.js';
import { type LatestSources, latestOf } from '../queries/latest.js';
import type { Schemas } from '../schemas/schemas.js';
import type { Device } from './device.js';
import type { Registry } from './registry.js';

type DeviceView = DevicesAnswer['devices'][number];

/** Where views of devices come from. */
export interface DeviceSources extends LatestSources {
  readonly ledger: Pick<Ledger, 'lastRejection'>;
  readonly plane: Pick<DataPlane, 'isConnected' | 'overRate' | 'seenMs'>;
  readonly registry: Pick<Registry, 'byNumber' | 'groups'>;
  readonly schemas: Pick<Schemas, 'byNumber'>;
}

/** While a device is over a rate, gateways report it within this time. */
const REPORT_MS_MAX = 2000;

/** The database may take this long before devices are shown without the metrics that only it has, ms. */
const DATABASE_MS_MAX = 2000;

/** Devices as the API shows them, with the latest value of each metric; `partitions_not_running`: those that nobody answered for. */
export async function viewDevices(
  sources: DeviceSources,
  devices: readonly Device[],
): Promise<Pick<DevicesAnswer, 'latest_complete' | 'partitions_not_running'> & { readonly devices: DeviceView[] }> {
  const { ledger, plane, registry, schemas } = sources;
  const latest = await latestOf(sources, devices, DATABASE_MS_MAX);
  const viewed = devices.map((device): DeviceView => {
    const { metrics, receivedMs } = latest.devices.get(device.number)!;
    const seenMs = Math.max(receivedMs ?? 0, ledger.lastRejection(device.number)?.atMs ?? 0, plane.seenMs(device.number) ?? 0);
    return {
      device_id: device.id,
      tenant: device.tenant,
      number: device.number,
      status: device.status,
      via: registry.byNumber(device.via)?.id ?? null,
      device_class: device.deviceClass,
      firmware_version: device.firmwareVersion,
      schema: schemaViewOf(schemas, device),
      ...detailsView(registry, device),
      metadata: device.metadata,
      registered_at: isoTime(device.registeredAtMs),
      last_seen_at: seenMs > 0 ? isoTime(seenMs) : null,
      connected: plane.isConnected(device.number),
      throttled: throttledView(plane.overRate(device.number), Date.now()),
      // fromEntries defines members, so a metric named __proto__ is one like any other.
      latest: Object.fromEntries(metrics),
    };
  });
  return { devices: viewed, latest_complete: latest.unavailable === undefined, partitions_not_running: [...latest.notRunning] };
}

function detailsView(registry: Pick<Registry, 'groups'>, { tenant, details }: Device) {
  const { model, serial, owner, timeZone, location, tags } = details;
  const tree = registry.groups.of(tenant);
  const groups = details.groups.flatMap((number) => tree.pathOf(number) ?? []).sort();
  return { model, serial, owner, time_zone: timeZone, location: location && { ...location, name: location.name ?? null }, tags, groups };
}

function throttledView(over: OverRate | undefined, nowMs: number): string | null {
  return over && nowMs < over.untilMs + REPORT_MS_MAX ? refusalCode(over.code).name : null;
}

function schemaViewOf(schemas: Pick<Schemas, 'byNumber'>, { schema: number, schemaId }: Device): DeviceView['schema'] {
  const found = schemas.byNumber(number);
  return found ? { schema_id: found.schema.id, version: found.version.version, number, pinned: schemaId === found.schema.id } : null;
}
