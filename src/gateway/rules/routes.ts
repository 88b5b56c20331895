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
import type { FromGateway } from '../../contract/threads/gateway.js';
import { notTaken, type RoutedMessage, routeMessage, routeTopic, type Sender } from '../../contract/topic-rules/routing.js';
import { TenantRules } from '../../contract/topic-rules/tenant-rules.js';
import type { TopicRule } from '../../contract/topic-rules/topic-rule.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { Directory } from '../directory.js';
import type { GatewayKernel } from '../kernel.js';
import { type HandedMessage, parseHanded } from '../mqtt/packets.js';
import type { Sessions } from '../mqtt/session.js';
import { layContentTypes } from './content-types.js';
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
  readonly #kernel: GatewayKernel;
  readonly #memory: KernelMemory;
  readonly #directory: Directory;
  readonly #sessions: Sessions;
  readonly #rules = new TenantRules();
  /** "tenant NUL id" of devices that routes take to be unregistered. */
  readonly #unregistered = new Set<string>();
  /** The same of devices that may register others. */
  readonly #adding = new Set<string>();

  readonly #post: (message: FromGateway) => void;
  readonly #keepsNotTaken: boolean;

  /** `keepsNotTaken`: messages of 3.1.1 clients on topics that are not taken become dead letters. */
  constructor(
    kernel: GatewayKernel,
    memory: KernelMemory,
    directory: Directory,
    sessions: Sessions,
    post: (message: FromGateway) => void,
    keepsNotTaken = false,
  ) {
    this.#post = post;
    this.#keepsNotTaken = keepsNotTaken;
    if (keepsNotTaken) kernel.keepNotTaken();
    this.#kernel = kernel;
    this.#memory = memory;
    this.#directory = directory;
    this.#sessions = sessions;
    kernel.seedRoutes(randomBytes(8).readBigUInt64LE());
    layContentTypes(memory);
  }

  setRules(tenant: string, rules: readonly TopicRule[]): void {
    this.#rules.set(tenant, rules);
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
    const entry = this.#sessions.entryOf(connection);
    if (entry === undefined) return; // Its session was ended after the kernel asked.
    const topic = Buffer.from(this.#memory.slice(offset, length)).toString();
    const { tenant } = this.#directory.nameOf(entry);
    const { code, device, format, context, each } = routeTopic(this.#rules.of(tenant), topic, this.#sender(entry));
    const target = this.#directory.entryOf(device) ?? entry;
    this.#memory.bytes.set(context, STAGE_OFFSET);
    this.#kernel.addRoute(entry, target, format, each ? ROUTE_TO_HOST : code, context.length);
  }

  /** Takes in or refuses the PUBLISH of CALL_MESSAGE, whole. */
  message(connection: number, offset: number, length: number): void {
    const entry = this.#sessions.entryOf(connection);
    if (entry === undefined) return;
    const handed = parseHanded(this.#memory.slice(offset, length), this.#kernel.levelOf(connection));
    const taken = this.#take(entry, handed);
    const code = isOfTopic(taken) && this.#mayKeep(connection) ? this.#keep(entry, handed) : taken;
    if (code !== CODE_NONE) {
      this.#kernel.refuseHanded(connection, handed.qos, handed.packetId, code);
      return;
    }
    this.#kernel.acceptHanded(connection, handed.qos, handed.packetId);
    const { tenant } = this.#directory.nameOf(entry);
    const reply = replyTo(this.#rules.of(tenant), handed.topic, handed.payload);
    if (reply) this.#sessions.publish(connection, reply.topic, reply.payload);
  }

  #take(entry: number, { topic, payload, contentType, isRetained, qos, isAgain }: HandedMessage): number {
    const { tenant } = this.#directory.nameOf(entry);
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
    return this.#keepsNotTaken && this.#kernel.levelOf(connection) !== VERSION_5;
  }

  /** Lays a message whose topic is not taken, for a dead letter. */
  #keep(entry: number, { topic, payload, qos, isAgain }: HandedMessage): number {
    const message = { device: this.#directory.numberOf(entry), format: FORMAT_BY_SHAPE, context: notTaken(topic), payload };
    const code = this.#refusalOf(message);
    if (code === CODE_NONE) this.#lay(message, qos | (isAgain ? FLAG_DUP : 0));
    return code;
  }

  #refusalOf({ device, context, payload }: RoutedMessage): number {
    const entry = this.#directory.entryOf(device);
    if (entry === undefined) return CODE_DEVICE_UNKNOWN;
    if (!this.#directory.isActive(entry)) return CODE_DEVICE_INACTIVE;
    return context.length + payload.length > PAYLOAD_BYTES_MAX ? CODE_PAYLOAD_OVERSIZE : CODE_NONE;
  }

  #lay({ device, format, context, payload }: RoutedMessage, flags: number): void {
    this.#memory.bytes.set(context, STAGE_OFFSET);
    this.#memory.bytes.set(payload, STAGE_OFFSET + context.length);
    const entry = this.#directory.entryOf(device) as number;
    const code = this.#kernel.ingestPart(entry, flags | (format << 8), context.length, payload.length);
    if (code !== CODE_NONE) throw new Error(`cannot take in a part of a message: the kernel answers ${code} though it had room`);
  }

  #sender(entry: number): Sender {
    const { tenant, id } = this.#directory.nameOf(entry);
    const isGateway = this.#directory.addsSubdevices(entry);
    return { number: this.#directory.numberOf(entry), id, isGateway, find: (name) => this.#find(entry, tenant, name) };
  }

  #find(sender: number, tenant: string, id: string) {
    const entry = this.#directory.find(tenant, id);
    if (entry !== undefined) return { number: this.#directory.numberOf(entry), via: this.#directory.viaOf(entry) };
    if (this.#unregistered.size === UNREGISTERED_MAX) this.#forget();
    if (this.#unregistered.has(`${tenant}\0${id}`)) return undefined;
    this.#unregistered.add(`${tenant}\0${id}`);
    if (this.#directory.addsSubdevices(sender)) {
      this.#post({ kind: 'subdevice-named', gateway: this.#directory.numberOf(sender), id });
    }
    return undefined;
  }

  #forget(): void {
    this.#unregistered.clear();
    this.#kernel.clearRoutes();
  }
}
