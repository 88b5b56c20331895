import {
  CONTEXT_AT_BYTES,
  CONTEXT_AT_FLAGS,
  CONTEXT_AT_NAME_BYTES,
  CONTEXT_AT_PREFIX_BYTES,
  CONTEXT_AT_PROFILE,
  CONTEXT_AT_SCHEMA,
  CONTEXT_AT_TOPIC_BYTES,
  CONTEXT_FORMAT_OF_RULE,
  CONTEXT_HEADER_BYTES,
  CONTEXT_LETTER_BYTES,
  CONTEXT_HAS_OWN_TAG,
  CONTEXT_OF_LETTER,
  CONTEXT_RETAINED,
  CONTEXT_UNSEQUENCED,
} from '../abi/block';
import { PROFILE_PLAIN } from '../abi/profiles';
import { closeSchema } from './laid-schema';

// What the topic of the message at hand says about its payload.

export let profile: u32 = PROFILE_PLAIN;
export let prefixAt: usize = 0;
export let prefixBytes: u32 = 0;
export let valueNameAt: usize = 0;
export let valueNameBytes: u32 = 0;
export let topicAt: usize = 0;
export let topicBytes: u32 = 0;
/** The message came with MQTT's retain flag. */
export let isRetained: bool = false;
/** Its sequence numbers are those of another device than the record's. */
export let isUnsequenced: bool = false;
/** The record's content format is that of a topic rule. */
export let isFormatOfRule: bool = false;
/** Its topic says nothing of how the payload is read: the same bytes mean the same as without a context. */
export let isBare: bool = true;
/** Number of the schema version, or 0. */
export let schema: u32 = 0;

/** Key of the tag that names the record's device. */
export let ownTagAt: usize = 0;
export let ownTagBytes: u32 = 0;

/** Id of the dead letter that is tried again, or 0; and when its message was received, µs. */
export let letterId: u64 = 0;
export let letterReceivedUs: u64 = 0;

/** A value that has no name. */
const VALUE = memory.data<u8>([0x76, 0x61, 0x6c, 0x75, 0x65]);
const VALUE_BYTES: u32 = 5;

/** The message has no context. */
@inline
export function clearContext(): void {
  profile = PROFILE_PLAIN;
  prefixBytes = 0;
  valueNameAt = VALUE;
  valueNameBytes = VALUE_BYTES;
  topicBytes = 0;
  ownTagBytes = 0;
  isRetained = false;
  isUnsequenced = false;
  isFormatOfRule = false;
  schema = 0;
  isBare = true;
  letterId = 0;
  closeSchema();
}

/** Reads the context before a payload; answers its bytes, or 0 when `bytes` do not hold it. */
@inline
export function openContext(at: usize, bytes: u32): u32 {
  clearContext();
  if (bytes < CONTEXT_HEADER_BYTES) return 0;
  // Most contexts are of devices that have a schema, and say no more.
  if (load<u32>(at) != CONTEXT_HEADER_BYTES || load<u32>(at, CONTEXT_AT_TOPIC_BYTES) != 0) return openWholeContext(at, bytes);
  schema = load<u32>(at, CONTEXT_AT_SCHEMA);
  return CONTEXT_HEADER_BYTES;
}

function openWholeContext(at: usize, bytes: u32): u32 {
  const prefix = <u32>load<u8>(at, CONTEXT_AT_PREFIX_BYTES);
  const name = <u32>load<u8>(at, CONTEXT_AT_NAME_BYTES);
  const topic = <u32>load<u16>(at, CONTEXT_AT_TOPIC_BYTES);
  const whole = <u32>load<u16>(at, CONTEXT_AT_BYTES);
  const flags = <u32>load<u8>(at, CONTEXT_AT_FLAGS);
  const named = CONTEXT_HEADER_BYTES + prefix + name + topic;
  const hasOwnTag = (flags & CONTEXT_HAS_OWN_TAG) != 0;
  if (named + (hasOwnTag ? 1 : 0) > bytes) return 0;
  const ownTag = hasOwnTag ? <u32>load<u8>(at + named) : 0;
  const texts = named + (hasOwnTag ? 1 + ownTag : 0);
  const isOfLetter = (flags & CONTEXT_OF_LETTER) != 0;
  if (whole != texts + (isOfLetter ? CONTEXT_LETTER_BYTES : 0) || whole > bytes) return 0;
  if (isOfLetter) {
    letterId = load<u64>(at + texts);
    letterReceivedUs = load<u64>(at + texts, 8);
  }
  profile = load<u8>(at, CONTEXT_AT_PROFILE);
  schema = load<u32>(at, CONTEXT_AT_SCHEMA);
  prefixAt = at + CONTEXT_HEADER_BYTES;
  prefixBytes = prefix;
  if (name != 0) {
    valueNameAt = prefixAt + prefix;
    valueNameBytes = name;
  }
  topicAt = prefixAt + prefix + name;
  topicBytes = topic;
  ownTagAt = at + named + 1;
  ownTagBytes = ownTag;
  isRetained = (flags & CONTEXT_RETAINED) != 0;
  isUnsequenced = (flags & CONTEXT_UNSEQUENCED) != 0;
  isFormatOfRule = (flags & CONTEXT_FORMAT_OF_RULE) != 0;
  isBare = profile == PROFILE_PLAIN && prefix == 0 && name == 0 && !isUnsequenced;
  return whole;
}
