import { bodyOf } from './message.js';
import type { Publishing } from './publishing.js';
import type { Session } from './session.js';
import type { BrokerState } from './state.js';
import type { Tenant } from './tenant.js';

const COUNTS_EVERY_SECONDS = 10;
const NOTHING = new Uint8Array(0);

/** What the broker itself publishes below `$SYS/broker/`, for tenants with a client that has subscribed to it. */
export class SystemTopics {
  readonly #state: BrokerState;
  readonly #publishing: Publishing;
  #countsAtSeconds = 0;

  constructor(state: BrokerState, publishing: Publishing) {
    this.#state = state;
    this.#publishing = publishing;
  }

  connected(tenant: Tenant, session: Session): void {
    if (tenant.systemFilters > 0) this.#client(tenant, session, 'connected', {});
  }

  disconnected(tenant: Tenant, session: Session, reason: string): void {
    if (tenant.systemFilters > 0) this.#client(tenant, session, 'disconnected', { reason });
  }

  tick(): void {
    const now = this.#state.steadySeconds;
    if (now < this.#countsAtSeconds) return;
    this.#countsAtSeconds = now + COUNTS_EVERY_SECONDS;
    for (const tenant of this.#state.tenants.values()) if (tenant.systemFilters > 0) this.#counts(tenant);
  }

  #client(tenant: Tenant, { label, sinceMs }: Session, what: string, more: { reason?: string }): void {
    const payload = JSON.stringify({ at: new Date(sinceMs).toISOString(), client: label, ...more });
    this.#publish(tenant, `clients/${label}/${what}`, payload);
  }

  #counts(tenant: Tenant): void {
    const counts = {
      'clients/connected': tenant.connected,
      'clients/total': tenant.sessions.size,
      'messages/received': tenant.published,
      'messages/sent': tenant.delivered,
      'messages/queued/bytes': tenant.queuedBytes,
      'retained/count': tenant.retained.count,
      'retained/bytes': tenant.retained.bytes,
      'subscriptions/count': tenant.routes.count,
    };
    for (const [topic, count] of Object.entries(counts)) this.#publish(tenant, topic, String(count));
  }

  #publish(tenant: Tenant, below: string, payload: string): void {
    const topic = `$SYS/broker/${below}`;
    this.#publishing.publish(tenant, topic, bodyOf(topic, NOTHING, Buffer.from(payload)), 0, false);
  }
}
