import type { Principal } from '../contract/acl/acl.js';
import type { ClientName, Subscription, Will } from '../contract/threads/broker.js';
import type { Entry } from './entry.js';
import type { Outbox } from './outbox.js';
import { OutgoingQueue } from './outgoing-queue.js';
import { sessionRecord } from './session-record.js';

const PACKET_IDS = 0xffff;

/** What sessions of a tenant share. */
export interface TenantBudget {
  readonly name: string;
  queuedBytes: number;
}

/**
 * What the broker knows of one client. There are very many of them that do nothing, so what a session does not use it does not have.
 */
export class Session {
  /** Its key in the store. */
  readonly id: number;
  readonly tenant: TenantBudget;
  readonly key: string;
  who: Principal;
  label: string;
  level = 0;
  /** As granted; 0: it ends with its connection. */
  expirySeconds = 0;
  /** It and its queue are in the store. */
  isDurable = false;
  /** Number of the connected session of the gateway; 0: offline. */
  number = 0;
  /** The newest there was: what comes of an older one is too late. */
  lastNumber = 0;
  connection = 0;
  outbox: Outbox | undefined = undefined;
  /** What is sent waits until this batch of the journal is durable. */
  heldUntil = 0;
  /** Messages that may be under way. */
  window = 0;
  /** Since when it is connected or not, ms of the Unix epoch. */
  sinceMs = 0;
  /** When it ends, s on the monotonic clock; 0: it is connected. */
  endsAtSeconds = 0;
  will: Will | undefined = undefined;
  /** When the will is published, s on the monotonic clock; 0: the client is connected. */
  willAtSeconds = 0;
  subscriptions: Map<string, Subscription> | undefined = undefined;
  queue: OutgoingQueue<Entry> | undefined = undefined;
  /** By packet id, in the order in which they are sent again. */
  inFlight: Map<number, Entry> | undefined = undefined;
  /** Ids of its own QoS 2 messages that it has not released. */
  taken: Set<number> | undefined = undefined;
  queuedBytes = 0;
  dropped = 0;
  /** When the last drop was reported, ms on the monotonic clock. */
  dropReportedAtMs = Number.NEGATIVE_INFINITY;
  /** When its queue was last searched for messages that have expired, s on the monotonic clock. */
  searchedAtSeconds = 0;
  #packetId = 0;

  constructor(id: number, tenant: TenantBudget, { key, who, label }: ClientName) {
    this.id = id;
    this.tenant = tenant;
    this.key = key;
    this.who = who;
    this.label = label;
  }

  get isConnected(): boolean {
    return this.outbox !== undefined;
  }

  /** Entries that wait and those under way. */
  get entries(): number {
    return (this.queue?.length ?? 0) + (this.inFlight?.size ?? 0);
  }

  get hasWindow(): boolean {
    return (this.inFlight?.size ?? 0) < this.window;
  }

  /** The next id that is not in use. The window is smaller than there are ids. */
  nextPacketId(): number {
    do this.#packetId = (this.#packetId % PACKET_IDS) + 1;
    while (this.inFlight?.has(this.#packetId));
    return this.#packetId;
  }

  enqueue(entry: Entry): void {
    this.queue ??= new OutgoingQueue();
    this.queue.push(entry);
  }

  fly(entry: Entry): void {
    this.inFlight ??= new Map();
    this.inFlight.set(entry.packetId, entry);
  }

  /** What was under way waits before everything else, as the next connection gets it again. */
  land(): void {
    if (!this.inFlight || this.inFlight.size === 0) return;
    const entries = [...this.inFlight.values()];
    for (const entry of entries) entry.isAgain = true;
    this.queue ??= new OutgoingQueue();
    this.queue.prepend(entries);
    this.inFlight = undefined;
  }

  record(): Uint8Array {
    return sessionRecord(this);
  }

  *allEntries(): Generator<Entry> {
    if (this.inFlight) yield* this.inFlight.values();
    if (this.queue) yield* this.queue;
  }
}
