import type { DeviceEntry, DeviceStatus, PreviousToken } from '../../contract/devices.js';

export const DEVICE_STATUSES = ['active', 'inactive', 'quarantined', 'decommissioned'] as const satisfies readonly DeviceStatus[];

export type Metadata = Readonly<Record<string, unknown>>;

/** Shared by the devices without metadata, which are most. */
export const NO_METADATA: Metadata = Object.freeze({});

/** A device as the registry holds it in memory: there may be a million of them, so no object hangs below. */
export interface Device {
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
  readonly via: number;
  readonly deviceClass: string | null;
  readonly registeredAtMs: number;
  status: DeviceStatus;
  metadata: Metadata;
}

/** What a gateway must know of the device. The hash is a copy that owns its buffer: entries are sent to threads. */
export function entryOf(device: Device, tokenHash: Uint8Array, previousToken: PreviousToken | undefined): DeviceEntry {
  const { number, tenant, id, status, via } = device;
  const maySubdevices = device.metadata.subdevices === true ? { addsSubdevices: true } : {};
  return { number, tenant, id, status, via, tokenHash, ...maySubdevices, ...(previousToken ? { previousToken } : {}) };
}
