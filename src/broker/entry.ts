import type { Message } from './message.js';

const RELEASED = 1;
const FIXED_BYTES = 21;

/** A message at QoS 1 or 2 for one client, from being queued to its last acknowledgement. */
export class Entry {
  /** Its key in the store, and its place among the session's entries. */
  id: number;
  /** Key of its session in the store. */
  readonly session: number;
  /** undefined: the client has it, and only its id is in use. */
  message: Message | undefined;
  /** QoS and RETAIN as in the first byte of PUBLISH. */
  readonly flags: number;
  readonly identifiers: readonly number[];
  /** The shared subscription by which it came. */
  readonly share: string | undefined;
  /** 0: it was not sent yet. */
  packetId = 0;
  /** PUBREC came, so PUBREL is what is sent. */
  isReleased = false;
  /** It may have been sent over an earlier connection. */
  isAgain = false;

  constructor(
    id: number,
    session: number,
    message: Message | undefined,
    flags: number,
    identifiers: readonly number[],
    share: string | undefined,
  ) {
    this.id = id;
    this.session = session;
    this.message = message;
    this.flags = flags;
    this.identifiers = identifiers;
    this.share = share;
  }

  get qos(): number {
    return (this.flags >> 1) & 3;
  }

  /** f64 session, f64 message (0: none), u8 flags, u8 state, u16 packet id, u8 identifiers, u32 each, shared filter */
  record(): Uint8Array {
    const share = this.share === undefined ? undefined : Buffer.from(this.share);
    const record = Buffer.alloc(FIXED_BYTES + 4 * this.identifiers.length + (share?.length ?? 0));
    record.writeDoubleLE(this.session, 0);
    record.writeDoubleLE(this.message?.id ?? 0, 8);
    record[16] = this.flags;
    record[17] = this.isReleased ? RELEASED : 0;
    record.writeUInt16LE(this.packetId, 18);
    let at = record.writeUInt8(this.identifiers.length, 20);
    for (const identifier of this.identifiers) at = record.writeUInt32LE(identifier, at);
    if (share) record.set(share, at);
    return record;
  }
}

/** The key of the message that the entry names, 0: none. */
export function messageIdInRecord(record: Uint8Array): number {
  return Buffer.from(record.buffer, record.byteOffset, record.length).readDoubleLE(8);
}

export function entryInRecord(id: number, bytes: Uint8Array, message: Message | undefined): Entry {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = record.readUInt8(20);
  const identifiers = Array.from({ length: count }, (_, index) => record.readUInt32LE(FIXED_BYTES + 4 * index));
  const share = record.toString('utf8', FIXED_BYTES + 4 * count);
  const entry = new Entry(id, record.readDoubleLE(0), message, record.readUInt8(16), identifiers, share === '' ? undefined : share);
  entry.packetId = record.readUInt16LE(18);
  entry.isReleased = record.readUInt8(17) === RELEASED;
  // Whether the client got it before the process ended is not known.
  entry.isAgain = entry.packetId > 0;
  return entry;
}
