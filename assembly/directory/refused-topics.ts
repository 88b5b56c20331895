import { CODES_MAX } from '../abi/codes';
import {
  REFUSAL_OF_TENANT,
  REFUSED_TOPIC_AT_BYTES,
  REFUSED_TOPIC_AT_CODE,
  REFUSED_TOPIC_AT_COUNT,
  REFUSED_TOPIC_AT_TOPIC,
  REFUSED_TOPIC_BYTES,
  REFUSED_TOPIC_SLOTS,
  REFUSED_TOPICS_OFFSET,
} from '../abi/gateway';
import { DEVICES_MAX } from '../abi/limits';

const TOPIC_BYTES_MAX: u32 = REFUSED_TOPIC_BYTES - REFUSED_TOPIC_AT_TOPIC;

/**
 * Keeps the topic of the last refused message of `owner`, as directory/refusals names it; a long topic is cut off. Two devices may
 * share a slot: the later message has it. Operators read these topics, and no count depends on them.
 */
export function noteRefusedTopic(owner: u32, code: u32, topic: usize, bytes: u32): void {
  const entry = owner & ~REFUSAL_OF_TENANT;
  if (entry == 0) return;
  assert(entry <= DEVICES_MAX && code < CODES_MAX, 'there is no such device or code');
  const at = <usize>(REFUSED_TOPICS_OFFSET + (entry & (REFUSED_TOPIC_SLOTS - 1)) * REFUSED_TOPIC_BYTES);
  const count = load<u32>(at) == entry ? load<u32>(at, REFUSED_TOPIC_AT_COUNT) + 1 : 1;
  store<u32>(at, entry);
  store<u32>(at, code, REFUSED_TOPIC_AT_CODE);
  store<u32>(at, count, REFUSED_TOPIC_AT_COUNT);
  store<u32>(at, bytes, REFUSED_TOPIC_AT_BYTES);
  memory.copy(at + REFUSED_TOPIC_AT_TOPIC, topic, min(bytes, TOPIC_BYTES_MAX));
}
