import type { DeviceEntry, DeviceStatus, PreviousToken } from '../../contract/devices.js';
import type { DeviceDetails } from './device-details.js';

export const DEVICE_STATUSES = ['active', 'inactive', 'quarantined', 'decommissioned'] as const satisfies readonly DeviceStatus[];

export type Metadata = Readonly<Record<string, unknown>>;

/** Shared by the devices without metadata, which are most. */
export const NO_METADATA: Metadata = Object.freeze({});

/** A device as the registry holds it in memory: there may be a million of them, so objects that hang below are shared where they can be. */
export interface Device {
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
  readonly via: number;
  readonly registeredAtMs: number;
  status: DeviceStatus;
  metadata: Metadata;
  details: DeviceDetails;
  deviceClass: string | null;
  /** As the device or an operator said it last. */
  firmwareVersion: string | null;
  /** The schema that the device names; null: its class and firmware choose one. */
  schemaId: string | null;
  /** Version of that schema; 0: the one that the schema uses. */
  schemaVersion: number;
  /** Number of the schema version by which its messages are read; 0: none. It follows from the others and from the schemas. */
  schema: number;
  /** Number of the time zone in which its times are read that name none; 0: none. It follows from its details and its tenant. */
  timeZone: number;
}

/** What of a device an operator may change, and other processes. */
export const changeable = [
  'status',
  'metadata',
  'details',
  'deviceClass',
  'firmwareVersion',
  'schemaId',
  'schemaVersion',
] as const satisfies readonly (keyof Device)[];
export type Changeable = (typeof changeable)[number];

/** What a gateway must know of the device. The hash is a copy that owns its buffer: entries are sent to threads. */
export function entryOf(device: Device, tokenHash: Uint8Array, previousToken: PreviousToken | undefined): DeviceEntry {
  const { number, tenant, id, status, via, schema, timeZone } = device;
  const maySubdevices = device.metadata.subdevices === true ? { addsSubdevices: true } : {};
  const ofClass = device.deviceClass === null ? {} : { deviceClass: device.deviceClass };
  const bySchema = schema > 0 ? { schema } : {};
  return {
    number,
    tenant,
    id,
    status,
    via,
    tokenHash,
    ...ofClass,
    ...maySubdevices,
    ...bySchema,
    ...(timeZone > 0 ? { timeZone } : {}),
    ...(previousToken ? { previousToken } : {}),
  };
}
