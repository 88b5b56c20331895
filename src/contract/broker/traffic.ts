/**
 * What passes between a gateway and the broker in `traffic`: operations one behind another, little-endian, without gaps. Sessions are
 * f64, as their numbers count up over the life of a process.
 *
 * To the broker:
 *   PUBLISH   u8 kind, u8 flags, f64 session, [session 0: u8 tenant bytes, tenant], u16 topic bytes, topic,
 *             u16 properties bytes, properties, u32 payload bytes, payload
 *             Session 0: no MQTT client published it, as over HTTP. Properties are those of MQTT 5 that go on to subscribers, as they
 *             stand in a packet, without their length and without a topic alias.
 *   ANSWER    u8 kind, u8 type (PUBACK 4, PUBREC 5, PUBCOMP 7), u8 reason, f64 session, u16 packet id: the client answers a message
 *   TAKEN     u8 kind, f64 session, u16 packet id: a QoS 2 message of the client was taken in; its id is in use
 *   RELEASED  u8 kind, f64 session, u16 packet id: the client has released it
 *
 * To the gateway:
 *   BODY      u8 kind, u16 topic bytes, topic, u16 properties bytes, properties, u32 payload bytes, payload: of the deliveries behind it
 *   DELIVER   u8 kind, u8 flags, u32 connection, f64 session, u16 packet id (0 at QoS 0), u8 identifiers, u32 identifier each
 *   PUBREL    u8 kind, u32 connection, f64 session, u16 packet id
 */
export const TRAFFIC_PUBLISH = 1;
export const TRAFFIC_ANSWER = 2;
export const TRAFFIC_TAKEN = 3;
export const TRAFFIC_RELEASED = 4;
export const TRAFFIC_BODY = 5;
export const TRAFFIC_DELIVER = 6;
export const TRAFFIC_PUBREL = 7;

/** Flags as in the first byte of PUBLISH. */
export const FLAG_RETAIN = 1;
export const FLAG_QOS_SHIFT = 1;
export const FLAG_AGAIN = 8;
/** The message is telemetry that the log takes in besides. */
export const FLAG_TELEMETRY = 16;

/** Of one operation without its texts and payload. */
export const TRAFFIC_HEAD_BYTES_MAX = 32;

const NOTHING = Buffer.alloc(0);
/** A buffer of the size that was needed the last time is made at once, up to this one. */
const REMEMBERED_BYTES_MAX = 1 << 20;

/** Writes operations into a buffer that grows; `take` hands it over whole. */
export class TrafficWriter {
  #buffer: Buffer = NOTHING;
  #length = 0;
  readonly #bytesMin: number;
  #initialBytes: number;

  constructor(initialBytes = 16_384) {
    this.#bytesMin = initialBytes;
    this.#initialBytes = initialBytes;
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.room(1);
    this.#buffer[this.#length++] = value;
  }

  u16(value: number): void {
    this.room(2);
    this.#length = this.#buffer.writeUInt16LE(value, this.#length);
  }

  u32(value: number): void {
    this.room(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  f64(value: number): void {
    this.room(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All that was written, in a buffer of its own that can be transferred; the writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    // What is transferred is gone here, and the empty buffer is shared.
    const taken = this.#length === 0 ? new Uint8Array(0) : (this.#buffer.subarray(0, this.#length) as Uint8Array<ArrayBuffer>);
    this.#initialBytes = Math.min(Math.max(this.#length, this.#bytesMin), REMEMBERED_BYTES_MAX);
    this.#buffer = NOTHING;
    this.#length = 0;
    return taken;
  }

  room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length, this.#initialBytes));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Reads operations in order. The caller knows what comes. */
export class TrafficReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isDone(): boolean {
    return this.#at >= this.#buffer.length;
  }

  u8(): number {
    return this.#buffer[this.#at++] as number;
  }

  u16(): number {
    const value = this.#buffer.readUInt16LE(this.#at);
    this.#at += 2;
    return value;
  }

  u32(): number {
    const value = this.#buffer.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  f64(): number {
    const value = this.#buffer.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  /** Topic, properties and payload with their lengths, as BODY has them. Not copied. */
  body(): Buffer {
    const buffer = this.#buffer;
    const properties = this.#at + 2 + buffer.readUInt16LE(this.#at);
    const payload = properties + 2 + buffer.readUInt16LE(properties);
    return this.bytes(payload + 4 + buffer.readUInt32LE(payload) - this.#at);
  }

  /** Not copied. */
  bytes(length: number): Buffer {
    const bytes = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }
}
