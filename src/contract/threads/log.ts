import type { Acknowledgement } from '../acknowledgement.js';
import type { SharedState, StopThread, ThreadEvent, ThreadReady } from './shared.js';

export interface LogStart {
  readonly folder: string;
  readonly partitions: number;
  readonly retentionHours: number;
  /** Bytes of all partitions; above it committed segments go before their time. */
  readonly retentionBytesMax: number;
  /** Bytes that the store has not committed; at this many nothing more is taken in. */
  readonly backlogBytesMax: number;
  readonly gateways: readonly { readonly memory: WebAssembly.Memory; readonly ring: SharedArrayBuffer }[];
  readonly shared: SharedState;
}
export type ToLog =
  /** The gateways take nothing in any more: what they have is taken whatever the backlog. */
  { readonly kind: 'drain' } | StopThread;
export type FromLog =
  | ThreadReady
  | ThreadEvent
  /** How many copies a message has when it is acknowledged, as found now; a log of one kind alone need not say so. */
  | { readonly kind: 'acknowledgement'; readonly acknowledgement: Acknowledgement }
  /** Whether blocks become durable; while `failing`, `code` (ENOSPC, EIO, …) and `message` say why not. */
  | { readonly kind: 'health'; readonly log: 'up' | 'failing'; readonly code: string; readonly message: string };
