/** The four states of a device; only active devices may connect and publish. */
export type DeviceStatus = 'active' | 'inactive' | 'quarantined' | 'decommissioned';

/** The token that a device had before its present one; it is valid beside it for a time. */
export interface PreviousToken {
  /** `hashToken(tenant, id, token)`, 32 bytes. */
  readonly hash: Uint8Array;
  /** ms of the Unix epoch; from then on it is refused. */
  readonly untilMs: number;
}

/** What a gateway must know of a device to authenticate it and to route its messages. */
export interface DeviceEntry {
  /** The registry's number of the device: rows, blocks and partition state are keyed by it. */
  readonly number: number;
  readonly tenant: string;
  readonly id: string;
  readonly status: DeviceStatus;
  /** Number of the gateway device that may publish for this one; 0: none. */
  readonly via: number;
  /** `storedToken(tenant, id, token)`; the first 32 bytes are `hashToken`, and the rest may be absent or 0. */
  readonly tokenHash: Uint8Array;
  readonly previousToken?: PreviousToken | undefined;
  /** For rules about a class of devices; absent: none. */
  readonly deviceClass?: string | undefined;
  /** Devices that it names and that are not registered are to be. */
  readonly addsSubdevices?: boolean | undefined;
  /** Number of the schema version by which its messages are read; absent: none. */
  readonly schema?: number | undefined;
  /** Number of the time zone in which its times are read that name none; absent: none. */
  readonly timeZone?: number | undefined;
}
