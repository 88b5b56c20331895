import type { ClientName } from '../../contract/threads/broker.js';
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
