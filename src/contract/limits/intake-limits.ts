/** How much a gateway thread takes in. 0: no limit. */
export interface IntakeLimits {
  /** Messages a second of a device. */
  readonly deviceRate: number;
  /** A device that has been over its rate for so long is disconnected. */
  readonly excessMs: number;
  /** Messages a second of all devices of a tenant. */
  readonly tenantRate: number;
  /** Of their payloads. */
  readonly tenantBytesPerSecond: number;
}

export const UNLIMITED: IntakeLimits = { deviceRate: 0, excessMs: 0, tenantRate: 0, tenantBytesPerSecond: 0 };
