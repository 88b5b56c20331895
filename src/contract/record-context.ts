import {
  CONTEXT_AT_BYTES,
  CONTEXT_AT_FLAGS,
  CONTEXT_AT_NAME_BYTES,
  CONTEXT_AT_PREFIX_BYTES,
  CONTEXT_AT_PROFILE,
  CONTEXT_AT_SCHEMA,
  CONTEXT_AT_TOPIC_BYTES,
  CONTEXT_HEADER_BYTES,
  CONTEXT_RETAINED,
  CONTEXT_UNSEQUENCED,
} from '../../assembly/abi/block.js';

/** What a topic says about the payload after it. */
export interface RecordContext {
  /** A number of the table of profiles. */
  readonly profile: number;
  /** Metric names begin with it, its dot included; at most 255 bytes. */
  readonly prefix?: string;
  /** Metric of a value that has no name of its own; at most 255 bytes. */
  readonly name?: string;
  readonly topic?: string;
  /** Number of the schema version, or 0. */
  readonly schema?: number;
  readonly isRetained?: boolean;
  /** Its sequence numbers are those of another device than the record's. */
  readonly isUnsequenced?: boolean;
}

/** The bytes that lie before the payload of a record with a context. Throws RangeError for what is too long. */
export function encodeContext(context: RecordContext): Uint8Array {
  const { profile, prefix = '', name = '', topic = '', schema = 0, isRetained = false, isUnsequenced = false } = context;
  const texts = [prefix, name, topic].map((text) => Buffer.from(text));
  const [prefixBytes, nameBytes, topicBytes] = texts.map(({ length }) => length) as [number, number, number];
  if (prefixBytes > 255 || nameBytes > 255) throw new RangeError('a prefix and a name have at most 255 bytes');
  const head = Buffer.alloc(CONTEXT_HEADER_BYTES);
  head.writeUInt16LE(CONTEXT_HEADER_BYTES + prefixBytes + nameBytes + topicBytes, CONTEXT_AT_BYTES);
  head[CONTEXT_AT_PROFILE] = profile;
  head[CONTEXT_AT_FLAGS] = (isRetained ? CONTEXT_RETAINED : 0) | (isUnsequenced ? CONTEXT_UNSEQUENCED : 0);
  head.writeUInt32LE(schema, CONTEXT_AT_SCHEMA);
  head.writeUInt16LE(topicBytes, CONTEXT_AT_TOPIC_BYTES);
  head[CONTEXT_AT_PREFIX_BYTES] = prefixBytes;
  head[CONTEXT_AT_NAME_BYTES] = nameBytes;
  return Buffer.concat([head, ...texts]);
}
