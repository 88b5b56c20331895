import { FLAG_QOS_SHIFT, FLAG_RETAIN } from '../contract/broker/traffic.js';
import type { Deliveries, Publication, SharedMessage } from './deliveries.js';
import type { RelayedMessage } from './exchange/exchange.js';
import { type Body, type Message, payloadIn } from './message.js';
import { retainedRecord } from './retained-record.js';
import type { Route } from './routes.js';
import type { Session } from './session.js';
import type { ShareGroup } from './share-group.js';
import type { BrokerState } from './state.js';
import { RETAINED } from './store/store.js';
import type { Tenant } from './tenant.js';

const NO_IDENTIFIERS: readonly number[] = [];

/** Takes messages to the subscribers of their topics, and keeps those that are retained. */
export class Publishing {
  readonly #state: BrokerState;
  readonly #deliveries: Deliveries;

  constructor(state: BrokerState, deliveries: Deliveries) {
    this.#state = state;
    this.#deliveries = deliveries;
  }

  /** Answers how many clients get it. `publisher`: the client whose message it is. */
  publish(tenant: Tenant, topic: string, body: Body, qos: number, isRetained: boolean, publisher?: Session): number {
    this.#state.counts.published++;
    tenant.published++;
    const publication: Publication = { body, message: undefined };
    if (isRetained) this.#retain(tenant, topic, publication, qos);
    const route = tenant.routes.of(topic);
    const away = this.#state.exchange?.publish(tenant.name, topic, body, qos, isRetained, route.groups);
    const groups = away && away.size > 0 ? route.groups.filter(({ name }) => !away.has(name)) : route.groups;
    return this.#giveAll(tenant, publication, { destinations: route.destinations, groups }, qos, isRetained, publisher) + (away?.size ?? 0);
  }

  /** A message of another process, for subscribers here. */
  relay({ tenant: name, topic, body, qos, isRetained, isKept, isMine }: RelayedMessage): void {
    const tenant = this.#state.tenant(name);
    const publication: Publication = { body, message: undefined };
    if (isKept) this.#retain(tenant, topic, publication, qos);
    const { destinations, groups } = tenant.routes.of(topic);
    const mine = groups.filter((group) => isMine(group.name));
    this.#giveAll(tenant, publication, { destinations, groups: mine }, qos, isRetained);
  }

  /** Retains a message without handing it to subscribers. */
  retain(tenant: string, topic: string, body: Body, qos: number): void {
    this.#retain(this.#state.tenant(tenant), topic, { body, message: undefined }, qos);
  }

  /** Answers how many clients get it. */
  #giveAll(tenant: Tenant, publication: Publication, route: Route, qos: number, isRetained: boolean, publisher?: Session): number {
    for (const destination of route.destinations) {
      const what = destination.session === publisher ? (destination.own ?? undefined) : destination;
      if (!what) continue;
      const flags = (Math.min(qos, what.qos) << FLAG_QOS_SHIFT) | (isRetained && what.retainAsPublished ? FLAG_RETAIN : 0);
      this.#deliveries.give(publication, what.session, flags, what.identifiers);
    }
    for (const group of route.groups) this.giveToGroup(group, publication, qos, isRetained);
    const clients = route.destinations.length + route.groups.length;
    tenant.delivered += clients;
    return clients;
  }

  /** One member of the group gets it. */
  giveToGroup(group: ShareGroup, publication: Publication, qos: number, isRetained: boolean): void {
    const bytes = publication.body.length;
    const member = group.pick((session) => {
      const granted = Math.min(qos, group.subscriptionOf(session)?.qos ?? 0);
      return granted === 0 ? session.isConnected : this.#deliveries.hasRoom(session, bytes);
    });
    const subscription = member && group.subscriptionOf(member);
    if (!subscription) return;
    const flags = (Math.min(qos, subscription.qos) << FLAG_QOS_SHIFT) | (isRetained && subscription.retainAsPublished ? FLAG_RETAIN : 0);
    const identifiers = subscription.identifier === undefined ? NO_IDENTIFIERS : [subscription.identifier];
    this.#deliveries.give(publication, member, flags, identifiers, group.name);
  }

  /** A message of a shared subscription that its client does not get: another member does. False: there is none. */
  giveAgain({ routes }: Tenant, { entry, message, body }: SharedMessage): boolean {
    const group = routes.group(entry.share ?? '');
    if (group) this.giveToGroup(group, { body, message }, entry.qos, (entry.flags & FLAG_RETAIN) > 0);
    return group !== undefined;
  }

  /** Removes a retained message; false: there was none. */
  dropRetained(tenant: Tenant, topic: string): boolean {
    const gone = tenant.retained.delete(topic);
    if (!gone) return false;
    gone.message.isPinned = false;
    this.#state.counts.retainedNow--;
    this.#state.counts.retainedBytesNow -= gone.message.bytes;
    this.#state.journal.remove(RETAINED, gone.message.id);
    return true;
  }

  /** A retained message as it is taken up: it is kept, whatever the limits are now. */
  keepRetained(tenant: Tenant, topic: string, message: Message, qos: number): void {
    message.isPinned = true;
    tenant.retained.set({ topic, message, qos });
    this.#state.counts.retainedNow++;
    this.#state.counts.retainedBytesNow += message.bytes;
  }

  /** Removes what has expired from among a tenant's retained messages. */
  dropExpiredRetained(tenant: Tenant): void {
    const nowMs = this.#state.clock.steadyMs();
    for (const { topic, message } of [...tenant.retained.values()]) if (message.deadlineMs <= nowMs) this.dropRetained(tenant, topic);
  }

  #retain(tenant: Tenant, topic: string, publication: Publication, qos: number): void {
    const { journal, counts, report } = this.#state;
    journal.need();
    this.dropRetained(tenant, topic);
    // [MQTT-3.3.1-6], [MQTT-3.3.1-7]
    if (payloadIn(publication.body).length === 0) return;
    if (!this.#hasRoom(tenant, publication.body.length)) this.dropExpiredRetained(tenant);
    if (!this.#hasRoom(tenant, publication.body.length)) {
      counts.retainedFull++;
      report('warn', 'mqtt-retained-full', { tenant: tenant.name, topic });
      return;
    }
    const message = this.#deliveries.messageOf(publication.body);
    publication.message = message;
    this.keepRetained(tenant, topic, message, qos);
    journal.create(RETAINED, message.id, { record: () => retainedRecord(tenant.name, qos, message) });
  }

  #hasRoom({ retained }: Tenant, bytes: number): boolean {
    const { retainedPerTenantMax, retainedBytesPerTenantMax } = this.#state.limits;
    return retained.count < retainedPerTenantMax && retained.bytes + bytes <= retainedBytesPerTenantMax;
  }
}
