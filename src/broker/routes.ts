import type { Subscription } from '../contract/threads/broker.js';
import type { Session } from './session.js';
import { isShared, plainFilter, ShareGroup } from './share-group.js';
import { FilterTree, isWild } from './topic-tree.js';

/** More topics than these are not remembered. */
const TOPICS_MAX = 65_536;

/** What one client gets of a topic by all of its subscriptions that match: one message, at the highest QoS. MQTT 5 §3.3.4 */
export interface Destination {
  readonly session: Session;
  readonly qos: number;
  readonly retainAsPublished: boolean;
  readonly identifiers: readonly number[];
  /** What it gets of its own messages: less where a subscription has No Local, or nothing. */
  readonly own: Destination | undefined;
}

export interface Route {
  readonly destinations: readonly Destination[];
  readonly groups: readonly ShareGroup[];
}

interface Subscribers {
  readonly members: Map<Session, Subscription>;
  readonly groups: Map<string, ShareGroup>;
}

/** The subscriptions of one tenant, and who gets what by them. */
export class Routes {
  readonly #tree = new FilterTree<Subscribers>();
  readonly #routes = new Map<string, Route>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Whether anybody has subscribed to this plain filter. */
  has(plain: string): boolean {
    return this.#tree.get(plain) !== undefined;
  }

  /** Answers whether the client had none to this filter. */
  subscribe(session: Session, subscription: Subscription): { isNew: boolean; isFirst: boolean } {
    const { filter } = subscription;
    const plain = plainFilter(filter);
    let there = this.#tree.get(plain);
    const isFirst = there === undefined;
    if (!there) {
      there = { members: new Map(), groups: new Map() };
      this.#tree.set(plain, there);
    }
    const isNew = !(session.subscriptions?.has(filter) ?? false);
    if (isShared(filter)) groupIn(there, filter).set(session, subscription);
    else there.members.set(session, subscription);
    session.subscriptions ??= new Map();
    session.subscriptions.set(filter, subscription);
    if (isNew) this.#count++;
    this.#forget(plain);
    return { isNew, isFirst };
  }

  /** Answers whether there was one, and whether nobody has one to this filter any more. */
  unsubscribe(session: Session, filter: string): { wasThere: boolean; wasLast: boolean } {
    if (!session.subscriptions?.delete(filter)) return { wasThere: false, wasLast: false };
    if (session.subscriptions.size === 0) session.subscriptions = undefined;
    const plain = plainFilter(filter);
    const there = this.#tree.get(plain);
    const group = there?.groups.get(filter);
    if (group) {
      group.delete(session);
      if (group.size === 0) there?.groups.delete(filter);
    } else there?.members.delete(session);
    const wasLast = there !== undefined && there.members.size === 0 && there.groups.size === 0;
    if (wasLast) this.#tree.delete(plain);
    this.#count--;
    this.#forget(plain);
    return { wasThere: true, wasLast };
  }

  group(name: string): ShareGroup | undefined {
    return this.#tree.get(plainFilter(name))?.groups.get(name);
  }

  of(topic: string): Route {
    const known = this.#routes.get(topic);
    if (known) return known;
    if (this.#routes.size === TOPICS_MAX) this.#routes.clear();
    const route = this.#find(topic);
    this.#routes.set(topic, route);
    return route;
  }

  #find(topic: string): Route {
    const bySession = new Map<Session, Subscription[]>();
    const groups: ShareGroup[] = [];
    for (const { members, groups: shared } of this.#tree.match(topic)) {
      groups.push(...shared.values());
      for (const [session, subscription] of members) {
        const others = bySession.get(session);
        if (others) others.push(subscription);
        else bySession.set(session, [subscription]);
      }
    }
    return { destinations: [...bySession].map(([session, subscriptions]) => destination(session, subscriptions)), groups };
  }

  /** A filter without wildcards changes the route of one topic. */
  #forget(filter: string): void {
    if (isWild(filter)) this.#routes.clear();
    else this.#routes.delete(filter);
  }
}

function groupIn({ groups }: Subscribers, name: string): ShareGroup {
  const there = groups.get(name);
  if (there) return there;
  const group = new ShareGroup(name);
  groups.set(name, group);
  return group;
}

function destination(session: Session, subscriptions: readonly Subscription[]): Destination {
  const foreign = subscriptions.filter(({ noLocal }) => !noLocal);
  const own = foreign.length === 0 ? undefined : { ...merged(session, foreign), own: undefined };
  return { ...merged(session, subscriptions), own };
}

function merged(session: Session, subscriptions: readonly Subscription[]): Omit<Destination, 'own'> {
  return {
    session,
    qos: Math.max(...subscriptions.map(({ qos }) => qos)),
    retainAsPublished: subscriptions.some(({ retainAsPublished }) => retainAsPublished),
    identifiers: subscriptions.flatMap(({ identifier }) => identifier ?? []),
  };
}
