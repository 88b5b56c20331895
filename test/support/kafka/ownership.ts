import type { LogOwner, LogOwnership } from '../../../src/contract/log-owner.js';
import { OwnerHeaders } from '../../../src/log/kafka/owner-header.js';

export const OWNER: LogOwner = { database: '00000000-0000-4000-8000-00000000000a', devices: 3, metrics: 2, adopted: [] };

/** Of OWNER; all records may be run, whatever they say. */
export function ownersOfAll(): OwnerHeaders {
  const ownership: LogOwnership = { current: OWNER, refusalOf: () => undefined };
  return new OwnerHeaders(ownership);
}
