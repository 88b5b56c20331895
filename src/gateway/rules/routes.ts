import { randomBytes } from 'node:crypto';
import { FLAG_DUP, FORMAT_BY_SHAPE } from '../../../assembly/abi/block.js';
import {
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_TOPIC_FORBIDDEN,
  CODE_TOPIC_UNKNOWN,
} from '../../../assembly/abi/codes.js';
import { ROUTE_TO_HOST } from '../../../assembly/abi/gateway.js';
import { PAYLOAD_BYTES_MAX } from '../../../assembly/abi/limits.js';
import { STAGE_OFFSET } from '../../../assembly/abi/regions.js';
import { formatOfContentType } from '../../contract/content-types.js';
import type { DeviceEntry } from '../../contract/devices.js';
import type { BrokerToGateway } from '../../contract/threads/broker.js';
import { deviceOfOwnTopic, isTelemetryTopic, topicWithin } from '../../contract/topic-rules/own-topics.js';
import {
  notTaken,
  type RoutedMessage,
  routeMessage,
  routeTopic,
  type Sender,
  type TopicRoute,
} from '../../contract/topic-rules/routing.js';
import { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import { Copies } from '../broker/copies.js';
import { type HandedMessage, readHanded } from '../mqtt/handed-message.js';
import { contentTypeOf, variableHeaderAt } from '../mqtt/publish-packet.js';
import type { MeaningOf, Sessions } from '../mqtt/session.js';
import type { Session } from '../mqtt/session-entry.js';
import type { GatewayParts } from '../parts.js';
import { layContentTypes } from './content-types.js';
import { PublishRights } from './publish-rights.js';
import { replyTo } from './replies.js';

/** More names than these are not remembered: the routes that they may change are forgotten at once. */
const UNREGISTERED_MAX = 100_000;

const VERSION_5 = 5;

/** Whether the topic is what a message is refused for, and not a device that may be known in a moment. */
function isOfTopic(code: number): boolean {
  return code === CODE_TOPIC_UNKNOWN || code === CODE_TOPIC_FORBIDDEN;
}

/** Says what topics mean that are not of our own shapes: the kernel asks once for each, and keeps the answer. */
export class Routes {
  readonly #parts: GatewayParts;
  readonly #sessions: Sessions;
  readonly #copies: Copies;
  readonly #rights: PublishRights;
  readonly #rules = new TenantRules();
  /** "tenant NUL id" of devices that routes take to be unregistered. */
  readonly #unregistered = new Set<string>();
  /** The same of devices that may register others. */
  readonly #adding = new Set<string>();

  readonly #keepsNotTaken: boolean;

  /** `keepsNotTaken`: messages of 3.1.1 clients on topics that are not taken become dead letters. */
  constructor(parts: GatewayParts, sessions: Sessions, keepsNotTaken = false) {
    this.#parts = parts;
    this.#sessions = sessions;
    this.#copies = new Copies(parts);
    this.#rights = new PublishRights(parts.directory.acl);
    this.#keepsNotTaken = keepsNotTaken;
    const { kernel, memory } = parts;
    if (keepsNotTaken) kernel.keepNotTaken();
    kernel.seedRoutes(randomBytes(8).readBigUInt64LE());
    layContentTypes(memory);
  }

  setRules(tenant: string, rules: readonly TopicRule[], off: readonly string[] = []): void {
    this.#rules.set(tenant, rules, off);
    this.#forget();
  }

  /** A device is registered or changed: routes may have given its messages to its gateway, or it may register others from now on, or no longer. */
  registered({ tenant, id, addsSubdevices = false }: Pick<DeviceEntry, 'tenant' | 'id' | 'addsSubdevices'>): void {
    const name = `${tenant}\0${id}`;
    const isChanged = this.#adding.has(name) !== addsSubdevices;
    if (addsSubdevices) this.#adding.add(name);
    else this.#adding.delete(name);
    if (isChanged || this.#unregistered.has(name)) this.#forget();
  }

  /** A device is gone: routes may lead to it. */
  deleted(): void {
    this.#forget();
  }

  /** Answers CALL_ROUTE. The topic lies in the read region only until this returns. */
  route(connection: number, offset: number, length: number): void {
    const session = this.#sessions.find(connection);
    if (!session) return; // Its session was ended after the kernel asked.
    const { entry } = session;
    const topic = Buffer.from(this.#parts.memory.slice(offset, length)).toString();
    const { code, device, format, context, each } = this.#routeOf(entry, topic);
    const target = this.#parts.directory.entryOf(device) ?? entry;
    this.#parts.memory.bytes.set(context, STAGE_OFFSET);
    const isOfBroker = isOfTopic(code) && this.#mayPublish(session, topic);
    this.#parts.kernel.addRoute(entry, target, format, each || isOfBroker ? ROUTE_TO_HOST : code, context.length);
  }

  /** What a message on the topic would be if the device published it. */
  readonly meaningOf: MeaningOf = (session, topic) => {
    if (session.service) return this.#mayPublish(session, topic) && !isTelemetryTopic(topic) ? 'message' : { code: CODE_TOPIC_FORBIDDEN };
    const { code } = this.#routeOf(session.entry, topic);
    if (code === CODE_NONE) return 'telemetry';
    return isOfTopic(code) && this.#mayPublish(session, topic) ? 'message' : { code };
  };

  /** Takes in or refuses the PUBLISH of CALL_MESSAGE, whole. */
  message(connection: number, offset: number, length: number): void {
    const session = this.#sessions.find(connection);
    if (!session) return;
    const { kernel, memory } = this.#parts;
    const packet = memory.peek(offset, length);
    const header = packet[0] as number;
    const handed = readHanded(this.#parts, connection, header, packet.subarray(variableHeaderAt(packet)));
    const { entry, service } = session;
    const tenant = this.#sessions.tenantOf(session);
    const taken = service ? this.#takeOfService(session, handed) : this.#take(entry, handed.topic, handed);
    const isMessage = isOfTopic(taken) && !isTelemetryTopic(handed.topic) && this.#mayPublish(session, handed.topic);
    const keeps = !isMessage && !service && isOfTopic(taken) && this.#mayKeep(connection);
    const code = isMessage ? CODE_NONE : keeps ? this.#keep(entry, handed) : taken;
    if (code !== CODE_NONE) {
      kernel.refuseHanded(connection, handed.qos, handed.packetId, code);
      return;
    }
    const isHeld = this.#copies.take(session.number, tenant, handed, !isMessage);
    kernel.acceptHanded(connection, handed.qos, handed.packetId, isMessage ? 0 : 1, isHeld ? 1 : 0);
    if (!isMessage) this.#copies.keepId(session.number, connection, handed);
    const reply = service ? undefined : replyTo(this.#rules.of(tenant), handed.topic, handed.payload);
    if (reply) this.#sessions.publish(connection, reply.topic, reply.payload);
  }

  /** Hands on the message of CALL_TAPPED, which was laid into its block. */
  tapped(connection: number, header: number, offset: number, length: number): void {
    const session = this.#sessions.find(connection);
    if (!session) return;
    const handed = readHanded(this.#parts, connection, header, this.#parts.memory.peek(offset, length));
    this.#copies.take(session.number, this.#sessions.tenantOf(session), handed, true);
    this.#copies.keepId(session.number, connection, handed);
  }

  /** The messages that the will of a device is, as if the device had published it. None: it may no longer. */
  ofWill({ device, topic, payload }: Extract<BrokerToGateway, { kind: 'will' }>): readonly RoutedMessage[] {
    const entry = this.#parts.directory.entryOf(device);
    if (entry === undefined) return [];
    const { tenant } = this.#parts.directory.nameOf(entry);
    const within = topicWithin(tenant, topic);
    const isAllowed = within !== undefined && !this.#parts.directory.denies(entry, topic);
    const messages = isAllowed ? routeMessage(this.#rules.of(tenant), within, payload, this.#sender(entry)) : CODE_TOPIC_FORBIDDEN;
    if (typeof messages !== 'number') return messages;
    this.#parts.kernel.countRefused(messages);
    return [];
  }

  /** Who may use which topics is decided by other rules than before. */
  rightsChanged(): void {
    this.#rights.forget();
    this.#forget();
  }

  /** Whether rules let the client publish to subscribers on a topic that is not taken as telemetry. */
  #mayPublish(session: Pick<Session, 'entry' | 'service'>, topic: string): boolean {
    return this.#rights.may(session, this.#sessions.principalOf(session), topic);
  }

  /** What the topic means on connections of the device: the context ends with it, as it is written in packets. */
  #routeOf(entry: number, topic: string): TopicRoute {
    const { tenant } = this.#parts.directory.nameOf(entry);
    const within = topicWithin(tenant, topic);
    if (within === undefined || this.#parts.directory.denies(entry, topic)) {
      const device = this.#parts.directory.numberOf(entry);
      return { code: CODE_TOPIC_FORBIDDEN, device, format: FORMAT_BY_SHAPE, context: notTaken(topic) };
    }
    const route = routeTopic(this.#rules.of(tenant), within, this.#sender(entry));
    return within === topic ? route : { ...route, context: notTaken(topic) };
  }

  /** Takes in what a service client publishes as telemetry of a device of its tenant, where a rule lets it. */
  #takeOfService(session: Session, handed: HandedMessage): number {
    const tenant = this.#sessions.tenantOf(session);
    const topic = topicWithin(tenant, handed.topic) ?? '';
    const id = deviceOfOwnTopic(topic);
    if (id === undefined || !this.#mayPublish(session, handed.topic)) return CODE_TOPIC_FORBIDDEN;
    const entry = this.#parts.directory.find(tenant, id);
    return entry === undefined ? CODE_DEVICE_UNKNOWN : this.#take(entry, topic, handed);
  }

  #take(entry: number, topic: string, { payload, properties, isRetained, qos, isAgain }: HandedMessage): number {
    const { tenant } = this.#parts.directory.nameOf(entry);
    const contentType = contentTypeOf(properties);
    const format = contentType === undefined ? FORMAT_BY_SHAPE : formatOfContentType(contentType);
    const messages = routeMessage(this.#rules.of(tenant), topic, payload, this.#sender(entry), { isRetained, format });
    if (typeof messages === 'number') return messages;
    const refusal = messages.map((message) => this.#refusalOf(message)).find((code) => code !== CODE_NONE);
    if (refusal !== undefined) return refusal;
    const flags = qos | (isAgain ? FLAG_DUP : 0);
    for (const message of messages) this.#lay(message, flags);
    return CODE_NONE;
  }

  #mayKeep(connection: number): boolean {
    return this.#keepsNotTaken && this.#parts.kernel.levelOf(connection) !== VERSION_5;
  }

  /** Lays a message whose topic is not taken, for a dead letter. */
  #keep(entry: number, { topic, payload, qos, isAgain }: HandedMessage): number {
    const message = { device: this.#parts.directory.numberOf(entry), format: FORMAT_BY_SHAPE, context: notTaken(topic), payload };
    const code = this.#refusalOf(message);
    if (code === CODE_NONE) this.#lay(message, qos | (isAgain ? FLAG_DUP : 0));
    return code;
  }

  #refusalOf({ device, context, payload }: RoutedMessage): number {
    const entry = this.#parts.directory.entryOf(device);
    if (entry === undefined) return CODE_DEVICE_UNKNOWN;
    if (!this.#parts.directory.isActive(entry)) return CODE_DEVICE_INACTIVE;
    return context.length + payload.length > PAYLOAD_BYTES_MAX ? CODE_PAYLOAD_OVERSIZE : CODE_NONE;
  }

  #lay({ device, format, context, payload }: RoutedMessage, flags: number): void {
    this.#parts.memory.bytes.set(context, STAGE_OFFSET);
    this.#parts.memory.bytes.set(payload, STAGE_OFFSET + context.length);
    const entry = this.#parts.directory.entryOf(device) as number;
    const code = this.#parts.kernel.ingestPart(entry, flags | (format << 8), context.length, payload.length);
    if (code !== CODE_NONE) throw new Error(`cannot take in a part of a message: the kernel answers ${code} though it had room`);
  }

  #sender(entry: number): Sender {
    const { tenant, id } = this.#parts.directory.nameOf(entry);
    const isGateway = this.#parts.directory.addsSubdevices(entry);
    return { number: this.#parts.directory.numberOf(entry), id, isGateway, find: (name) => this.#find(entry, tenant, name) };
  }

  #find(sender: number, tenant: string, id: string) {
    const entry = this.#parts.directory.find(tenant, id);
    if (entry !== undefined) return { number: this.#parts.directory.numberOf(entry), via: this.#parts.directory.viaOf(entry) };
    if (this.#unregistered.size === UNREGISTERED_MAX) this.#forget();
    if (this.#unregistered.has(`${tenant}\0${id}`)) return undefined;
    this.#unregistered.add(`${tenant}\0${id}`);
    if (this.#parts.directory.addsSubdevices(sender)) {
      this.#parts.post({ kind: 'subdevice-named', gateway: this.#parts.directory.numberOf(sender), id });
    }
    return undefined;
  }

  #forget(): void {
    this.#unregistered.clear();
    this.#parts.kernel.clearRoutes();
  }
}
