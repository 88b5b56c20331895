import type { ClientName, Subscription, Will } from '../contract/threads/broker.js';

/** What of a session outlives the process, besides its entries. */
export interface SessionFacts extends ClientName {
  readonly level: number;
  readonly expirySeconds: number;
  readonly isConnected: boolean;
  readonly sinceMs: number;
  readonly will: Will | undefined;
  readonly subscriptions: ReadonlyMap<string, Subscription> | undefined;
}

/** JSON; bytes are base64. */
export function sessionRecord(facts: SessionFacts): Uint8Array {
  const { key, who, label, level, expirySeconds, isConnected, sinceMs, will, subscriptions } = facts;
  const packed = will && { ...will, payload: base64(will.payload), properties: base64(will.properties) };
  const list = subscriptions && [...subscriptions.values()];
  return Buffer.from(JSON.stringify({ key, who, label, level, expirySeconds, isConnected, sinceMs, will: packed, subscriptions: list }));
}

export interface StoredSession extends Omit<SessionFacts, 'subscriptions'> {
  readonly subscriptions: readonly Subscription[];
}

export function sessionInRecord(record: Uint8Array): StoredSession {
  const stored = JSON.parse(Buffer.from(record.buffer, record.byteOffset, record.length).toString());
  const { will, subscriptions = [] } = stored;
  const unpacked = will && { ...will, payload: Buffer.from(will.payload, 'base64'), properties: Buffer.from(will.properties, 'base64') };
  return { ...stored, will: unpacked, subscriptions };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
