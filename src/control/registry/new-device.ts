import { randomBytes } from 'node:crypto';
import type { Metadata } from './device.js';
import type { DeviceDetails } from './device-details.js';
import { deviceIdProblem, tenantIdProblem, tokenProblem } from './device-id.js';

export interface NewDevice {
  readonly tenant: string;
  /** Absent: a UUID is made. */
  readonly id?: string | undefined;
  /** Absent: one is made. */
  readonly token?: string | undefined;
  /** Id of the gateway device, of the same tenant, that may publish for this one. */
  readonly via?: string | undefined;
  readonly deviceClass?: string | null | undefined;
  readonly firmwareVersion?: string | null | undefined;
  readonly metadata?: Metadata | undefined;
  readonly details?: DeviceDetails | undefined;
}

export interface TokenChange {
  /** Absent: one is made. */
  readonly token?: string | undefined;
  /** For so long the present token stays valid beside the new one; 0: it is refused at once. */
  readonly graceSeconds: number;
}

/** A device token: 192 random bits. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Why there can be no such device, or undefined. */
export function rowProblem(tenant: string, id: string, token: string): string | undefined {
  const checks = [
    ['tenant', tenantIdProblem(tenant)],
    ['device_id', deviceIdProblem(id)],
    ['token', tokenProblem(token)],
  ] as const;
  const failed = checks.find(([, problem]) => problem !== undefined);
  return failed && `${failed[0]} ${failed[1]}`;
}
