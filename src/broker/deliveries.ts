import { CODE_MQTT_PROTOCOL_ERROR } from '../../assembly/abi/codes.js';
import { FLAG_AGAIN, FLAG_QOS_SHIFT } from '../contract/broker/traffic.js';
import type { BrokerToGateway } from '../contract/threads/broker.js';
import { Entry } from './entry.js';
import { type Body, expirySecondsIn, Message, topicIn, withExpirySeconds } from './message.js';
import { Residence } from './residence.js';
import type { Session } from './session.js';
import type { BrokerState } from './state.js';
import { ENTRIES } from './store/store.js';

const PUBACK = 4;
const PUBREC = 5;
const PUBCOMP = 7;
const REFUSED_FROM = 0x80;
const REPORT_EVERY_MS = 60_000;

/** A message on its way to clients. It becomes an object that is taken note of only once somebody has to acknowledge it. */
export interface Publication {
  readonly body: Body;
  message: Message | undefined;
}

/** A message of a shared subscription that one client does not get any more, and another one may. */
export interface SharedMessage {
  readonly entry: Entry;
  readonly message: Message;
  readonly body: Body;
}

/** Brings messages to clients: at once, or by way of their queues. */
export class Deliveries {
  readonly #state: BrokerState;
  readonly #residence: Residence;

  constructor(state: BrokerState, residentBytesMax?: number) {
    this.#state = state;
    this.#residence = new Residence(state.store, state.journal, residentBytesMax);
  }

  /** `flags` are QoS and RETAIN for this client. */
  give(publication: Publication, session: Session, flags: number, identifiers: readonly number[], share?: string): void {
    if (flags >> FLAG_QOS_SHIFT === 0) {
      if (session.isConnected) this.#deliver(session, publication.body, flags, 0, identifiers);
      return;
    }
    const { body } = publication;
    if (!this.hasRoom(session, body.length)) {
      this.#drop(session);
      return;
    }
    publication.message ??= this.messageOf(body);
    const entry = new Entry(this.#state.newKey(), session.id, publication.message, flags, identifiers, share);
    this.#add(session, entry, publication.message, body);
    if (session.isConnected && session.hasWindow && !session.queue?.length) this.#send(session, entry);
    else session.enqueue(entry);
  }

  /** A retained message for a new subscription. */
  giveRetained(session: Session, message: Message, flags: number, identifiers: readonly number[]): void {
    this.give({ body: this.#currentBody(message), message }, session, flags, identifiers);
  }

  /** A copy of a body that may lie in the buffer of a gateway's traffic. */
  messageOf(body: Body): Message {
    const { clock } = this.#state;
    const copy = Buffer.from(body);
    const seconds = expirySecondsIn(copy);
    const deadlineMs = seconds === undefined ? Number.POSITIVE_INFINITY : clock.steadyMs() + 1000 * seconds;
    return new Message(this.#state.newKey(), copy, clock.wallMs(), seconds, deadlineMs);
  }

  hasRoom(session: Session, bytes: number): boolean {
    if (this.#fits(session, bytes)) return true;
    this.#dropExpired(session);
    return this.#fits(session, bytes);
  }

  /** The client answers a message: `type` is that of its packet. */
  answer(session: Session, type: number, reason: number, packetId: number): void {
    const entry = session.inFlight?.get(packetId);
    if (!entry) {
      // A client that waits for PUBREL would wait for ever.
      if (type === PUBREC && reason < REFUSED_FROM) this.#pubrel(session, packetId);
      return;
    }
    const isDone =
      (type === PUBACK && entry.qos === 1) || (type === PUBCOMP && entry.isReleased) || (type === PUBREC && reason >= REFUSED_FROM);
    if (isDone) {
      session.inFlight?.delete(packetId);
      this.#remove(session, entry);
      this.pump(session);
    } else if (type === PUBREC && entry.qos === 2) this.#release(session, entry);
    // The message would be under way for ever: its client takes it to be answered. [MQTT-4.13.1-1]
    else this.post(session, { kind: 'end', session: session.number, connection: session.connection, code: CODE_MQTT_PROTOCOL_ERROR });
  }

  /** Sends what waits, as far as the client takes it. */
  pump(session: Session): void {
    const { queue } = session;
    if (!queue || !session.isConnected) return;
    while (session.hasWindow) {
      const entry = queue.shift();
      if (!entry) break;
      if (entry.packetId === 0 && this.#isExpired(entry)) this.#expire(session, entry);
      else this.#send(session, entry);
    }
    if (queue.length === 0) session.queue = undefined;
  }

  /** Sends something else to the session's gateway, in its place among the messages. */
  post(session: Session, message: Exclude<BrokerToGateway, { kind: 'traffic' }>): void {
    const { outbox } = session;
    if (!outbox) return;
    if (!this.#isHeld(session)) outbox.post(message);
    else this.#later(session, () => outbox.post(message));
  }

  /** What the session is sent from now on waits until everything up to here is durable. */
  hold(session: Session): void {
    if (session.isDurable) session.heldUntil = this.#state.journal.batch;
  }

  /** An entry that was loaded with its session. */
  adopt(session: Session, entry: Entry): void {
    this.#count(session, 1, entry.message?.bytes ?? 0);
    session.enqueue(entry);
  }

  /** Takes all entries from a session that ends, and answers those that another member of a shared subscription may get. */
  removeAll(session: Session): SharedMessage[] {
    const others: SharedMessage[] = [];
    for (const entry of session.allEntries()) {
      const other = this.#forOthers(entry);
      if (other) others.push(other);
      this.#remove(session, entry);
    }
    session.queue = undefined;
    session.inFlight = undefined;
    return others;
  }

  /**
   * Takes out messages that wait and whose topic the client may not have. Those under way over its present connection are with it already,
   * and their ids in use. Answers how many there were, and those of them that another member of a shared subscription may get.
   */
  dropQueued(
    session: Session,
    mayHave: (topic: string) => boolean,
  ): { readonly dropped: number; readonly others: readonly SharedMessage[] } {
    const others: SharedMessage[] = [];
    let dropped = 0;
    session.queue?.filter((entry) => {
      const { message } = entry;
      if (!message || mayHave(topicIn(this.#residence.bodyOf(message)))) return true;
      dropped++;
      const other = this.#forOthers(entry);
      if (other) others.push(other);
      // Where the client has a QoS 2 message without our knowing, it holds its id until PUBREL: MQTT 5 §4.3.3.
      if (entry.qos === 2 && entry.packetId > 0) this.#toRelease(session, entry, message);
      else this.#remove(session, entry);
      return entry.isReleased;
    });
    if (session.queue?.length === 0) session.queue = undefined;
    return { dropped, others };
  }

  /** The session is not kept by the store any more, though it lives on. */
  removeRecords(session: Session): void {
    for (const entry of session.allEntries()) {
      this.#state.journal.remove(ENTRIES, entry.id);
      const { message } = entry;
      if (!message) continue;
      message.body ??= this.#residence.bodyOf(message);
      message.loose++;
      this.#residence.release(message);
    }
  }

  trim(): void {
    this.#residence.trim();
  }

  #send(session: Session, entry: Entry): void {
    const { journal } = this.#state;
    const { message } = entry;
    if (entry.packetId === 0) {
      entry.packetId = session.nextPacketId();
      if (session.isDurable) {
        journal.put(ENTRIES, entry.id, entry);
        // Sent before its id is durable, it would be sent under another id after a crash, and be taken in twice.
        if (entry.qos === 2) session.heldUntil = journal.batch;
      }
    }
    session.fly(entry);
    if (!message) this.#pubrel(session, entry.packetId);
    else {
      const flags = entry.isAgain ? entry.flags | FLAG_AGAIN : entry.flags;
      this.#deliver(session, this.#currentBody(message), flags, entry.packetId, entry.identifiers);
    }
  }

  #deliver(session: Session, body: Body, flags: number, packetId: number, identifiers: readonly number[]): void {
    const { outbox, connection, number } = session;
    if (!outbox) return;
    this.#state.counts.delivered++;
    if (!this.#isHeld(session)) outbox.deliver(body, flags, connection, number, packetId, identifiers);
    else this.#later(session, () => outbox.deliver(body, flags, connection, number, packetId, identifiers));
  }

  #pubrel(session: Session, packetId: number): void {
    const { outbox, connection, number } = session;
    if (!outbox) return;
    if (!this.#isHeld(session)) outbox.pubrel(connection, number, packetId);
    else this.#later(session, () => outbox.pubrel(connection, number, packetId));
  }

  #isHeld(session: Session): boolean {
    return session.heldUntil > this.#state.journal.durable;
  }

  #later(session: Session, then: () => void): void {
    const { number } = session;
    this.#state.journal.after(session.heldUntil, () => {
      if (session.number === number) then();
    });
  }

  /** The client has the message: from now on PUBREL is what it gets, in the order in which it said so [MQTT-4.6.0-4]. */
  #release(session: Session, entry: Entry): void {
    const { message } = entry;
    if (message) {
      this.#toRelease(session, entry, message);
      session.inFlight?.delete(entry.packetId);
      session.fly(entry);
    }
    this.#pubrel(session, entry.packetId);
  }

  /** From now on only the id of the entry is in use. */
  #toRelease(session: Session, entry: Entry, message: Message): void {
    const { journal } = this.#state;
    entry.isReleased = true;
    this.#let(session, message);
    entry.message = undefined;
    if (!session.isDurable) return;
    journal.remove(ENTRIES, entry.id);
    entry.id = this.#state.newKey();
    journal.create(ENTRIES, entry.id, entry);
    // PUBREL makes the client forget the id: sent again after a crash, the message would be a new one to it.
    session.heldUntil = journal.batch;
  }

  /** A message at QoS 2 that is under way goes to nobody else [MQTT-4.8.2-5]. */
  #forOthers(entry: Entry): SharedMessage | undefined {
    const { message, share } = entry;
    if (!message || share === undefined || (entry.qos === 2 && entry.packetId > 0)) return undefined;
    return { entry, message, body: this.#residence.bodyOf(message) };
  }

  #add(session: Session, entry: Entry, message: Message, body: Body): void {
    this.#count(session, 1, message.bytes);
    if (!session.isDurable) {
      message.body ??= this.#residence.bodyOf(message);
      message.loose++;
      return;
    }
    const { journal } = this.#state;
    // No entry names it any more, so it is written anew: one client gave it up, and another one gets it.
    if (message.stored === 0) message.body ??= body;
    this.#residence.hold(message);
    journal.create(ENTRIES, entry.id, entry);
    journal.need();
  }

  #remove(session: Session, entry: Entry): void {
    this.#count(session, -1, 0);
    if (session.isDurable) this.#state.journal.remove(ENTRIES, entry.id);
    if (entry.message) this.#let(session, entry.message);
    entry.message = undefined;
  }

  #let(session: Session, message: Message): void {
    this.#count(session, 0, -message.bytes);
    if (session.isDurable) this.#residence.release(message);
    else message.loose--;
  }

  #count(session: Session, entries: number, bytes: number): void {
    const { counts } = this.#state;
    session.queuedBytes += bytes;
    session.tenant.queuedBytes += bytes;
    counts.queuedNow += entries;
    counts.queuedBytesNow += bytes;
  }

  #fits(session: Session, bytes: number): boolean {
    const { queuedPerClientMax, queuedBytesPerClientMax, queuedBytesPerTenantMax } = this.#state.limits;
    return (
      session.entries < queuedPerClientMax &&
      session.queuedBytes + bytes <= queuedBytesPerClientMax &&
      session.tenant.queuedBytes + bytes <= queuedBytesPerTenantMax
    );
  }

  #drop(session: Session): void {
    const { counts, clock, report } = this.#state;
    counts.droppedFull++;
    session.dropped++;
    const nowMs = clock.steadyMs();
    if (nowMs - session.dropReportedAtMs < REPORT_EVERY_MS) return;
    session.dropReportedAtMs = nowMs;
    report('warn', 'mqtt-queue-full', { tenant: session.tenant.name, client: session.label, dropped: session.dropped });
  }

  #dropExpired(session: Session): void {
    const now = Math.floor(this.#state.steadySeconds);
    if (session.searchedAtSeconds === now) return;
    session.searchedAtSeconds = now;
    session.queue?.filter((entry) => {
      if (entry.packetId > 0 || !this.#isExpired(entry)) return true;
      this.#expire(session, entry);
      return false;
    });
  }

  #isExpired({ message }: Entry): boolean {
    return message !== undefined && message.deadlineMs <= this.#state.clock.steadyMs();
  }

  #expire(session: Session, entry: Entry): void {
    this.#state.counts.expired++;
    this.#remove(session, entry);
  }

  /** The body with what is left of its expiry. */
  #currentBody(message: Message): Body {
    const body = this.#residence.bodyOf(message);
    if (message.expirySeconds === undefined) return body;
    const left = Math.max(1, Math.ceil((message.deadlineMs - this.#state.clock.steadyMs()) / 1000));
    return left < message.expirySeconds ? withExpirySeconds(body, left) : body;
  }
}
