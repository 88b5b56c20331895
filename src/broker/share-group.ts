import type { Subscription } from '../contract/threads/broker.js';
import type { Session } from './session.js';

const SHARE = '$share/';

/** The filter of a subscription without `$share/{group}/`. */
export function plainFilter(filter: string): string {
  if (!filter.startsWith(SHARE)) return filter;
  return filter.slice(filter.indexOf('/', SHARE.length) + 1);
}

export function isShared(filter: string): boolean {
  return filter.startsWith(SHARE);
}

/** Clients that take the messages of a filter in turns. MQTT 5 §4.8.2 */
export class ShareGroup {
  /** The shared filter whole. */
  readonly name: string;
  readonly #members = new Map<Session, Subscription>();
  #order: readonly Session[] | undefined;
  #next = 0;

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#members.size;
  }

  get isAnyConnected(): boolean {
    for (const session of this.#members.keys()) if (session.isConnected) return true;
    return false;
  }

  set(session: Session, subscription: Subscription): void {
    if (!this.#members.has(session)) this.#order = undefined;
    this.#members.set(session, subscription);
  }

  delete(session: Session): void {
    if (this.#members.delete(session)) this.#order = undefined;
  }

  subscriptionOf(session: Session): Subscription | undefined {
    return this.#members.get(session);
  }

  /** Whose turn it is among the connected members that have room, else among those that come back. */
  pick(hasRoom: (session: Session) => boolean): Session | undefined {
    this.#order ??= [...this.#members.keys()];
    const { length } = this.#order;
    let offline = -1;
    let full = -1;
    for (let step = 0; step < length; step++) {
      const at = (this.#next + step) % length;
      const member = this.#order[at] as Session;
      if (!hasRoom(member)) full = full < 0 ? at : full;
      else if (member.isConnected) return this.#take(at);
      else offline = offline < 0 ? at : offline;
    }
    // Where nobody has room the message is dropped by the queue of one of them, and counted there.
    return this.#take(offline < 0 ? full : offline);
  }

  #take(at: number): Session | undefined {
    this.#next = at + 1;
    return this.#order?.[at];
  }
}
