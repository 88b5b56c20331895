import type { TopicAlias } from './topic-aliases.js';

/** Identifiers of properties, MQTT 5 §2.2.2.2. */
const CONTENT_TYPE = 0x03;
const TOPIC_ALIAS = 0x23;
const SUBSCRIPTION_ID = 0x0b;
const USER = 0x26;
const ONE_BYTE = new Set([0x01]);
const FOUR_BYTES = new Set([0x02]);

const VERSION_5 = 5;
const PUBLISH = 0x30;
const PUBREL = 0x62;
const NOTHING = new Uint8Array(0);
const NO_TOPIC = Buffer.alloc(0);
const NO_FORM = -1;

/** A PUBLISH that the kernel has checked. Its parts are views of the packet. */
export interface ReadPublish {
  readonly topic: Buffer;
  /** 0 at QoS 0. */
  readonly packetId: number;
  /** Without their length; those of MQTT 3.1.1 are empty. */
  readonly properties: Uint8Array;
  readonly payload: Buffer;
}

/** Reads variable header and payload of a PUBLISH of this QoS and protocol level. */
export function readPublish(bytes: Buffer, qos: number, level: number): ReadPublish {
  let at = 2 + bytes.readUInt16BE(0);
  const topic = bytes.subarray(2, at);
  const packetId = qos === 0 ? 0 : bytes.readUInt16BE(at);
  if (qos !== 0) at += 2;
  let properties: Uint8Array = NOTHING;
  if (level === VERSION_5) {
    const { value: length, next } = readVariable(bytes, at);
    properties = bytes.subarray(next, next + length);
    at = next + length;
  }
  return { topic, packetId, properties, payload: bytes.subarray(at) };
}

/** Where the variable header of a whole packet begins. */
export function variableHeaderAt(packet: Buffer): number {
  return readVariable(packet, 1).next;
}

/** The Content Type among properties that the kernel has checked. */
export function contentTypeOf(properties: Uint8Array): string | undefined {
  const found = findProperty(properties, CONTENT_TYPE);
  return found && Buffer.from(found.subarray(2)).toString();
}

/** The Topic Alias; 0: there is none. */
export function aliasIn(properties: Uint8Array): number {
  const alias = findProperty(properties, TOPIC_ALIAS);
  return alias ? ((alias[0] as number) << 8) | (alias[1] as number) : 0;
}

/** The properties that go on to subscribers: all but the alias, which is of one connection. */
export function withoutAlias(properties: Uint8Array): Uint8Array {
  const alias = findProperty(properties, TOPIC_ALIAS);
  if (!alias) return properties;
  const at = alias.byteOffset - properties.byteOffset - 1;
  return Buffer.concat([properties.subarray(0, at), properties.subarray(at + 1 + alias.length)]);
}

/** The value of a property, with its length where it has one. */
function findProperty(properties: Uint8Array, wanted: number): Uint8Array | undefined {
  const bytes = Buffer.from(properties.buffer, properties.byteOffset, properties.length);
  for (let at = 0; at < bytes.length; ) {
    const id = bytes[at++] as number;
    const end = endOfValue(bytes, at, id);
    if (id === wanted) return properties.subarray(at, end);
    at = end;
  }
  return undefined;
}

function endOfValue(bytes: Buffer, at: number, id: number): number {
  if (ONE_BYTE.has(id)) return at + 1;
  if (id === TOPIC_ALIAS) return at + 2;
  if (FOUR_BYTES.has(id)) return at + 4;
  const end = at + 2 + bytes.readUInt16BE(at);
  return id === USER ? end + 2 + bytes.readUInt16BE(end) : end;
}

function readVariable(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, next: at };
  }
}

function variableBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(variableLength(value));
  writeVariable(bytes, 0, value);
  return bytes;
}

/** Bytes of a Variable Byte Integer. MQTT 5 §1.5.5. */
function variableLength(value: number): number {
  return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : 4;
}

/** Answers where what follows begins. */
function writeVariable(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** A message for many clients: their packets differ in little, and are made once for each form that they have. */
export class OutgoingPublish {
  readonly #topic: Buffer;
  readonly #properties: Uint8Array;
  readonly #payload: Uint8Array;
  #topicText: string | undefined;
  /** By protocol level and by whether there is a packet id; most messages have one form. */
  #forms: Map<number, Buffer> | undefined;
  #form = NO_FORM;
  #packet: Buffer | undefined;

  constructor(topic: Buffer, properties: Uint8Array, payload: Uint8Array) {
    this.#topic = topic;
    this.#properties = properties;
    this.#payload = payload;
  }

  /** In a form that serves as a key. */
  get topic(): string {
    this.#topicText ??= this.#topic.toString();
    return this.#topicText;
  }

  /** `flags` is the low half of the first byte. The packet may be overwritten by the next call. */
  packet(level: number, flags: number, packetId: number, identifiers: readonly number[], alias?: TopicAlias): Buffer {
    if (alias || identifiers.length > 0) return this.#make(level, flags, packetId, identifiers, alias);
    const form = level * 2 + (packetId === 0 ? 0 : 1);
    const packet = form === this.#form ? this.#packet : this.#forms?.get(form);
    if (!packet) return this.#keep(form, this.#make(level, flags, packetId, identifiers));
    packet[0] = PUBLISH | flags;
    if (packetId !== 0) packet.writeUInt16BE(packetId, variableHeaderAt(packet) + 2 + this.#topic.length);
    return packet;
  }

  #keep(form: number, packet: Buffer): Buffer {
    if (this.#form === NO_FORM) {
      this.#form = form;
      this.#packet = packet;
    } else {
      this.#forms ??= new Map();
      this.#forms.set(form, packet);
    }
    return packet;
  }

  #make(level: number, flags: number, packetId: number, identifiers: readonly number[], alias?: TopicAlias): Buffer {
    const own = identifiers.length > 0 || alias ? ownProperties(identifiers, alias) : NOTHING;
    const topic = alias?.isKnown ? NO_TOPIC : this.#topic;
    const propertiesBytes = this.#properties.length + own.length;
    const headBytes = level === VERSION_5 ? variableLength(propertiesBytes) + propertiesBytes : 0;
    const remaining = 2 + topic.length + (packetId === 0 ? 0 : 2) + headBytes + this.#payload.length;
    const packet = Buffer.allocUnsafe(1 + variableLength(remaining) + remaining);
    packet[0] = PUBLISH | flags;
    let at = writeVariable(packet, 1, remaining);
    at = packet.writeUInt16BE(topic.length, at);
    packet.set(topic, at);
    at += topic.length;
    if (packetId !== 0) at = packet.writeUInt16BE(packetId, at);
    if (level === VERSION_5) {
      at = writeVariable(packet, at, propertiesBytes);
      packet.set(this.#properties, at);
      packet.set(own, at + this.#properties.length);
      at += propertiesBytes;
    }
    packet.set(this.#payload, at);
    return packet;
  }
}

/** The properties that a message has for one subscriber alone. */
function ownProperties(identifiers: readonly number[], alias: TopicAlias | undefined): Uint8Array {
  const own = identifiers.flatMap((identifier) => [SUBSCRIPTION_ID, ...variableBytes(identifier)]);
  if (alias) own.push(TOPIC_ALIAS, alias.number >> 8, alias.number & 0xff);
  return Uint8Array.from(own);
}

export function pubrel(packetId: number): Uint8Array {
  return Uint8Array.of(PUBREL, 2, packetId >> 8, packetId & 0xff);
}
