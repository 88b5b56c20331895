import { POOL_BYTES } from '../abi/gateway';
import { AT_UNRELEASED, AT_UNRELEASED_COUNT, connectionAt } from './connections';
import { giveBack, PIECE_BITS_MAX, PIECE_BITS_MIN, poolTaken, take } from './pool';

// A message at QoS 2 holds its packet id from PUBLISH to PUBREL: until then the same id is the same message
// [MQTT-4.3.3-10]. A connection that holds ids has a table of them, at least twice as large as their number and a power of
// two, out of the pool that all connections share (pool.ts); after its last id the table is given back. Clients count their ids up, and an id's slot is its
// lowest bits, so ids rarely collide; a table of the largest size has a slot for each. Ids that follow one another fill
// long runs of slots, so entries stand in the order of their way from home (Robin Hood hashing): a search and a
// removal end at the first entry that has a shorter one, not at the end of the run.
//
//   entry: u64 place of the message's PUBREC among the acknowledgements, 48 bits | packet id, 16 bits; 0: empty
//
// AT_UNRELEASED is the table's address, a multiple of 64, and in its low bits the logarithm of its entries.
const BITS_MASK: u32 = 63;
/** A larger table is for connections that leave half of the pool to others: few clients cannot take QoS 2 away from all. */
const SHARE_BITS: u32 = 10;

/** In place of a place: no message holds the id. */
export const NO_PLACE: u64 = u64.MAX_VALUE;

/** How far the entry in the slot is from home. */
@inline
function wayOf(entry: u64, slot: u32, mask: u32): u32 {
  return (slot - <u32>entry) & mask;
}

/** The address of the id's entry, or 0. */
function find(table: usize, bits: u32, packetId: u32): usize {
  const mask = (1 << bits) - 1;
  let slot = packetId & mask;
  let way: u32 = 0;
  while (true) {
    const at = table + (slot << 3);
    const entry = load<u64>(at);
    if (<u32>(entry & 0xffff) == packetId) return at;
    if (entry == 0 || wayOf(entry, slot, mask) < way) return 0;
    slot = (slot + 1) & mask;
    way++;
  }
}

function insert(table: usize, bits: u32, entry: u64): void {
  const mask = (1 << bits) - 1;
  let slot = <u32>entry & mask;
  let way: u32 = 0;
  while (true) {
    const at = table + (slot << 3);
    const other = load<u64>(at);
    if (other == 0 || wayOf(other, slot, mask) < way) {
      store<u64>(at, entry);
      if (other == 0) return;
      way = wayOf(other, slot, mask);
      entry = other;
    }
    slot = (slot + 1) & mask;
    way++;
  }
}

/** The place of the PUBREC of the message that holds the id, or NO_PLACE. */
export function placeOf(connection: usize, packetId: u32): u64 {
  const word = load<u32>(connection, AT_UNRELEASED);
  if (word == 0) return NO_PLACE;
  const at = find(word & ~BITS_MASK, word & BITS_MASK, packetId);
  return at == 0 ? NO_PLACE : load<u64>(at) >> 16;
}

/** The place of the message's PUBREC, for the host; -1: no message holds the id. */
export function placeOfPubrec(number: u32, packetId: u32): f64 {
  const place = placeOf(connectionAt(number), packetId);
  return place == NO_PLACE ? -1 : <f64>place;
}

export function has(connection: usize, packetId: u32): bool {
  return placeOf(connection, packetId) != NO_PLACE;
}

/** Whether the connection can hold one more id; makes the table for it. False: the pool is exhausted, or its share of it. */
export function hasRoom(connection: usize): bool {
  const word = load<u32>(connection, AT_UNRELEASED);
  const bits = word & BITS_MASK;
  const count = <u32>load<u16>(connection, AT_UNRELEASED_COUNT);
  if (word != 0 && (bits == PIECE_BITS_MAX || (count + 1) << 1 <= <u32>1 << bits)) return true;
  const largerBits = word == 0 ? PIECE_BITS_MIN : bits + 1;
  if (largerBits > SHARE_BITS && poolTaken + (8 << largerBits) > POOL_BYTES / 2) return false;
  const larger = take(largerBits);
  if (larger == 0) return false;
  if (word != 0) {
    const table = <usize>(word & ~BITS_MASK);
    for (let at = table; at < table + (8 << bits); at += 8) {
      const entry = load<u64>(at);
      if (entry != 0) insert(larger, largerBits, entry);
    }
    giveBack(<u32>table, bits);
  }
  store<u32>(connection, larger | largerBits, AT_UNRELEASED);
  return true;
}

/** A message takes the id, which is free. The caller has called hasRoom. */
export function add(connection: usize, packetId: u32, place: u64): void {
  const word = load<u32>(connection, AT_UNRELEASED);
  insert(word & ~BITS_MASK, word & BITS_MASK, (place << 16) | <u64>packetId);
  store<u16>(connection, load<u16>(connection, AT_UNRELEASED_COUNT) + 1, AT_UNRELEASED_COUNT);
}

/** A message of an earlier connection of the session holds the id: its PUBREC was due then. False: there is no room for it. */
export function keepUnreleased(number: u32, packetId: u32): bool {
  const connection = connectionAt(number);
  if (!hasRoom(connection)) return false;
  if (!has(connection, packetId)) add(connection, packetId, 0);
  return true;
}

/** Frees the id, which a message holds. */
export function remove(connection: usize, packetId: u32): void {
  const count = load<u16>(connection, AT_UNRELEASED_COUNT) - 1;
  store<u16>(connection, count, AT_UNRELEASED_COUNT);
  if (count == 0) {
    clear(connection);
    return;
  }
  const word = load<u32>(connection, AT_UNRELEASED);
  const table = <usize>(word & ~BITS_MASK);
  const mask = (1 << (word & BITS_MASK)) - 1;
  let gap = find(table, word & BITS_MASK, packetId);
  assert(gap != 0, 'no message holds the packet id');
  let slot = <u32>(gap - table) >> 3;
  while (true) {
    slot = (slot + 1) & mask;
    const at = table + (slot << 3);
    const entry = load<u64>(at);
    if (entry == 0 || wayOf(entry, slot, mask) == 0) break;
    store<u64>(gap, entry);
    gap = at;
  }
  store<u64>(gap, 0);
}

/** Frees all ids of the connection. */
export function clear(connection: usize): void {
  const word = load<u32>(connection, AT_UNRELEASED);
  if (word == 0) return;
  giveBack(word & ~BITS_MASK, word & BITS_MASK);
  store<u32>(connection, 0, AT_UNRELEASED);
  store<u16>(connection, 0, AT_UNRELEASED_COUNT);
}
