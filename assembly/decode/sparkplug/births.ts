import {
  BIRTH_AT_ALIASED,
  BIRTH_AT_BLOCK,
  BIRTH_AT_CLASS,
  BIRTH_AT_DEFINITIONS,
  BIRTH_AT_DEVICE,
  BIRTH_AT_GAPS,
  BIRTH_AT_HASH,
  BIRTH_BYTES,
  BIRTHS_AT_DEFINITIONS_END,
  BIRTHS_AT_FREE,
  BIRTHS_AT_USED,
  BIRTHS_HEADER_BYTES,
  BLOCK_CLASS_MAX,
  BLOCK_CLASS_MIN,
  DEFINITION_AT_ALIAS,
  DEFINITION_AT_NAME,
  DEFINITION_AT_NAME_BYTES,
  DEFINITION_BYTES,
  DEVICE_BIRTHS_MAX,
  DEVICE_BLOCKS_BYTES_MAX,
} from '../../abi/sparkplug';
import {
  BIRTHS_MAX,
  BIRTHS_OFFSET,
  BIRTH_INDEX_BYTES,
  BIRTH_INDEX_OFFSET,
  BIRTH_INDEX_SLOTS,
  DEFINITIONS_BYTES,
  DEFINITIONS_OFFSET,
} from '../../abi/state';
import { sameBytes } from '../../memory';

// Births by who was born: an edge node or one of its devices, and the device number that its messages come under. Aliases count for the
// one that was born: a device's own birth defines the aliases of its data, so that node and device may lie in different partitions.

@inline
function birthAt(index: u32): usize {
  return <usize>(BIRTHS_OFFSET + BIRTHS_HEADER_BYTES + index * BIRTH_BYTES);
}

@inline
function used(): u32 {
  return load<u32>(BIRTHS_OFFSET, BIRTHS_AT_USED);
}

/** Index entry that holds the birth, or the free one where it belongs. */
function entryOf(hash: u64, device: u32): usize {
  let slot = (<u32>(hash >> 32) ^ <u32>hash ^ (device * 0x9e3779b1)) & (BIRTH_INDEX_SLOTS - 1);
  while (true) {
    const entry = <usize>(BIRTH_INDEX_OFFSET + (slot << 2));
    const held = load<u32>(entry);
    if (held == 0) return entry;
    const birth = birthAt(held - 1);
    if (load<u64>(birth, BIRTH_AT_HASH) == hash && load<u32>(birth, BIRTH_AT_DEVICE) == device) return entry;
    slot = (slot + 1) & (BIRTH_INDEX_SLOTS - 1);
  }
}

/** The birth, or 0 when none was seen. */
export function findBirth(hash: u64, device: u32): usize {
  const held = load<u32>(entryOf(hash, device));
  return held == 0 ? 0 : birthAt(held - 1);
}

/** The birth, made without definitions when it is new; 0 when there is no room for another, or the device number has too many. */
export function obtainBirth(hash: u64, device: u32): usize {
  const birth = findBirth(hash, device);
  if (birth != 0) return birth;
  const counts = obtainCounts(device);
  if (counts == 0 || load<u32>(counts, BIRTH_AT_DEFINITIONS) == DEVICE_BIRTHS_MAX) return 0;
  const made = makeBirth(hash, device);
  if (made != 0) store<u32>(counts, load<u32>(counts, BIRTH_AT_DEFINITIONS) + 1, BIRTH_AT_DEFINITIONS);
  return made;
}

/** Where the births of a device number are counted; 0 when there is no room for it. */
function obtainCounts(device: u32): usize {
  const counts = findBirth(0, device);
  return counts == 0 ? makeBirth(0, device) : counts;
}

function makeBirth(hash: u64, device: u32): usize {
  const count = used();
  if (count == BIRTHS_MAX) return 0;
  const birth = birthAt(count);
  store<u32>(entryOf(hash, device), count + 1);
  store<u64>(birth, hash, BIRTH_AT_HASH);
  store<u32>(birth, device, BIRTH_AT_DEVICE);
  store<u32>(BIRTHS_OFFSET, count + 1, BIRTHS_AT_USED);
  return birth;
}

/** Bytes of the births and of their header; 0: there is none. */
export function birthsBytes(): u32 {
  return used() == 0 ? 0 : BIRTHS_HEADER_BYTES + used() * BIRTH_BYTES;
}

export function definitionsBytes(): u32 {
  return load<u32>(BIRTHS_OFFSET, BIRTHS_AT_DEFINITIONS_END);
}

/** Lays the index over the births of a checkpoint. */
export function adoptBirths(): bool {
  const count = used();
  if (count > BIRTHS_MAX || definitionsBytes() > DEFINITIONS_BYTES) return false;
  memory.fill(BIRTH_INDEX_OFFSET, 0, BIRTH_INDEX_BYTES);
  for (let index: u32 = 0; index < count; index++) {
    const birth = birthAt(index);
    const entry = entryOf(load<u64>(birth, BIRTH_AT_HASH), load<u32>(birth, BIRTH_AT_DEVICE));
    if (load<u32>(entry) != 0 || load<u32>(birth, BIRTH_AT_BLOCK) > definitionsBytes()) return false;
    store<u32>(entry, index + 1);
  }
  return true;
}

/** A block of the birth for `bytes` bytes, in place of the one that it has; 0 when there is no room. The birth defines nothing then. */
export function takeBlock(birth: usize, bytes: u32): usize {
  let size = BLOCK_CLASS_MIN;
  while (<u32>1 << size < bytes) size++;
  assert(size <= BLOCK_CLASS_MAX, 'a birth is larger than a payload');
  const held = load<u32>(birth, BIRTH_AT_BLOCK);
  store<u32>(birth, 0, BIRTH_AT_DEFINITIONS);
  store<u32>(birth, 0, BIRTH_AT_ALIASED);
  if (held != 0 && <u32>load<u8>(birth, BIRTH_AT_CLASS) == size) return DEFINITIONS_OFFSET + held - 1;
  const counts = findBirth(0, load<u32>(birth, BIRTH_AT_DEVICE));
  assert(counts != 0, 'the births of the device are not counted');
  let taken = load<u32>(counts, BIRTH_AT_GAPS);
  if (held != 0) {
    freeBlock(held, load<u8>(birth, BIRTH_AT_CLASS));
    taken -= <u32>1 << <u32>load<u8>(birth, BIRTH_AT_CLASS);
  }
  const block = taken + (<u32>1 << size) <= DEVICE_BLOCKS_BYTES_MAX ? claimBlock(size) : 0;
  if (block != 0) taken += <u32>1 << size;
  store<u32>(counts, taken, BIRTH_AT_GAPS);
  store<u32>(birth, block, BIRTH_AT_BLOCK);
  store<u8>(birth, <u8>size, BIRTH_AT_CLASS);
  return block == 0 ? 0 : DEFINITIONS_OFFSET + block - 1;
}

@inline
function freeListOf(size: u32): usize {
  return <usize>(BIRTHS_OFFSET + BIRTHS_AT_FREE + ((size - BLOCK_CLASS_MIN) << 2));
}

function freeBlock(block: u32, size: u32): void {
  store<u32>(<usize>(DEFINITIONS_OFFSET + block - 1), load<u32>(freeListOf(size)));
  store<u32>(freeListOf(size), block);
}

/** A block of the size class: its offset + 1, or 0. */
function claimBlock(size: u32): u32 {
  const free = load<u32>(freeListOf(size));
  if (free != 0) {
    store<u32>(freeListOf(size), load<u32>(<usize>(DEFINITIONS_OFFSET + free - 1)));
    return free;
  }
  const end = definitionsBytes();
  if (end + (<u32>1 << size) > DEFINITIONS_BYTES) return 0;
  store<u32>(BIRTHS_OFFSET, end + (<u32>1 << size), BIRTHS_AT_DEFINITIONS_END);
  return end + 1;
}

@inline
export function blockOf(birth: usize): usize {
  return <usize>(DEFINITIONS_OFFSET + load<u32>(birth, BIRTH_AT_BLOCK) - 1);
}

/** Where the search for the next definition begins: data names metrics in the order of their birth. */
let expected: u32 = 0;

export function beginLookups(): void {
  expected = 0;
}

/** The definition with the alias, or 0. */
export function findByAlias(birth: usize, alias: u64): usize {
  const count: u32 = birth == 0 ? 0 : load<u32>(birth, BIRTH_AT_ALIASED);
  if (count == 0) return 0;
  const block = blockOf(birth);
  let low: u32 = 0;
  let high = count;
  if (expected < count) {
    const found = load<u64>(block + expected * DEFINITION_BYTES, DEFINITION_AT_ALIAS);
    if (found == alias) return block + expected++ * DEFINITION_BYTES;
    if (found < alias) low = expected + 1;
    else high = expected;
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = block + middle * DEFINITION_BYTES;
    const found = load<u64>(at, DEFINITION_AT_ALIAS);
    if (found == alias) {
      expected = middle + 1;
      return at;
    }
    if (found < alias) low = middle + 1;
    else high = middle;
  }
  return 0;
}

/** The definition with the name, or 0. Only data that leaves the datatypes out is looked up so. */
export function findByName(birth: usize, nameAt: usize, nameBytes: u32): usize {
  const count: u32 = birth == 0 ? 0 : load<u32>(birth, BIRTH_AT_DEFINITIONS);
  if (count == 0) return 0;
  const block = blockOf(birth);
  for (let rest = count; rest > 0; rest--) {
    if (expected >= count) expected = 0;
    const at = block + expected++ * DEFINITION_BYTES;
    const bytes = <u32>load<u16>(at, DEFINITION_AT_NAME_BYTES);
    if (bytes == nameBytes && sameBytes(block + load<u32>(at, DEFINITION_AT_NAME), nameAt, bytes)) return at;
  }
  return 0;
}
