import { ALIASES_OFFSET, ALIASES_POOL_BYTES, ROUTE_TOPIC_BYTES_MAX, TOPIC_ALIASES_MAX } from '../abi/gateway';
import { CODE_MQTT_ALIASES_EXHAUSTED, CODE_MQTT_PROTOCOL_ERROR, CODE_MQTT_TOPIC_ALIAS_INVALID, CODE_NONE } from '../abi/codes';
import { sameBytes } from '../memory';
import { callCount } from '../outbox';
import { topicAlias } from './properties';
import { giveBack, PIECE_BITS_MIN, take } from './pool';

// What the topic aliases of a client mean, over one connection. MQTT 5 §3.3.2.3.4.
//
//   ALIASES_OFFSET, by connection: u32 address of its table; NO_TABLE: it has none yet; NOT_ALLOWED
//   table, TABLE_BITS:             u32 address of the topic by alias - 1; 0: the alias means nothing yet
//   topic:                         u16 bytes, the topic

const NOT_ALLOWED: u32 = 0;
const NO_TABLE: u32 = 1;
const TABLE_BITS: u32 = 3;
/** Of ALIASES_POOL_BYTES: connections that come later may have aliases as long as so much is free. */
const ROOM_TO_ALLOW: u32 = ALIASES_POOL_BYTES / 4;

/** In place of a code: the host still has to read a topic that the alias meant. The packet was not taken; look at it again afterwards. */
export const ALIAS_READ_LATER: u32 = 0xfffffff8;

/** The topic of the last PUBLISH that had an alias. */
export let aliasedTopic: usize = 0;
export let aliasedBytes: u32 = 0;

let bytesTaken: u32 = 0;

@inline
function slotOf(number: u32): usize {
  return <usize>(ALIASES_OFFSET + (number << 2));
}

/** The highest alias that the connection may use from now on, for CONNACK. 0: there is no room for aliases of one more. */
export function allowAliases(number: u32): u32 {
  if (bytesTaken > ALIASES_POOL_BYTES - ROOM_TO_ALLOW) return 0;
  store<u32>(slotOf(number), NO_TABLE);
  return TOPIC_ALIASES_MAX;
}

/** The address of what the alias means, which a PUBLISH without a topic has used: u16 bytes, the topic. */
export function aliasOf(number: u32, alias: u32): u32 {
  const table = load<u32>(slotOf(number));
  assert(table > NO_TABLE && alias > 0 && alias <= TOPIC_ALIASES_MAX, 'the connection has no such alias');
  return load<u32>(table + ((alias - 1) << 2));
}

/**
 * Finds the topic of a PUBLISH with an alias, or gives the alias its topic: aliasedTopic. Answers CODE_NONE, a code that ends the
 * connection, or ALIAS_READ_LATER.
 */
export function resolveAlias(number: u32, topic: usize, bytes: u32): u32 {
  const slot = slotOf(number);
  // [MQTT-3.3.2-8] [MQTT-3.3.2-9]
  if (load<u32>(slot) == NOT_ALLOWED || topicAlias == 0 || topicAlias > TOPIC_ALIASES_MAX) return CODE_MQTT_TOPIC_ALIAS_INVALID;
  if (bytes == 0) return find(load<u32>(slot));
  aliasedTopic = topic;
  aliasedBytes = bytes;
  if (load<u32>(slot) == NO_TABLE) {
    const table = takeCounted(TABLE_BITS);
    if (table == 0) return CODE_MQTT_ALIASES_EXHAUSTED;
    store<u32>(slot, table);
  }
  const place = <usize>(load<u32>(slot) + ((topicAlias - 1) << 2));
  const known = <usize>load<u32>(place);
  if (known != 0 && <u32>load<u16>(known) == bytes && sameBytes(known + 2, topic, bytes)) return CODE_NONE;
  if (known != 0 && callCount() > 0) return ALIAS_READ_LATER;
  return keep(place, topic, bytes);
}

function find(table: u32): u32 {
  const known = <usize>(table == NO_TABLE ? 0 : load<u32>(table + ((topicAlias - 1) << 2)));
  if (known == 0) return CODE_MQTT_PROTOCOL_ERROR; // An alias without a topic. MQTT 5 §3.3.4
  aliasedTopic = known + 2;
  aliasedBytes = load<u16>(known);
  return CODE_NONE;
}

function keep(place: usize, topic: usize, bytes: u32): u32 {
  letGo(place);
  const piece = bytes <= ROUTE_TOPIC_BYTES_MAX ? takeCounted(bitsFor(bytes)) : 0;
  if (piece == 0) return CODE_MQTT_ALIASES_EXHAUSTED;
  store<u16>(piece, <u16>bytes);
  memory.copy(piece + 2, topic, bytes);
  store<u32>(place, piece);
  return CODE_NONE;
}

/** Forgets all aliases of a connection that is gone. */
export function clearAliases(number: u32): void {
  const slot = slotOf(number);
  const table = load<u32>(slot);
  store<u32>(slot, NOT_ALLOWED);
  if (table <= NO_TABLE) return;
  for (let alias: u32 = 0; alias < TOPIC_ALIASES_MAX; alias++) letGo(table + (alias << 2));
  giveBack(table, TABLE_BITS);
  bytesTaken -= 8 << TABLE_BITS;
}

function letGo(place: usize): void {
  const piece = load<u32>(place);
  if (piece == 0) return;
  const bits = bitsFor(load<u16>(piece));
  giveBack(piece, bits);
  bytesTaken -= 8 << bits;
  store<u32>(place, 0);
}

/** The size of the piece that holds a topic of so many bytes and their number. */
function bitsFor(bytes: u32): u32 {
  let bits = PIECE_BITS_MIN;
  while (<u32>8 << bits < bytes + 2) bits++;
  return bits;
}

function takeCounted(bits: u32): u32 {
  if (bytesTaken + (8 << bits) > ALIASES_POOL_BYTES) return 0;
  const piece = take(bits);
  if (piece != 0) bytesTaken += 8 << bits;
  return piece;
}
