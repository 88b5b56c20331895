/** Bounds of what the broker keeps. Bytes are those of topics, payloads and properties. */
export interface BrokerLimits {
  readonly sessionsMax: number;
  /** Longest time that a session outlives its connection, s. */
  readonly expirySecondsMax: number;
  readonly subscriptionsPerClientMax: number;
  /** QoS 1 and 2 messages that wait for a client, and those under way to it. */
  readonly queuedPerClientMax: number;
  readonly queuedBytesPerClientMax: number;
  readonly queuedBytesPerTenantMax: number;
  readonly inFlightPerClientMax: number;
  readonly retainedPerTenantMax: number;
  readonly retainedBytesPerTenantMax: number;
}

export interface SessionSummary {
  readonly tenant: string;
  readonly key: string;
  readonly label: string;
  readonly isConnected: boolean;
  readonly level: number;
  readonly expirySeconds: number;
  /** Since when it is connected or not, ms of the Unix epoch. */
  readonly sinceMs: number;
  readonly subscriptions: number;
  readonly queued: number;
  readonly queuedBytes: number;
  readonly inFlight: number;
  /** Messages that found no room in its queue. */
  readonly dropped: number;
}

export interface SessionView extends SessionSummary {
  readonly filters: readonly { readonly filter: string; readonly qos: number }[];
  readonly hasWill: boolean;
}

export interface RetainedEntry {
  readonly topic: string;
  readonly bytes: number;
  readonly qos: number;
  /** At most 1 KiB of it, base64. */
  readonly payloadStart: string;
  readonly atMs: number;
}

/** Since the start, or now where a name says so. */
export interface BrokerCounts {
  readonly sessionsNow: number;
  readonly connectedNow: number;
  readonly subscriptionsNow: number;
  readonly queuedNow: number;
  readonly queuedBytesNow: number;
  readonly retainedNow: number;
  readonly retainedBytesNow: number;
  readonly published: number;
  readonly delivered: number;
  /** Messages that found a client's queue full. */
  readonly droppedFull: number;
  /** Retained messages that were not kept, as the tenant has as many as it may. */
  readonly retainedFull: number;
  readonly expired: number;
  /** Subscriptions that rules no longer allow, and messages that waited and that their client may no longer have. */
  readonly subscriptionsRevoked: number;
  readonly droppedRevoked: number;
  readonly wills: number;
  /** Wills that were not published, as their client may no longer publish on the topic. */
  readonly willsRefused: number;
  /** Messages for clients at other processes, and those of clients there; and those at QoS 0 that found the way to them full. */
  readonly exchangeSent: number;
  readonly exchangeReceived: number;
  readonly exchangeDropped: number;
  /** Other processes that have sent a sign of life lately. */
  readonly processesNow: number;
}

export const NOTHING_COUNTED: BrokerCounts = {
  sessionsNow: 0,
  connectedNow: 0,
  subscriptionsNow: 0,
  queuedNow: 0,
  queuedBytesNow: 0,
  retainedNow: 0,
  retainedBytesNow: 0,
  published: 0,
  delivered: 0,
  droppedFull: 0,
  retainedFull: 0,
  expired: 0,
  subscriptionsRevoked: 0,
  droppedRevoked: 0,
  wills: 0,
  willsRefused: 0,
  exchangeSent: 0,
  exchangeReceived: 0,
  exchangeDropped: 0,
  processesNow: 0,
};
