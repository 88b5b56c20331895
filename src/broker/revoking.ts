import type { AclRule } from '../contract/acl/acl.js';
import type { Deliveries } from './deliveries.js';
import type { Publishing } from './publishing.js';
import { concern, type Touches, touchedBy } from './rules.js';
import type { Session } from './session.js';
import type { BrokerState } from './state.js';
import type { Subscribing } from './subscribing.js';
import type { Tenant } from './tenant.js';

/** Takes from sessions what the rules about topics no longer allow them: subscriptions, and messages that wait. */
export class Revoking {
  readonly #state: BrokerState;
  readonly #deliveries: Deliveries;
  readonly #publishing: Publishing;
  readonly #subscribing: Subscribing;

  constructor(state: BrokerState, deliveries: Deliveries, publishing: Publishing, subscribing: Subscribing) {
    this.#state = state;
    this.#deliveries = deliveries;
    this.#publishing = publishing;
    this.#subscribing = subscribing;
  }

  /** Looks at the sessions for which one of the rules is, connected or not; without rules at all of the tenant. */
  checkTenant(tenant: Tenant, rules?: readonly AclRule[]): void {
    const sessions = [...tenant.sessions.values()];
    if (rules)
      this.#check(
        tenant,
        sessions.filter(({ who }) => concern(rules, who)),
        touchedBy(rules),
      );
    else this.#check(tenant, sessions);
  }

  /** Looks at one session: its client is back, or of another class. */
  checkSession(tenant: Tenant, session: Session): void {
    this.#check(tenant, [session]);
  }

  #check(tenant: Tenant, sessions: readonly Session[], touches: Touches = () => true): void {
    const { counts, report } = this.#state;
    const found = { sessions: 0, subscriptions: 0, messages: 0 };
    let example: { client: string; filter: string } | undefined;
    // All subscriptions first: a message of a shared one goes to a member that may have it.
    const filters = sessions.map((session) => this.#subscribing.revoke(tenant, session, touches));
    for (const [index, session] of sessions.entries()) {
      const revoked = filters[index] as readonly string[];
      const messages = this.#dropMessages(tenant, session, touches);
      if (revoked.length + messages === 0) continue;
      found.sessions++;
      found.subscriptions += revoked.length;
      found.messages += messages;
      example ??= { client: session.label, filter: revoked[0] ?? '' };
    }
    counts.subscriptionsRevoked += found.subscriptions;
    counts.droppedRevoked += found.messages;
    if (example) report('warn', 'subscriptions-revoked', { tenant: tenant.name, ...found, ...example });
  }

  /** Answers how many there were. One of a shared subscription goes to another member, where there is one. */
  #dropMessages(tenant: Tenant, session: Session, touches: Touches): number {
    if (session.entries === 0) return 0;
    const { rules } = this.#state;
    const verdicts = new Map<string, boolean>();
    const mayHave = (topic: string) => {
      const known = verdicts.get(topic);
      if (known !== undefined) return known;
      const may = !touches(topic) || rules.maySubscribe(session.who, topic);
      verdicts.set(topic, may);
      return may;
    };
    const { dropped, others } = this.#deliveries.dropQueued(session, mayHave);
    const given = others.filter((one) => this.#publishing.giveAgain(tenant, one));
    return dropped - given.length;
  }
}
