import type { DeviceEntry } from '../../src/contract/devices.js';
import { hashToken } from '../../src/contract/token.js';

/** The devices of the catalogue of MQTT packets, and the token of all of them. */
export const CASE_TOKEN = 'token-of-all-case-devices';

function device(number: number, id: string, more: Partial<DeviceEntry> = {}): DeviceEntry {
  const tenant = more.tenant ?? 'default';
  return { number, tenant, id, status: 'active', via: 0, tokenHash: hashToken(tenant, id, CASE_TOKEN), ...more };
}

export const caseDevices: readonly DeviceEntry[] = [
  device(1, 'dev-1'),
  device(2, 'dev-2'),
  device(3, 'dev-off', { status: 'inactive' }),
  device(4, 'sub-1', { via: 1 }),
  device(5, 'sub-off', { via: 1, status: 'quarantined' }),
  device(6, 'dev-1', { tenant: 'acme' }),
  device(7, 'gerät-7', { via: 1 }),
  device(8, 'sub-of-2', { via: 2 }),
];
