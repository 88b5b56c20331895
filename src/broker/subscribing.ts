import { FLAG_QOS_SHIFT, FLAG_RETAIN } from '../contract/broker/traffic.js';
import type { Subscription } from '../contract/threads/broker.js';
import type { Deliveries } from './deliveries.js';
import type { Publishing } from './publishing.js';
import type { Touches } from './rules.js';
import type { Session } from './session.js';
import { isShared, plainFilter } from './share-group.js';
import type { BrokerState } from './state.js';
import { SESSIONS } from './store/store.js';
import type { Taps } from './taps.js';
import type { Tenant } from './tenant.js';

const NOT_AUTHORIZED = 0x87;
const QUOTA_EXCEEDED = 0x97;
const NO_SUBSCRIPTION_EXISTED = 0x11;
const SYSTEM = '$SYS/';

/** Takes subscriptions of clients and what they give back. */
export class Subscribing {
  readonly #state: BrokerState;
  readonly #deliveries: Deliveries;
  readonly #publishing: Publishing;
  readonly #taps: Taps;
  readonly #flushTaps: () => void;

  constructor(state: BrokerState, deliveries: Deliveries, publishing: Publishing, taps: Taps, flushTaps: () => void) {
    this.#state = state;
    this.#deliveries = deliveries;
    this.#publishing = publishing;
    this.#taps = taps;
    this.#flushTaps = flushTaps;
  }

  subscribe(tenant: Tenant, session: Session, packetId: number, subscriptions: readonly Subscription[]): void {
    const codes: number[] = [];
    const wanted: Subscription[] = [];
    for (const subscription of subscriptions) {
      // The gateway has asked the rules that it knows; those here are as new, or newer.
      if (!this.#state.rules.maySubscribe(session.who, subscription.filter)) {
        codes.push(NOT_AUTHORIZED);
        continue;
      }
      const isNew = !(session.subscriptions?.has(subscription.filter) ?? false);
      if (isNew && (session.subscriptions?.size ?? 0) >= this.#state.limits.subscriptionsPerClientMax) {
        codes.push(QUOTA_EXCEEDED);
        continue;
      }
      this.add(tenant, session, subscription);
      codes.push(subscription.qos);
      const { filter, retainHandling } = subscription;
      if (!isShared(filter) && (retainHandling === 0 || (retainHandling === 1 && isNew))) wanted.push(subscription);
    }
    this.#kept(session);
    // Gateways hand telemetry on before the client learns that it has subscribed to it.
    this.#flushTaps();
    this.#deliveries.post(session, { kind: 'subscribed', session: session.number, packetId, codes });
    for (const subscription of wanted) this.#sendRetained(tenant, session, subscription);
  }

  unsubscribe(tenant: Tenant, session: Session, packetId: number, filters: readonly string[]): void {
    const codes = filters.map((filter) => (this.#remove(tenant, session, filter) ? 0 : NO_SUBSCRIPTION_EXISTED));
    this.#kept(session);
    this.#deliveries.post(session, { kind: 'unsubscribed', session: session.number, packetId, codes });
  }

  /** A new one, or one that takes the place of another to the same filter. */
  add(tenant: Tenant, session: Session, subscription: Subscription): void {
    const { isNew, isFirst } = tenant.routes.subscribe(session, subscription);
    const { filter } = subscription;
    if (isNew) this.#state.counts.subscriptionsNow++;
    if (isNew && plainFilter(filter).startsWith(SYSTEM)) tenant.systemFilters++;
    const { exchange } = this.#state;
    if (isNew) exchange?.subscribed(tenant.name, filter);
    // Gateways know it already where clients at other processes have it.
    if (isFirst && !exchange?.has(tenant.name, plainFilter(filter))) this.#taps.add(tenant.name, plainFilter(filter));
  }

  /** Removes the subscriptions that the rules do not allow, of those that they touch; answers their filters. */
  revoke(tenant: Tenant, session: Session, touches: Touches): readonly string[] {
    const { rules, journal } = this.#state;
    const touched = [...(session.subscriptions?.keys() ?? [])].filter(touches);
    const revoked = touched.filter((filter) => !rules.maySubscribe(session.who, filter));
    for (const filter of revoked) this.#remove(tenant, session, filter);
    if (revoked.length > 0 && session.isDurable) journal.put(SESSIONS, session.id, session);
    return revoked;
  }

  removeAll(tenant: Tenant, session: Session): void {
    for (const filter of [...(session.subscriptions?.keys() ?? [])]) this.#remove(tenant, session, filter);
  }

  #remove(tenant: Tenant, session: Session, filter: string): boolean {
    const { wasThere, wasLast } = tenant.routes.unsubscribe(session, filter);
    if (!wasThere) return false;
    this.#state.counts.subscriptionsNow--;
    if (plainFilter(filter).startsWith(SYSTEM)) tenant.systemFilters--;
    const { exchange } = this.#state;
    exchange?.unsubscribed(tenant.name, filter);
    if (wasLast && !exchange?.has(tenant.name, plainFilter(filter))) this.#taps.remove(tenant.name, plainFilter(filter));
    return true;
  }

  /** SUBACK promises that the subscription is there after a crash as well. */
  #kept(session: Session): void {
    if (session.isDurable) this.#state.journal.put(SESSIONS, session.id, session);
    this.#deliveries.hold(session);
  }

  #sendRetained(tenant: Tenant, session: Session, { filter, qos, identifier }: Subscription): void {
    const nowMs = this.#state.clock.steadyMs();
    const identifiers = identifier === undefined ? [] : [identifier];
    for (const retained of tenant.retained.find(filter)) {
      const { message } = retained;
      if (message.deadlineMs <= nowMs) this.#publishing.dropRetained(tenant, retained.topic);
      else {
        const flags = (Math.min(qos, retained.qos) << FLAG_QOS_SHIFT) | FLAG_RETAIN;
        this.#deliveries.giveRetained(session, message, flags, identifiers);
      }
    }
  }
}
