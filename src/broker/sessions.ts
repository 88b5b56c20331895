import {
  CODE_CREDENTIALS_INVALID,
  CODE_DEVICE_UNKNOWN,
  type CODE_SESSION_DROPPED,
  CODE_SESSION_TAKEN_OVER,
  CODE_SESSIONS_EXHAUSTED,
} from '../../assembly/abi/codes.js';
import type { Principal } from '../contract/acl/acl.js';
import type { GatewayToBroker } from '../contract/threads/broker.js';
import { Deadlines } from './deadlines.js';
import type { Deliveries } from './deliveries.js';
import type { Outbox } from './outbox.js';
import type { Publishing } from './publishing.js';
import type { Revoking } from './revoking.js';
import { Session } from './session.js';
import type { BrokerState } from './state.js';
import { SESSIONS, TAKEN } from './store/store.js';
import type { Subscribing } from './subscribing.js';
import type { SystemTopics } from './system-topics.js';
import type { Tenant } from './tenant.js';
import type { Wills } from './wills.js';

/** Packet ids of one session, in a key of the store. */
const IDS = 0x10000;
const nothing = { record: () => new Uint8Array(0) };

type DropCode = typeof CODE_SESSION_DROPPED | typeof CODE_DEVICE_UNKNOWN | typeof CODE_CREDENTIALS_INVALID;
type Attach = Extract<GatewayToBroker, { kind: 'attach' }>;
type Detach = Extract<GatewayToBroker, { kind: 'detach' }>;

/** Sessions from their first connection to their end. */
export class Sessions {
  readonly #state: BrokerState;
  readonly #deliveries: Deliveries;
  readonly #publishing: Publishing;
  readonly #subscribing: Subscribing;
  readonly #revoking: Revoking;
  readonly #wills: Wills;
  readonly #system: SystemTopics;
  readonly #ends: Deadlines<Session>;

  constructor(
    state: BrokerState,
    parts: {
      readonly deliveries: Deliveries;
      readonly publishing: Publishing;
      readonly subscribing: Subscribing;
      readonly revoking: Revoking;
      readonly wills: Wills;
      readonly system: SystemTopics;
    },
  ) {
    this.#state = state;
    this.#deliveries = parts.deliveries;
    this.#publishing = parts.publishing;
    this.#subscribing = parts.subscribing;
    this.#revoking = parts.revoking;
    this.#wills = parts.wills;
    this.#system = parts.system;
    this.#ends = new Deadlines(state.steadySeconds);
  }

  attach(outbox: Outbox, attach: Attach): void {
    const tenant = this.#state.tenant(attach.client.who.tenant);
    if (this.#state.rules.isOfNobody(tenant.name, attach.client.key)) {
      outbox.post({ kind: 'end', session: attach.session, connection: attach.connection, code: CODE_CREDENTIALS_INVALID });
      return;
    }
    let session = tenant.sessions.get(attach.client.key);
    if (session && session.lastNumber > attach.session) {
      outbox.post({ kind: 'end', session: attach.session, connection: attach.connection, code: CODE_SESSION_TAKEN_OVER });
      return;
    }
    const hadRecords = session?.isDurable ?? false;
    if (session?.isConnected) session = this.#takeOver(tenant, session);
    if (session && attach.cleanStart) {
      this.end(tenant, session);
      session = undefined;
    }
    if (!session && this.#state.counts.sessionsNow >= this.#state.limits.sessionsMax) {
      outbox.post({ kind: 'end', session: attach.session, connection: attach.connection, code: CODE_SESSIONS_EXHAUSTED });
      return;
    }
    const isPresent = session !== undefined;
    session ??= this.#begin(tenant, attach);
    this.#connect(tenant, session, outbox, attach, isPresent, hadRecords);
  }

  detach(session: Session, { isClean, expirySeconds, atMs }: Detach): void {
    const tenant = this.#state.tenant(session.tenant.name);
    if (expirySeconds !== undefined) session.expirySeconds = Math.min(expirySeconds, this.#state.limits.expirySecondsMax);
    this.#disconnect(tenant, session, isClean, isClean ? 'disconnected' : 'connection-lost', atMs);
  }

  /** Ends a session: its subscriptions, its queue and all that the store has of it. A will that was to come comes now. */
  end(tenant: Tenant, session: Session): void {
    this.#ends.delete(session, session.endsAtSeconds);
    this.#wills.publishNow(tenant, session);
    this.#subscribing.removeAll(tenant, session);
    const others = this.#deliveries.removeAll(session);
    this.#removeRecords(session);
    session.taken = undefined;
    tenant.sessions.delete(session.key);
    this.#state.counts.sessionsNow--;
    for (const other of others) this.#publishing.giveAgain(tenant, other);
  }

  /** The operator, or the end of a device or a service client, ends it. Its will is not published: the client has not failed. */
  drop(tenant: Tenant, key: string, code: DropCode): boolean {
    const session = tenant.sessions.get(key);
    if (!session) return false;
    session.will = undefined;
    if (session.isConnected) {
      session.outbox?.post({ kind: 'end', session: session.number, connection: session.connection, code });
      session.expirySeconds = 0;
      this.#disconnect(tenant, session, true, 'dropped', this.#state.clock.wallMs());
    } else this.end(tenant, session);
    return true;
  }

  dropDevices(numbers: readonly number[]): void {
    for (const tenant of this.#state.tenants.values()) for (const number of numbers) this.drop(tenant, `d:${number}`, CODE_DEVICE_UNKNOWN);
  }

  /** Drops the sessions of service clients that there are no more. */
  dropNobodys(tenant: Tenant): void {
    for (const key of [...tenant.sessions.keys()]) {
      if (this.#state.rules.isOfNobody(tenant.name, key)) this.drop(tenant, key, CODE_CREDENTIALS_INVALID);
    }
  }

  /** The client of a connected session is of another class. */
  changeClass(tenant: Tenant, session: Session, who: Principal): void {
    session.who = who;
    this.#kept(session);
    this.#revoking.checkSession(tenant, session);
  }

  taken(session: Session, packetId: number): void {
    session.taken ??= new Set();
    session.taken.add(packetId);
    if (!session.isDurable) return;
    this.#state.journal.create(TAKEN, session.id * IDS + packetId, nothing);
    this.#state.journal.need();
  }

  released(session: Session, packetId: number): void {
    if (!session.taken?.delete(packetId) || !session.isDurable) return;
    this.#state.journal.remove(TAKEN, session.id * IDS + packetId);
    // The client may use the id for another message as soon as it has PUBCOMP.
    this.#state.journal.need();
  }

  /** Puts an id that the store has to its session. */
  adoptTaken(sessions: ReadonlyMap<number, Session>, key: number): void {
    const session = sessions.get(Math.floor(key / IDS));
    if (!session) return;
    session.taken ??= new Set();
    session.taken.add(key % IDS);
  }

  /** A session that was loaded: it is offline, and ends so many seconds from now. */
  adopt(tenant: Tenant, session: Session, secondsLeft: number): void {
    tenant.sessions.set(session.key, session);
    this.#state.counts.sessionsNow++;
    this.#endIn(session, secondsLeft);
  }

  /** Ends the sessions whose time has come. */
  tick(): void {
    const now = this.#state.steadySeconds;
    for (const session of this.#ends.due(now)) {
      if (!session.isConnected && session.endsAtSeconds <= now) this.end(this.#state.tenant(session.tenant.name), session);
    }
  }

  #begin(tenant: Tenant, { client }: Attach): Session {
    const session = new Session(this.#state.newKey(), tenant, client);
    tenant.sessions.set(client.key, session);
    this.#state.counts.sessionsNow++;
    return session;
  }

  #connect(tenant: Tenant, session: Session, outbox: Outbox, attach: Attach, isPresent: boolean, hadRecords: boolean): void {
    const { limits, journal, counts, connected } = this.#state;
    this.#wills.cancel(session);
    this.#ends.delete(session, session.endsAtSeconds);
    session.land();
    const wasDurable = session.isDurable;
    Object.assign(session, { number: attach.session, lastNumber: attach.session, connection: attach.connection, outbox });
    session.label = attach.client.label;
    session.who = attach.client.who;
    session.level = attach.level;
    session.expirySeconds = Math.min(attach.expirySeconds, limits.expirySecondsMax);
    session.endsAtSeconds = 0;
    session.window = Math.min(attach.receiveMax, limits.inFlightPerClientMax);
    session.sinceMs = attach.atMs;
    session.will = attach.will;
    if (wasDurable && session.expirySeconds === 0) this.#forget(session);
    session.isDurable = journal.isDurable && session.expirySeconds > 0;
    if (session.isDurable) journal[wasDurable ? 'put' : 'create'](SESSIONS, session.id, session);
    connected.set(session.number, session);
    counts.connectedNow++;
    tenant.connected++;
    // Until its end is durable, what was there before would come back after a crash.
    session.heldUntil = hadRecords || session.isDurable ? journal.batch : 0;
    const unreleased = Uint16Array.from(session.taken ?? []);
    const { number, expirySeconds } = session;
    // Its class may be another one than when it was here last, and what was under way then was not looked at.
    if (isPresent) this.#revoking.checkSession(tenant, session);
    this.#deliveries.post(session, { kind: 'attached', session: number, isPresent, expirySeconds, unreleased });
    this.#deliveries.pump(session);
    this.#system.connected(tenant, session);
  }

  /** Answers what is left of the session: nothing where it ends with its connection. */
  #takeOver(tenant: Tenant, session: Session): Session | undefined {
    session.outbox?.post({ kind: 'end', session: session.number, connection: session.connection, code: CODE_SESSION_TAKEN_OVER });
    this.#disconnect(tenant, session, false, 'taken-over', this.#state.clock.wallMs());
    return tenant.sessions.get(session.key);
  }

  #disconnect(tenant: Tenant, session: Session, isClean: boolean, reason: string, atMs: number): void {
    const { connected, counts } = this.#state;
    connected.delete(session.number);
    counts.connectedNow--;
    tenant.connected--;
    Object.assign(session, { number: 0, connection: 0, outbox: undefined, heldUntil: 0, sinceMs: atMs });
    if (isClean) session.will = undefined;
    if (session.expirySeconds === 0) this.end(tenant, session);
    else {
      this.#endIn(session, session.expirySeconds);
      this.#wills.schedule(tenant, session);
      this.#kept(session);
    }
    this.#system.disconnected(tenant, session, reason);
  }

  #kept(session: Session): void {
    if (session.isDurable) this.#state.journal.put(SESSIONS, session.id, session);
  }

  #endIn(session: Session, seconds: number): void {
    session.endsAtSeconds = Math.ceil(this.#state.steadySeconds + seconds);
    this.#ends.add(session, session.endsAtSeconds);
  }

  /** It ends with its connection from now on, so the store need not know it. */
  #forget(session: Session): void {
    this.#deliveries.removeRecords(session);
    this.#removeRecords(session);
    session.isDurable = false;
  }

  #removeRecords(session: Session): void {
    if (!session.isDurable) return;
    this.#state.journal.remove(SESSIONS, session.id);
    for (const packetId of session.taken ?? []) this.#state.journal.remove(TAKEN, session.id * IDS + packetId);
  }
}
