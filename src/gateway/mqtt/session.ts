import type { IConnectPacket, IDisconnectPacket, ISubscribePacket, IUnsubscribePacket } from 'mqtt-packet';
import {
  CODE_CREDENTIALS_INVALID,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_LOG_FULL,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_VERSION_UNSUPPORTED,
  CODE_NONE,
  CODE_SESSION_TAKEN_OVER,
} from '../../../assembly/abi/codes.js';
import type { DeviceEntry, PreviousToken } from '../../contract/devices.js';
import type { IdentityNews } from '../../contract/identity/news.js';
import type { FromGateway } from '../../contract/threads/gateway.js';
import type { KernelMemory } from '../../host/kernel.js';
import { nextSession } from '../../host/session-numbers.js';
import type { Reactor } from '../../reactor/reactor.js';
import type { Directory } from '../directory.js';
import type { GatewayKernel } from '../kernel.js';
import { authenticate } from './authenticate.js';
import { DoorReport } from './door-report.js';
import {
  connackAccepted,
  connackRefused,
  connackRefusedBecause,
  disconnect,
  disconnectReason,
  parsePacket,
  publishTo,
  suback,
  unsuback,
} from './packets.js';
import { layReasonStrings, limitsOf, type PacketLimits, reasonBytesMax, reasonString } from './reason-strings.js';
import { grant, refusalOf } from './subscriptions.js';

/** Kept small, as there is one a connection: what the directory or the kernel knows is asked there. */
interface Session {
  readonly entry: number;
  /** Its place in the order of all sessions of the process. */
  readonly number: number;
  readonly limits: PacketLimits;
  /** Whether CONNECT asked for a session that outlives its connection. */
  readonly asksExpiry: boolean;
  /** Absent until the first subscription. */
  filters?: Set<string>;
}

/** A connection that ends before its acknowledgements are due. */
interface Leaving {
  /** What the client is sent last. */
  readonly last: Uint8Array | undefined;
  readonly deadline: NodeJS.Timeout;
}

const CONNECT = 1;
/** Acknowledgements that a connection waits for when it ends are sent within this time or not at all. */
const LEAVE_MS_MAX = 200;
/** The same for a client that has ended its side and still reads. */
const HALF_CLOSED_MS_MAX = 5000;
const NO_SUBSCRIPTION = 0x11;
const VERSION_UNSUPPORTED = { reason: 0x84, returnCode: 1 };
const QUOTA_EXCEEDED = { reason: 0x97, returnCode: 3 };
const SERVER_UNAVAILABLE = { reason: 0x88, returnCode: 3 };

/** The session layer: what the kernel lists as calls. A session lives from CONNACK to the end of its connection. */
export class Sessions {
  readonly #kernel: GatewayKernel;
  readonly #memory: KernelMemory;
  readonly #directory: Directory;
  readonly #reactor: Reactor;
  readonly #numbers: SharedArrayBuffer;
  readonly #post: (message: FromGateway) => void;
  readonly #sessions = new Map<number, Session>();
  /** Until when (ms of the Unix epoch) such connections may stay that came with what is valid for a time. */
  readonly #expiring = new Map<number, number>();
  /** What such connections have shown that did not show the token of their device. */
  readonly #shown = new Map<number, number>();
  readonly #leaving = new Map<number, Leaving>();
  #closedCode: number = CODE_NONE;
  /** Of clients that are turned away. */
  readonly door: DoorReport;

  /** `numbers` is the count that all gateways of the process share. */
  constructor(
    kernel: GatewayKernel,
    memory: KernelMemory,
    directory: Directory,
    reactor: Reactor,
    numbers: SharedArrayBuffer,
    post: (message: FromGateway) => void,
  ) {
    this.#kernel = kernel;
    this.#memory = memory;
    this.#directory = directory;
    this.#reactor = reactor;
    this.#numbers = numbers;
    this.#post = post;
    this.door = new DoorReport(directory, post);
    layReasonStrings(memory);
  }

  /** A whole control packet, checked by the kernel. It lies in the read region only until this returns. */
  packet(connection: number, offset: number, length: number): void {
    const session = this.#sessions.get(connection);
    const bytes = this.#memory.slice(offset, length);
    const isConnect = (bytes[0] as number) >> 4 === CONNECT;
    if (!session && !isConnect) return; // It was ended after the kernel listed the packet.
    const packet = parsePacket(bytes, this.#kernel.levelOf(connection));
    if (!packet) this.refuse(connection, CODE_MQTT_MALFORMED);
    else if (packet.cmd === 'connect') this.#connect(connection, packet);
    else if (packet.cmd === 'subscribe') this.#subscribe(connection, session as Session, packet);
    else if (packet.cmd === 'unsubscribe') this.#unsubscribe(connection, session as Session, packet);
    else if (packet.cmd === 'disconnect') this.#disconnect(connection, session as Session, packet);
  }

  /** Sends the client the code with which the kernel has ended its connection, as far as its protocol can express it. */
  refused(connection: number, code: number): void {
    const level = this.#kernel.levelOf(connection);
    if (!this.#sessions.has(connection) && level !== 0) {
      // CONNECT itself was refused. 3.1.1 has a return code for the version only [MQTT-3.1.4-1].
      if (code === CODE_MQTT_VERSION_UNSUPPORTED) {
        this.#reactor.sendBytes(connection, connackRefused(level, VERSION_UNSUPPORTED.reason, VERSION_UNSUPPORTED.returnCode));
      } else if (level === 5) {
        this.#reactor.sendBytes(connection, connackRefused(level, disconnectReason(code), 0));
      }
    }
    this.#end(connection, code);
  }

  /** The same for what this side refuses. */
  refuse(connection: number, code: number): void {
    this.#count(code);
    this.refused(connection, code);
  }

  /** The device of a connection that was let in. */
  entryOf(connection: number): number | undefined {
    return this.#sessions.get(connection)?.entry;
  }

  /** Sends a message at QoS 0 to the device. */
  publish(connection: number, topic: string, payload: string): void {
    const session = this.#sessions.get(connection);
    if (session) this.#send(connection, publishTo(topic, payload, this.#kernel.levelOf(connection), session.limits));
  }

  /** A connection that ends has all its acknowledgements. */
  settled(connection: number): void {
    const leaving = this.#leaving.get(connection);
    if (!leaving) return;
    this.#forgetLeaving(connection);
    this.#close(connection, leaving.last);
  }

  /** The client sends no more, without DISCONNECT, and still reads. */
  peerEnded(connection: number): void {
    if (!this.#leaving.has(connection)) this.#end(connection, CODE_NONE, HALF_CLOSED_MS_MAX);
  }

  /** The connection is gone. */
  closed(connection: number): void {
    this.#forgetLeaving(connection);
    this.#forget(connection, CODE_NONE);
  }

  /** Ends all sessions with a reason. */
  endAll(code: number): void {
    for (const connection of [...this.#sessions.keys()]) this.refuse(connection, code);
    // The log takes nothing any more: no further acknowledgement comes.
    for (const connection of [...this.#leaving.keys()]) this.settled(connection);
  }

  /** From now on nobody is let in, because of `code`; 0: everybody is again. */
  closeDoor(code: number): void {
    this.#closedCode = code;
  }

  /** Adds or replaces a device, and ends its session when it may no longer have one; false: the kernel cannot take it. */
  putDevice(device: DeviceEntry): boolean {
    const known = this.#directory.entryOf(device.number);
    const before = known === undefined ? undefined : this.#directory.tokenHash(known);
    const entry = this.#directory.put(device);
    if (entry === undefined) return false;
    const connection = this.#directory.connectionOf(entry);
    if (connection === undefined) return true;
    if (!this.#directory.isActive(entry)) this.refuse(connection, CODE_DEVICE_INACTIVE);
    else if (before && !this.#shown.has(connection) && !isSame(before, device.tokenHash))
      this.#tokenReplaced(connection, before, device.previousToken);
    return true;
  }

  /** Takes what is new of who may connect and use which topics, and ends the session that a revoked credential has let in. */
  setIdentity(news: IdentityNews): void {
    this.#directory.setIdentity(news);
    if (news.subject !== 'credentials') return;
    const entry = this.#directory.entryOf(news.device);
    const connection = entry === undefined ? undefined : this.#directory.connectionOf(entry);
    const shown = connection === undefined ? undefined : this.#shown.get(connection);
    if (connection === undefined || !shown || this.#directory.credentials.has(news.device, shown)) return;
    this.refuse(connection, CODE_CREDENTIALS_INVALID);
  }

  deleteDevice(number: number): void {
    const entry = this.#directory.entryOf(number);
    const connection = entry === undefined ? undefined : this.#directory.connectionOf(entry);
    if (connection !== undefined) this.refuse(connection, CODE_DEVICE_UNKNOWN);
    this.#directory.delete(number);
  }

  /** Ends the sessions of clients whose token, or what else they have shown, is no longer valid at `nowMs`. */
  endExpired(nowMs: number): void {
    for (const [connection, untilMs] of this.#expiring) if (untilMs <= nowMs) this.refuse(connection, CODE_CREDENTIALS_INVALID);
  }

  /** `before` was the present token until now. Two are valid at once: who came with a still older one is cut off. */
  #tokenReplaced(connection: number, before: Uint8Array, previous: PreviousToken | undefined): void {
    const isValid = !this.#expiring.has(connection) && previous !== undefined && isSame(previous.hash, before);
    if (isValid) this.#expiring.set(connection, previous.untilMs);
    else this.refuse(connection, CODE_CREDENTIALS_INVALID);
  }

  /** The device has a newer session at another gateway. */
  takenOver(device: number, number: number): void {
    const entry = this.#directory.entryOf(device);
    const connection = entry === undefined ? undefined : this.#directory.connectionOf(entry);
    if (connection === undefined || this.#sessions.get(connection)?.number !== number) return;
    this.refuse(connection, CODE_SESSION_TAKEN_OVER);
  }

  #connect(connection: number, packet: IConnectPacket): void {
    const level = this.#kernel.levelOf(connection);
    const limits = limitsOf(packet);
    if (this.#closedCode !== CODE_NONE) {
      const answer = this.#closedCode === CODE_LOG_FULL ? QUOTA_EXCEEDED : SERVER_UNAVAILABLE;
      this.#turnAway(connection, packet, { code: this.#closedCode, ...answer }, limits);
      return;
    }
    const admission = authenticate(packet, this.#directory, Date.now(), this.#reactor.peerCertificate(connection));
    if (admission.kind === 'refused') {
      this.#turnAway(connection, packet, admission, limits);
      return;
    }
    const { entry, untilMs, credential, assignedId } = admission;
    const older = this.#directory.connectionOf(entry);
    if (older !== undefined) this.refuse(older, CODE_SESSION_TAKEN_OVER); // [MQTT-3.1.4-3]
    const number = nextSession(this.#numbers);
    const asksExpiry = (packet.properties?.sessionExpiryInterval ?? 0) !== 0;
    this.#sessions.set(connection, { entry, number, limits, asksExpiry });
    if (untilMs !== undefined) this.#expiring.set(connection, untilMs);
    if (credential !== undefined) this.#shown.set(connection, credential);
    this.#directory.setConnection(entry, connection);
    this.#reactor.trust(connection);
    this.#kernel.connected(connection, entry, level, packet.keepalive ?? 0, reasonBytesMax(level, limits));
    this.#send(connection, connackAccepted(level, limits, asksExpiry, assignedId));
    this.#post({ kind: 'connected', device: this.#directory.numberOf(entry), session: number, atMs: Date.now() });
  }

  #turnAway(
    connection: number,
    packet: IConnectPacket,
    { code, reason, returnCode }: { code: number; reason: number; returnCode: number },
    limits: PacketLimits,
  ): void {
    this.#count(code);
    this.door.turnedAway(packet, code, Date.now());
    const level = this.#kernel.levelOf(connection);
    const isVersion5 = level === 5;
    this.#send(
      connection,
      isVersion5 ? connackRefusedBecause(reason, reasonString(code, false), limits) : connackRefused(level, reason, returnCode),
    );
    this.#end(connection, code);
  }

  #subscribe(connection: number, session: Session, packet: ISubscribePacket): void {
    const hasIdentifier = packet.properties?.subscriptionIdentifier !== undefined;
    const level = this.#kernel.levelOf(connection);
    const { tenant, id } = this.#directory.nameOf(session.entry);
    const granted = packet.subscriptions.map((wanted) => {
      const code = grant(wanted, hasIdentifier, tenant, id, level);
      if (code <= 2) {
        session.filters ??= new Set();
        session.filters.add(wanted.topic);
      }
      return code;
    });
    this.#send(connection, suback(packet.messageId ?? 0, granted, level, refusalOf(granted), session.limits));
  }

  #unsubscribe(connection: number, session: Session, packet: IUnsubscribePacket): void {
    const results = packet.unsubscriptions.map((filter) => (session.filters?.delete(filter) ? 0 : NO_SUBSCRIPTION));
    this.#send(connection, unsuback(packet.messageId ?? 0, results, this.#kernel.levelOf(connection), session.limits));
  }

  #disconnect(connection: number, { asksExpiry }: Session, { properties }: IDisconnectPacket): void {
    // MQTT 5 §3.14.2.2.2: a session that CONNECT let end with its connection cannot be kept afterwards.
    if (!asksExpiry && (properties?.sessionExpiryInterval ?? 0) !== 0) this.refuse(connection, CODE_MQTT_PROTOCOL_ERROR);
    else this.#end(connection, CODE_NONE);
  }

  /** Messages that were taken in before are acknowledged first, for their sender may not send them again. */
  #end(connection: number, code: number, leaveMsMax = LEAVE_MS_MAX): void {
    const session = this.#forget(connection, code);
    const says = session && code !== CODE_NONE && this.#kernel.levelOf(connection) === 5;
    const last = says ? disconnect(disconnectReason(code), reasonString(code, true), session.limits) : undefined;
    if (!session || this.#kernel.leave(connection) === 0) {
      this.#close(connection, last);
      return;
    }
    const deadline = setTimeout(() => this.settled(connection), leaveMsMax).unref();
    this.#leaving.set(connection, { last, deadline });
  }

  #close(connection: number, last: Uint8Array | undefined): void {
    this.#kernel.ended(connection);
    this.#send(connection, last);
    this.#reactor.close(connection);
  }

  /** The connection waits for no acknowledgements any more. */
  #forgetLeaving(connection: number): void {
    clearTimeout(this.#leaving.get(connection)?.deadline);
    this.#leaving.delete(connection);
  }

  #forget(connection: number, code: number): Session | undefined {
    const session = this.#sessions.get(connection);
    if (!session) return undefined;
    this.#sessions.delete(connection);
    this.#expiring.delete(connection);
    this.#shown.delete(connection);
    this.#directory.setConnection(session.entry, undefined);
    const device = this.#directory.numberOf(session.entry);
    this.#post({ kind: 'disconnected', device, session: session.number, atMs: Date.now(), code });
    return session;
  }

  /** `bytes` undefined: the packet is larger than the client takes. */
  #send(connection: number, bytes: Uint8Array | undefined): void {
    if (bytes) this.#reactor.sendBytes(connection, bytes);
  }

  #count(code: number): void {
    this.#memory.counters[code] = (this.#memory.counters[code] as bigint) + 1n;
  }
}

/** Both are hashes that the registry gave: no secret is compared. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => byte === b[index]);
}
