import type { IConnectPacket, IDisconnectPacket } from 'mqtt-packet';
import {
  CODE_CREDENTIALS_INVALID,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_LOG_FULL,
  CODE_MQTT_ANSWER_OVERSIZE,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_UNRELEASED_EXHAUSTED,
  CODE_MQTT_VERSION_UNSUPPORTED,
  CODE_NONE,
} from '../../../assembly/abi/codes.js';
import { CONNECTION_KEEPS, CONNECTION_TAPS, NO_DEVICE } from '../../../assembly/abi/gateway.js';
import type { Principal } from '../../contract/acl/acl.js';
import type { DeviceEntry, PreviousToken } from '../../contract/devices.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import type { BrokerToGateway, ClientName } from '../../contract/threads/broker.js';
import { nextSession } from '../../host/session-numbers.js';
import { deviceOfCertificate } from '../certificates.js';
import type { GatewayParts } from '../parts.js';
import { type Admitted, type Attaching, refusalNow } from './attaching.js';
import { authenticate } from './authenticate.js';
import { serverKeepAlive, wantedSession, willOf } from './connect.js';
import { DoorReport } from './door-report.js';
import { Farewells } from './farewells.js';
import { connackAccepted, connackRefused, connackRefusedBecause, disconnect, disconnectReason, parsePacket, publishTo } from './packets.js';
import { Proofs } from './proofs.js';
import { Questions } from './questions.js';
import { layReasonStrings, limitsOf, type PacketLimits, reasonBytesMax, reasonString } from './reason-strings.js';
import type { Session } from './session-entry.js';
import { Subscriptions } from './subscriptions.js';
import { TopicAliases } from './topic-aliases.js';

const CONNECT = 1;
const VERSION_5 = 5;
/** Acknowledgements that a connection waits for when it ends are sent within this time or not at all. */
const LEAVE_MS_MAX = 200;
/** The same for a client that has ended its side and still reads. */
const HALF_CLOSED_MS_MAX = 5000;
const VERSION_UNSUPPORTED = { reason: 0x84, returnCode: 1 };
const QUOTA_EXCEEDED = { reason: 0x97, returnCode: 3 };
const SERVER_UNAVAILABLE = { reason: 0x88, returnCode: 3 };
const NOT_AUTHORIZED = { reason: 0x87, returnCode: 5 };
const BAD_CREDENTIALS = { reason: 0x86, returnCode: 4 };
/** DISCONNECT that wants the will published all the same. MQTT 5 §3.14.2.1. */
const WITH_WILL = 0x04;

/** What a message on a topic would be if the device published it: telemetry, a message for subscribers, or the code that refuses it. */
export type MeaningOf = (session: Pick<Session, 'entry' | 'service'>, topic: string) => 'telemetry' | 'message' | { readonly code: number };

/** How a session ended, for its will. */
interface Farewell {
  readonly isClean: boolean;
  readonly expirySeconds?: number | undefined;
}
const ABRUPT: Farewell = { isClean: false };

/** The session layer: connections and what the kernel lists as calls. What outlives a connection is the broker's. */
export class Sessions {
  readonly #parts: GatewayParts;
  readonly #numbers: SharedArrayBuffer;
  readonly #meaningOf: MeaningOf;
  readonly #keepAliveSecondsMax: number;
  readonly #sessions = new Map<number, Session>();
  readonly #attaching = new Map<number, Attaching>();
  /** Connections by the number of their session, while they wait for the broker. */
  readonly #awaited = new Map<number, number>();
  readonly #subscriptions: Subscriptions;
  readonly #proofs = new Proofs();
  readonly #questions: Questions;
  readonly #leaving = new Farewells();
  #closedCode: number = CODE_NONE;
  /** Of clients that are turned away. */
  readonly door: DoorReport;

  /** `numbers` is the count that all gateways of the process share; `keepAliveSecondsMax` 0: keep-alives are as clients ask for. */
  constructor(parts: GatewayParts, numbers: SharedArrayBuffer, meaningOf: MeaningOf, keepAliveSecondsMax = 0) {
    this.#parts = parts;
    this.#numbers = numbers;
    this.#meaningOf = meaningOf;
    this.#keepAliveSecondsMax = keepAliveSecondsMax;
    this.#subscriptions = new Subscriptions(
      parts,
      (session) => this.principalOf(session),
      (connection) => this.refuse(connection, CODE_MQTT_ANSWER_OVERSIZE),
    );
    this.door = new DoorReport(parts.directory, parts.post);
    this.#questions = new Questions(parts.post);
    layReasonStrings(parts.memory);
  }

  /** A whole control packet, checked by the kernel. It lies in the read region only until this returns. */
  packet(connection: number, offset: number, length: number): void {
    const session = this.#sessions.get(connection);
    const bytes = this.#parts.memory.slice(offset, length);
    const isConnect = (bytes[0] as number) >> 4 === CONNECT;
    if (!session && !isConnect) return; // It was ended after the kernel listed the packet.
    const packet = parsePacket(bytes, this.#parts.kernel.levelOf(connection));
    if (!packet) this.refuse(connection, CODE_MQTT_MALFORMED);
    else if (packet.cmd === 'connect') this.#connect(connection, packet);
    else if (packet.cmd === 'subscribe') this.#subscriptions.subscribe(connection, session as Session, packet);
    else if (packet.cmd === 'unsubscribe') this.#subscriptions.unsubscribe(connection, session as Session, packet);
    else if (packet.cmd === 'disconnect') this.#disconnect(connection, session as Session, packet);
  }

  /** What the broker says of a session. */
  fromBroker(message: Extract<BrokerToGateway, { kind: 'attached' | 'subscribed' | 'unsubscribed' | 'end' }>): void {
    if (message.kind === 'attached') this.#attached(message);
    else if (message.kind === 'end') this.#endedByBroker(message);
    else this.#subscriptions.answered(message, (connection) => this.#sessions.get(connection));
  }

  /** Sends the client the code with which the kernel has ended its connection, as far as its protocol can express it. */
  refused(connection: number, code: number): void {
    const level = this.#parts.kernel.levelOf(connection);
    if (!this.#sessions.has(connection) && level !== 0) {
      // CONNECT itself was refused. 3.1.1 has a return code for the version only [MQTT-3.1.4-1].
      if (code === CODE_MQTT_VERSION_UNSUPPORTED) {
        this.#send(connection, connackRefused(level, VERSION_UNSUPPORTED.reason, VERSION_UNSUPPORTED.returnCode));
      } else if (level === 5) {
        this.#send(connection, connackRefused(level, disconnectReason(code), 0));
      }
    }
    this.#end(connection, code);
  }

  /** The same for what this side refuses. */
  refuse(connection: number, code: number): void {
    this.#count(code);
    this.refused(connection, code);
  }

  /** The session of a connection that was let in; with `number` only if it is that one. */
  find(connection: number, number?: number): Session | undefined {
    const session = this.#sessions.get(connection);
    return number === undefined || session?.number === number ? session : undefined;
  }

  /** Sends a message at QoS 0 to the device. */
  publish(connection: number, topic: string, payload: string): void {
    const session = this.#sessions.get(connection);
    if (session) this.#send(connection, publishTo(topic, payload, this.#parts.kernel.levelOf(connection), session.limits));
  }

  /** Subscribers of this tenant want other messages than before. */
  tapsChanged(tenant: string): void {
    const on = this.#parts.taps.has(tenant) ? 1 : 0;
    for (const [connection, session] of this.#sessions) {
      if (this.tenantOf(session) === tenant) this.#parts.kernel.setTaps(connection, on);
    }
  }

  /** A connection that ends has all its acknowledgements. */
  settled(connection: number): void {
    const leaving = this.#leaving.end(connection);
    if (leaving) this.#close(connection, leaving.last);
  }

  /** The client sends no more, without DISCONNECT, and still reads. */
  peerEnded(connection: number): void {
    const attaching = this.#attaching.get(connection);
    if (attaching) attaching.hasEnded = true;
    else if (!this.#leaving.has(connection)) this.#end(connection, CODE_NONE, ABRUPT, HALF_CLOSED_MS_MAX);
  }

  /** The connection is gone. */
  closed(connection: number): void {
    this.#leaving.end(connection);
    this.#forget(connection, CODE_NONE, ABRUPT);
  }

  /** Ends all sessions with a reason. */
  endAll(code: number): void {
    const connections = [...this.#questions.connections(), ...this.#attaching.keys(), ...this.#sessions.keys()];
    for (const connection of connections) this.refuse(connection, code);
    // The log takes nothing any more: no further acknowledgement comes.
    for (const connection of this.#leaving.connections()) this.settled(connection);
  }

  /** From now on nobody is let in, because of `code`; 0: everybody is again. */
  closeDoor(code: number): void {
    this.#closedCode = code;
  }

  /** Adds or replaces a device, and ends its session when it may no longer have one; false: the kernel cannot take it. */
  putDevice(device: DeviceEntry): boolean {
    const { directory } = this.#parts;
    const known = directory.entryOf(device.number);
    const before = known === undefined ? undefined : directory.tokenHash(known);
    const connected = known === undefined ? undefined : directory.connectionOf(known);
    const was = connected === undefined ? undefined : directory.principalOf(known as number);
    const entry = directory.put(device);
    if (entry === undefined) return false;
    const connection = directory.connectionOf(entry);
    if (connection === undefined) return true;
    if (!directory.isActive(entry)) this.refuse(connection, CODE_DEVICE_INACTIVE);
    else if (before) this.#judgeAgain(connection, before, device.tokenHash, device.previousToken);
    const session = this.#sessions.get(connection);
    if (session && was) this.#judgeClass(session, was);
    return true;
  }

  /** Takes what is new of who may connect and use which topics, and ends the sessions that what is revoked has let in. */
  setIdentity(news: IdentityNews): void {
    const { directory } = this.#parts;
    const gone = directory.setIdentity(news);
    if (news.subject === 'services') this.#endServices(gone);
    if (news.subject === 'issuers') for (const connection of this.#proofs.issuedBy(gone)) this.refuse(connection, CODE_CREDENTIALS_INVALID);
    if (news.subject === 'authorities') this.#judgeCertified();
    if (news.subject !== 'credentials') return;
    const entry = directory.entryOf(news.device);
    const connection = entry === undefined ? undefined : directory.connectionOf(entry);
    const shown = connection === undefined ? undefined : this.#proofs.shownBy(connection);
    if (connection === undefined || !shown || directory.credentials.has(news.device, shown)) return;
    this.refuse(connection, CODE_CREDENTIALS_INVALID);
  }

  /** An authority may have revoked certificates, or be gone. */
  #judgeCertified(): void {
    for (const connection of this.#proofs.certified()) {
      const session = this.#sessions.get(connection);
      const der = this.#parts.reactor.peerCertificate(connection);
      const { directory } = this.#parts;
      const certified = der && deviceOfCertificate(der, directory, directory.certificateNames, Date.now());
      const isSame = certified && 'entry' in certified && certified.entry === session?.entry;
      if (!isSame) this.refuse(connection, CODE_CREDENTIALS_INVALID);
    }
  }

  deleteDevice(number: number): void {
    const { directory } = this.#parts;
    const entry = directory.entryOf(number);
    const connection = entry === undefined ? undefined : directory.connectionOf(entry);
    if (connection !== undefined) this.refuse(connection, CODE_DEVICE_UNKNOWN);
    directory.delete(number);
  }

  /** Ends the sessions of clients whose token, or what else they have shown, is no longer valid at `nowMs`. */
  endExpired(nowMs: number): void {
    for (const connection of this.#proofs.expired(nowMs)) this.refuse(connection, CODE_CREDENTIALS_INVALID);
  }

  /** `before` was the token of the connection's device when it was let in. */
  #judgeAgain(connection: number, before: Uint8Array, now: Uint8Array, previous: PreviousToken | undefined): void {
    if (!this.#proofs.tokenReplaced(connection, before, now, previous)) this.refuse(connection, CODE_CREDENTIALS_INVALID);
  }

  /** The class of a device decides which rules are for it: its session is judged again where the class is another one. */
  #judgeClass(session: Session, was: Principal): void {
    const who = this.principalOf(session);
    if (who.kind !== 'device' || was.kind !== 'device' || who.deviceClass === was.deviceClass) return;
    this.#parts.link.post({ kind: 'principal', session: session.number, who });
  }

  /** What a client waited for is known. */
  answered(token: number): void {
    const waiting = this.#questions.answered(token);
    if (waiting) this.#connect(waiting.connection, waiting.packet, false);
  }

  #connect(connection: number, packet: IConnectPacket, mayAsk = true): void {
    const limits = limitsOf(packet);
    if (this.#closedCode !== CODE_NONE) {
      const answer = this.#closedCode === CODE_LOG_FULL ? QUOTA_EXCEEDED : SERVER_UNAVAILABLE;
      this.#turnAway(connection, packet, { code: this.#closedCode, ...answer }, limits);
      return;
    }
    const admission = authenticate(packet, this.#parts.directory, Date.now(), this.#parts.reactor.peerCertificate(connection));
    if (admission.kind === 'refused') {
      this.#turnAway(connection, packet, admission, limits);
      return;
    }
    if (admission.kind === 'asks') {
      if (mayAsk && !this.#questions.areFull) this.#questions.ask(connection, packet, admission.question);
      else
        this.#turnAway(connection, packet, { code: CODE_CREDENTIALS_INVALID, ...(mayAsk ? SERVER_UNAVAILABLE : BAD_CREDENTIALS) }, limits);
      return;
    }
    const who = admission.kind === 'service' ? { entry: NO_DEVICE, service: admission.service } : { entry: admission.entry };
    const meaning = packet.will ? this.#meaningOf(who, packet.will.topic) : 'message';
    if (typeof meaning === 'object') this.#turnAway(connection, packet, { ...meaning, ...NOT_AUTHORIZED }, limits);
    else this.#attach(connection, packet, who, admission, meaning === 'telemetry');
  }

  /** The broker has the client's session, if there is one: CONNACK waits for it. */
  #attach(
    connection: number,
    packet: IConnectPacket,
    who: Pick<Session, 'entry' | 'service'>,
    admitted: Admitted,
    isTelemetry: boolean,
  ): void {
    const { kernel, link } = this.#parts;
    const number = nextSession(this.#numbers);
    const { cleanStart, expirySeconds, receiveMax } = wantedSession(packet);
    const aliasMax = packet.properties?.topicAliasMaximum ?? 0;
    const aliases = aliasMax > 0 ? { aliases: new TopicAliases(aliasMax) } : {};
    const session: Session = { ...who, number, limits: limitsOf(packet), asksExpiry: expirySeconds !== 0, ...aliases };
    const tokenHash = who.service ? undefined : this.#parts.directory.tokenHash(who.entry);
    const client = this.#clientOf(admitted);
    const keepAliveSeconds = packet.keepalive ?? 0;
    const ofServer = serverKeepAlive(packet, this.#keepAliveSecondsMax);
    this.#attaching.set(connection, { session, admitted, client, keepAliveSeconds, serverKeepAlive: ofServer, expirySeconds, tokenHash });
    this.#awaited.set(number, connection);
    const level = kernel.levelOf(connection);
    const will = willOf(packet, isTelemetry);
    link.post({
      kind: 'attach',
      session: number,
      connection,
      client,
      level,
      cleanStart,
      expirySeconds,
      receiveMax,
      will,
      atMs: Date.now(),
    });
  }

  #clientOf(admitted: Admitted): ClientName {
    const { directory } = this.#parts;
    if (admitted.kind === 'service') {
      const { service, clientId } = admitted;
      return { who: this.principalOf({ entry: NO_DEVICE, service }), key: `s:${service.id}:${clientId}`, label: clientId };
    }
    const who = directory.principalOf(admitted.entry);
    return { who, key: `d:${directory.numberOf(admitted.entry)}`, label: who.name };
  }

  #attached({ session: number, isPresent, expirySeconds, unreleased }: Extract<BrokerToGateway, { kind: 'attached' }>): void {
    const connection = this.#awaited.get(number);
    const attaching = connection === undefined ? undefined : this.#attaching.get(connection);
    if (connection === undefined || !attaching) return; // The connection ended meanwhile, and the broker knows.
    const { session, admitted, serverKeepAlive, keepAliveSeconds } = attaching;
    const { kernel, reactor, shares } = this.#parts;
    // An id that is not known to be in use would let its message be taken in twice.
    const holdsIds = unreleased.every((packetId) => kernel.keepUnreleased(connection, packetId) !== 0);
    const refusal = holdsIds ? refusalNow(attaching, this.#parts.directory) : CODE_MQTT_UNRELEASED_EXHAUSTED;
    if (refusal !== CODE_NONE) {
      this.refuse(connection, refusal);
      return;
    }
    const level = kernel.levelOf(connection);
    const connack = connackAccepted(level, session.limits, {
      sessionPresent: isPresent,
      sessionExpiryInterval: expirySeconds === attaching.expirySeconds ? undefined : expirySeconds,
      assignedClientIdentifier: admitted.assignedId,
      serverKeepAlive,
      topicAliasMaximum: level === VERSION_5 ? kernel.allowAliases(connection) : 0,
    });
    if (!connack) {
      this.#count(CODE_MQTT_ANSWER_OVERSIZE);
      this.#end(connection, CODE_MQTT_ANSWER_OVERSIZE);
      return;
    }
    this.#forgetAttaching(connection, number);
    this.#sessions.set(connection, session);
    if (admitted.kind === 'admitted') this.#proofs.add(connection, admitted);
    reactor.trust(connection);
    shares.assign(connection, attaching.client.who.tenant);
    const reasonBytes = reasonBytesMax(level, session.limits);
    const seconds = serverKeepAlive ?? keepAliveSeconds;
    kernel.connected(connection, session.entry, level, this.#flagsOf(session, expirySeconds), seconds, reasonBytes);
    this.#send(connection, connack);
    this.#setConnected(session, connection, attaching.tokenHash);
    this.#judgeClass(session, attaching.client.who);
    if (attaching.hasEnded) this.peerEnded(connection);
    reactor.wake();
  }

  #setConnected({ entry, number }: Session, connection: number, tokenHash: Uint8Array | undefined): void {
    if (!tokenHash) return;
    const { directory, post } = this.#parts;
    directory.setConnection(entry, connection);
    post({ kind: 'connected', device: directory.numberOf(entry), session: number, atMs: Date.now() });
    this.#judgeAgain(connection, tokenHash, directory.tokenHash(entry), directory.previousToken(entry, Date.now()));
  }

  tenantOf({ entry, service }: Pick<Session, 'entry' | 'service'>): string {
    return service?.tenant ?? this.#parts.directory.nameOf(entry).tenant;
  }

  /** The client as rules about topics know it. */
  principalOf({ entry, service }: Pick<Session, 'entry' | 'service'>): Principal {
    if (service) return { kind: 'service', tenant: service.tenant, name: service.name };
    return this.#parts.directory.principalOf(entry);
  }

  /** Ends the connections of service clients that are no longer valid. */
  #endServices(ids: readonly number[]): void {
    for (const [connection, { service }] of [...this.#sessions]) {
      if (service && ids.includes(service.id)) this.refuse(connection, CODE_CREDENTIALS_INVALID);
    }
  }

  #flagsOf(session: Session, expirySeconds: number): number {
    const isTapped = this.#parts.taps.has(this.tenantOf(session));
    return (expirySeconds === 0 ? 0 : CONNECTION_KEEPS) | (isTapped ? CONNECTION_TAPS : 0);
  }

  #endedByBroker({ session, connection, code }: Extract<BrokerToGateway, { kind: 'end' }>): void {
    if (this.find(connection, session) || this.#awaited.get(session) === connection) this.refuse(connection, code);
  }

  #turnAway(
    connection: number,
    packet: IConnectPacket,
    { code, reason, returnCode }: { code: number; reason: number; returnCode: number },
    limits: PacketLimits,
  ): void {
    this.#count(code);
    this.door.turnedAway(packet, code, Date.now());
    const level = this.#parts.kernel.levelOf(connection);
    const isVersion5 = level === VERSION_5;
    this.#send(
      connection,
      isVersion5 ? connackRefusedBecause(reason, reasonString(code, false), limits) : connackRefused(level, reason, returnCode),
    );
    this.#end(connection, code);
  }

  #disconnect(connection: number, { asksExpiry }: Session, { reasonCode, properties }: IDisconnectPacket): void {
    const expirySeconds = properties?.sessionExpiryInterval;
    // MQTT 5 §3.14.2.2.2: a session that CONNECT let end with its connection cannot be kept afterwards.
    if (!asksExpiry && (expirySeconds ?? 0) !== 0) this.refuse(connection, CODE_MQTT_PROTOCOL_ERROR);
    else this.#end(connection, CODE_NONE, { isClean: reasonCode !== WITH_WILL, expirySeconds });
  }

  /** Messages that were taken in before are acknowledged first, for their sender may not send them again. */
  #end(connection: number, code: number, farewell = ABRUPT, leaveMsMax = LEAVE_MS_MAX): void {
    const session = this.#forget(connection, code, farewell);
    const says = session && code !== CODE_NONE && this.#parts.kernel.levelOf(connection) === 5;
    const last = says ? disconnect(disconnectReason(code), reasonString(code, true), session.limits) : undefined;
    if (!session || this.#parts.kernel.leave(connection) === 0) {
      this.#close(connection, last);
      return;
    }
    this.#leaving.begin(connection, last, leaveMsMax, () => this.settled(connection));
  }

  #close(connection: number, last: Uint8Array | undefined): void {
    this.#parts.kernel.ended(connection);
    this.#send(connection, last);
    this.#parts.reactor.close(connection);
  }

  #forgetAttaching(connection: number, number: number): void {
    this.#attaching.delete(connection);
    this.#awaited.delete(number);
  }

  #forget(connection: number, code: number, { isClean, expirySeconds }: Farewell): Session | undefined {
    const { directory, link, post } = this.#parts;
    this.#questions.forget(connection);
    const attaching = this.#attaching.get(connection);
    if (attaching) {
      // The client had no CONNACK, so nobody waits for its will.
      link.post({ kind: 'detach', session: attaching.session.number, isClean: true, atMs: Date.now() });
      this.#forgetAttaching(connection, attaching.session.number);
    }
    const session = this.#sessions.get(connection);
    if (!session) return undefined;
    this.#sessions.delete(connection);
    this.#proofs.forget(connection);
    this.#subscriptions.closed(session.number);
    const atMs = Date.now();
    link.post({ kind: 'detach', session: session.number, isClean, expirySeconds, atMs });
    if (session.entry === NO_DEVICE) return session;
    if (directory.connectionOf(session.entry) === connection) directory.setConnection(session.entry, undefined);
    post({ kind: 'disconnected', device: directory.numberOf(session.entry), session: session.number, atMs, code });
    return session;
  }

  /** `bytes` undefined: the packet is larger than the client takes. */
  #send(connection: number, bytes: Uint8Array | undefined): void {
    if (bytes) this.#parts.reactor.sendBytes(connection, bytes);
  }

  #count(code: number): void {
    this.#parts.memory.counters[code] = (this.#parts.memory.counters[code] as bigint) + 1n;
  }
}
