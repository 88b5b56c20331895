import {
  CONTEXT_AT_BYTES,
  CONTEXT_AT_FLAGS,
  CONTEXT_AT_NAME_BYTES,
  CONTEXT_AT_PREFIX_BYTES,
  CONTEXT_AT_PROFILE,
  CONTEXT_AT_SCHEMA,
  CONTEXT_AT_TOPIC_BYTES,
  CONTEXT_FORMAT_OF_RULE,
  CONTEXT_HAS_OWN_TAG,
  CONTEXT_HEADER_BYTES,
  CONTEXT_LETTER_BYTES,
  CONTEXT_OF_LETTER,
  CONTEXT_RETAINED,
  CONTEXT_UNSEQUENCED,
} from '../../assembly/abi/block.js';

/** Of a device's name or a rule's prefix: a context has room for both, one after the other. */
export const PREFIX_BYTES_MAX = 127;
/** Of the metric of a value that has no name of its own. */
export const NAME_BYTES_MAX = 255;

/** What a topic says about the payload after it. */
export interface RecordContext {
  /** A number of the table of profiles. */
  readonly profile: number;
  /** Metric names begin with it, its dot included; at most NAME_BYTES_MAX. */
  readonly prefix?: string;
  /** Metric of a value that has no name of its own; at most NAME_BYTES_MAX. */
  readonly name?: string;
  readonly topic?: string;
  /** Number of the schema version, or 0. */
  readonly schema?: number;
  readonly isRetained?: boolean;
  /** The record's content format is that of a topic rule: neither the sender nor a schema has named one. */
  readonly isFormatOfRule?: boolean;
  /** Its sequence numbers are those of another device than the record's. */
  readonly isUnsequenced?: boolean;
  /** Key of the tag that names the device: it is left out of the names of metrics. At most NAME_BYTES_MAX. */
  readonly ownTag?: string;
  /** The dead letter that is tried again, and when its message was received, µs. */
  readonly letter?: { readonly id: bigint; readonly receivedUs: bigint };
}

/** The bytes that lie before the payload of a record with a context. Throws RangeError for what is too long. */
export function encodeContext(context: RecordContext): Buffer {
  const { profile, prefix = '', name = '', topic = '', schema = 0, ownTag = '', letter } = context;
  const texts = [prefix, name, topic, ownTag].map((text) => Buffer.from(text));
  const [prefixBytes, nameBytes, topicBytes, tagBytes] = texts.map(({ length }) => length) as [number, number, number, number];
  if (Math.max(prefixBytes, nameBytes, tagBytes) > NAME_BYTES_MAX) {
    throw new RangeError('a prefix, a name and a tag have at most 255 bytes');
  }
  if (tagBytes > 0) texts.splice(3, 0, Buffer.of(tagBytes));
  const head = Buffer.alloc(CONTEXT_HEADER_BYTES);
  const tail = Buffer.alloc(letter ? CONTEXT_LETTER_BYTES : 0);
  if (letter) {
    tail.writeBigUInt64LE(letter.id);
    tail.writeBigUInt64LE(letter.receivedUs, 8);
  }
  const textsBytes = texts.reduce((sum, { length }) => sum + length, 0);
  head.writeUInt16LE(CONTEXT_HEADER_BYTES + textsBytes + tail.length, CONTEXT_AT_BYTES);
  head[CONTEXT_AT_PROFILE] = profile;
  head[CONTEXT_AT_FLAGS] =
    (context.isRetained ? CONTEXT_RETAINED : 0) |
    (context.isUnsequenced ? CONTEXT_UNSEQUENCED : 0) |
    (context.isFormatOfRule ? CONTEXT_FORMAT_OF_RULE : 0) |
    (tagBytes > 0 ? CONTEXT_HAS_OWN_TAG : 0) |
    (letter ? CONTEXT_OF_LETTER : 0);
  head.writeUInt32LE(schema, CONTEXT_AT_SCHEMA);
  head.writeUInt16LE(topicBytes, CONTEXT_AT_TOPIC_BYTES);
  head[CONTEXT_AT_PREFIX_BYTES] = prefixBytes;
  head[CONTEXT_AT_NAME_BYTES] = nameBytes;
  return Buffer.concat([head, ...texts, tail]);
}

/** What the bytes of a context say, as encodeContext writes them or a gateway's kernel; undefined: they are none. */
export function decodeContext(bytes: Buffer): RecordContext | undefined {
  if (bytes.length < CONTEXT_HEADER_BYTES || bytes.readUInt16LE(CONTEXT_AT_BYTES) !== bytes.length) return undefined;
  const [prefixBytes, nameBytes] = [bytes[CONTEXT_AT_PREFIX_BYTES] as number, bytes[CONTEXT_AT_NAME_BYTES] as number];
  const flags = bytes[CONTEXT_AT_FLAGS] as number;
  const prefixEnd = CONTEXT_HEADER_BYTES + prefixBytes;
  const nameEnd = prefixEnd + nameBytes;
  const topicEnd = nameEnd + bytes.readUInt16LE(CONTEXT_AT_TOPIC_BYTES);
  const isOfLetter = (flags & CONTEXT_OF_LETTER) !== 0;
  const hasOwnTag = (flags & CONTEXT_HAS_OWN_TAG) !== 0;
  const textsEnd = topicEnd + (hasOwnTag ? 1 + (bytes[topicEnd] ?? 0) : 0);
  if (textsEnd + (isOfLetter ? CONTEXT_LETTER_BYTES : 0) !== bytes.length) return undefined;
  return {
    profile: bytes[CONTEXT_AT_PROFILE] as number,
    prefix: bytes.toString('utf8', CONTEXT_HEADER_BYTES, prefixEnd),
    name: bytes.toString('utf8', prefixEnd, nameEnd),
    topic: bytes.toString('utf8', nameEnd, topicEnd),
    schema: bytes.readUInt32LE(CONTEXT_AT_SCHEMA),
    isRetained: (flags & CONTEXT_RETAINED) !== 0,
    isUnsequenced: (flags & CONTEXT_UNSEQUENCED) !== 0,
    isFormatOfRule: (flags & CONTEXT_FORMAT_OF_RULE) !== 0,
    ...(hasOwnTag && { ownTag: bytes.toString('utf8', topicEnd + 1, textsEnd) }),
    ...(isOfLetter && { letter: { id: bytes.readBigUInt64LE(textsEnd), receivedUs: bytes.readBigUInt64LE(textsEnd + 8) } }),
  };
}
