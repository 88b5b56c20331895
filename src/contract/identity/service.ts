import { randomBytes } from 'node:crypto';
import { hashToken } from '../token.js';

/** A program that uses topics of one tenant and is no device: it publishes no telemetry, and has no rights but those that rules give it. */
export interface ServiceEntry {
  readonly id: number;
  readonly name: string;
  /** `hashSecret(tenant, name, secret)`, 32 bytes. */
  readonly secretHash: Uint8Array;
}

/** Begins every secret, so that a device's token is never taken for one. */
export const SERVICE_SECRET_PREFIX = 'sps_';

/** A secret for a service client: 192 random bits. */
export function newSecret(): string {
  return `${SERVICE_SECRET_PREFIX}${randomBytes(24).toString('base64url')}`;
}

/** What is kept of a secret. No device has a name that holds NUL. */
export function hashSecret(tenant: string, name: string, secret: string | Uint8Array): Uint8Array {
  return hashToken(tenant, `service\0${name}`, secret);
}
