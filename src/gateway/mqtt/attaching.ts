import { CODE_CREDENTIALS_INVALID, CODE_DEVICE_INACTIVE, CODE_NONE } from '../../../assembly/abi/codes.js';
import type { ClientName } from '../../contract/threads/broker.js';
import type { Directory } from '../directory.js';
import type { Admission } from './authenticate.js';
import type { Session } from './session-entry.js';

/** What let the client in. */
export type Admitted = Exclude<Admission, { kind: 'refused' | 'asks' }>;

/** A client that was let in, and waits for the broker. */
export interface Attaching {
  readonly session: Session;
  readonly admitted: Admitted;
  /** As CONNECT has it; and in its place, where the server has another. */
  readonly keepAliveSeconds: number;
  readonly serverKeepAlive: number | undefined;
  /** Seconds that CONNECT asked for. */
  readonly expirySeconds: number;
  readonly client: ClientName;
  /** Of a device: it may be replaced before the broker has answered. */
  readonly tokenHash: Uint8Array | undefined;
  /** The client has ended its side meanwhile. */
  hasEnded?: boolean;
}

/** Why the client may no longer be let in, though it was a moment ago; CODE_NONE: it may. */
export function refusalNow({ session: { entry }, admitted }: Attaching, directory: Directory): number {
  if (admitted.kind === 'service') return CODE_NONE;
  if (!directory.isActive(entry)) return CODE_DEVICE_INACTIVE;
  const { credential, issuer, authority } = admitted;
  const isRevoked = credential ? !directory.credentials.has(directory.numberOf(entry), credential) : false;
  if (issuer !== undefined && !directory.issuers.has(issuer)) return CODE_CREDENTIALS_INVALID;
  if (authority !== undefined && !directory.authorities.has(authority)) return CODE_CREDENTIALS_INVALID;
  return isRevoked ? CODE_CREDENTIALS_INVALID : CODE_NONE;
}
