import { type Clock, secondsLeft } from './clock.js';

/**
 * A message as gateways and the broker pass it on, without the byte in front that says what it is:
 *   u16 topic bytes, topic, u16 properties bytes, properties, u32 payload bytes, payload; little-endian
 */
export type Body = Buffer;

const EXPIRY = 0x02;
const IS_PAIR = 0x26;
/** Properties of PUBLISH by the bytes of their value. MQTT 5 §3.3.2.3 */
const FIXED_BYTES = new Map([
  [0x01, 1],
  [EXPIRY, 4],
  [0x23, 2],
]);
const TEXTS = new Set([0x03, 0x08, 0x09, IS_PAIR]);

const NEVER = 0xffffffff;
const RECORD_HEAD_BYTES = 12;

/** A message of which someone takes note: it is retained, or clients acknowledge it. */
export class Message {
  /** Its key in the store. */
  readonly id: number;
  /** Bytes of topic, properties and payload. */
  readonly bytes: number;
  readonly atMs: number;
  readonly expirySeconds: number | undefined;
  /** On the monotonic clock, ms. */
  readonly deadlineMs: number;
  /** undefined: only the store has it. */
  body: Body | undefined;
  /** How many entries of the store name it. */
  stored = 0;
  /** How many entries name it that the store does not have. */
  loose = 0;
  /** It is retained, so its body stays. */
  isPinned = false;

  constructor(id: number, body: Body, atMs: number, expirySeconds: number | undefined, deadlineMs: number) {
    this.id = id;
    this.body = body;
    this.bytes = body.length;
    this.atMs = atMs;
    this.expirySeconds = expirySeconds;
    this.deadlineMs = deadlineMs;
  }

  /** f64 time of the wall when it came, u32 seconds of its expiry, body */
  record(): Uint8Array {
    const { body } = this;
    if (!body) throw new Error('a message is written to the store that only the store has');
    const record = Buffer.allocUnsafe(RECORD_HEAD_BYTES + body.length);
    record.writeDoubleLE(this.atMs, 0);
    record.writeUInt32LE(this.expirySeconds ?? NEVER, 8);
    record.set(body, RECORD_HEAD_BYTES);
    return record;
  }
}

export function bodyInRecord(record: Uint8Array): Body {
  return Buffer.from(record.buffer, record.byteOffset + RECORD_HEAD_BYTES, record.length - RECORD_HEAD_BYTES);
}

/** As it was written down, but for the body, which the store keeps. */
export function messageInRecord(id: number, record: Uint8Array, clock: Clock): Message {
  const head = Buffer.from(record.buffer, record.byteOffset, record.length);
  const atMs = head.readDoubleLE(0);
  const seconds = head.readUInt32LE(8);
  const expirySeconds = seconds === NEVER ? undefined : seconds;
  const deadlineMs = expirySeconds === undefined ? Number.POSITIVE_INFINITY : clock.steadyMs() + 1000 * secondsLeft(clock, atMs, seconds);
  const message = new Message(id, bodyInRecord(record), atMs, expirySeconds, deadlineMs);
  message.body = undefined;
  return message;
}

export function bodyOf(topic: string, properties: Uint8Array, payload: Uint8Array): Body {
  const name = Buffer.from(topic);
  const body = Buffer.allocUnsafe(8 + name.length + properties.length + payload.length);
  let at = body.writeUInt16LE(name.length, 0);
  body.set(name, at);
  at = body.writeUInt16LE(properties.length, at + name.length);
  body.set(properties, at);
  at = body.writeUInt32LE(payload.length, at + properties.length);
  body.set(payload, at);
  return body;
}

export function topicIn(body: Body): string {
  return body.toString('utf8', 2, 2 + body.readUInt16LE(0));
}

export function propertiesIn(body: Body): Buffer {
  const at = 2 + body.readUInt16LE(0);
  return body.subarray(at + 2, at + 2 + body.readUInt16LE(at));
}

export function payloadIn(body: Body): Buffer {
  const at = 2 + body.readUInt16LE(0);
  return body.subarray(at + 2 + body.readUInt16LE(at) + 4);
}

/** Message Expiry Interval, s. */
export function expirySecondsIn(body: Body): number | undefined {
  const properties = propertiesIn(body);
  const at = placeOfExpiry(properties);
  return at < 0 ? undefined : properties.readUInt32BE(at);
}

/** The body with the time that is left of the interval [MQTT-3.3.2-6]. */
export function withExpirySeconds(body: Body, seconds: number): Body {
  const copy = Buffer.from(body);
  const properties = propertiesIn(copy);
  const at = placeOfExpiry(properties);
  if (at >= 0) properties.writeUInt32BE(seconds, at);
  return copy;
}

/** The property as it stands in a packet. */
export function expiryProperty(seconds: number): Buffer {
  const property = Buffer.alloc(5);
  property[0] = EXPIRY;
  property.writeUInt32BE(seconds, 1);
  return property;
}

/** Where the interval lies, or -1. The gateway has judged the properties. */
function placeOfExpiry(properties: Buffer): number {
  for (let at = 0; at < properties.length; ) {
    const property = properties[at++] as number;
    if (property === EXPIRY) return at;
    const fixed = FIXED_BYTES.get(property);
    if (fixed !== undefined) at += fixed;
    else if (TEXTS.has(property)) {
      for (let texts = property === IS_PAIR ? 2 : 1; texts > 0; texts--) at += 2 + properties.readUInt16BE(at);
    } else return -1;
  }
  return -1;
}
