import { RECORD_HEAD_TIME_ZONE_SHIFT } from '../abi/block';
import {
  DEVICE_ACTIVE,
  DEVICE_DECOMMISSIONED,
  DEVICES_OFFSET,
  DEVICE_AT_ACCEPTED,
  DEVICE_AT_ARRIVAL,
  DEVICE_AT_DENIALS,
  DEVICE_AT_PREDICTED,
  DEVICE_AT_ID_BYTES,
  DEVICE_AT_NAME_OFFSET,
  DEVICE_AT_NEXT,
  DEVICE_AT_NUMBER,
  DEVICE_AT_PARTITION,
  DEVICE_AT_SCHEMA,
  DEVICE_AT_STATUS,
  DEVICE_AT_INTERVAL,
  DEVICE_AT_NOTED,
  DEVICE_AT_TENANT,
  DEVICE_AT_TENANT_BYTES,
  DEVICE_AT_TIME_ZONE,
  DEVICE_AT_VIA,
  DEVICE_BYTES,
  DEVICE_INDEX_OFFSET,
  DEVICE_INDEX_SLOTS,
  DEVICE_NAMES_BYTES,
  DEVICE_NAMES_OFFSET,
  DEVICE_TOKEN_HASH_BYTES,
  DEVICE_TOKENS_OFFSET,
} from '../abi/gateway';
import { DEVICES_MAX, DEVICE_ID_BYTES_MAX, PARTITIONS_MAX, TENANT_ID_BYTES_MAX } from '../abi/limits';
import { STAGE_DEVICE_AT_NAME, STAGE_DEVICE_AT_TOKEN_HASH, STAGE_OFFSET } from '../abi/regions';
import { topicLevel } from '../utf8';

// The index is open-addressed with linear probing; entries are never removed, only changed in place.
// A slot holds (device + 1) in its low bits and part of the hash above them, so that a probe reads a
// device entry only where it very likely matches. 0 is an empty slot.
const ENTRY_BITS: u32 = 21;
const ENTRY_MASK: u32 = (1 << ENTRY_BITS) - 1;
const SLOT_MASK: u32 = DEVICE_INDEX_SLOTS - 1;
const SLOT_SHIFT: u64 = 43; // 64 - log2(DEVICE_INDEX_SLOTS)

const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

let deviceCount: u32 = 0;
let namesBytes: u32 = 0;

/**
 * Hashes a run of bytes. It reads whole words, up to seven bytes after the end, and masks those off.
 * Only registered names are ever stored, so a sender cannot build chains of collisions.
 */
export function hashBytes(at: usize, bytes: u32, seed: u64): u64 {
  let hash = seed ^ (<u64>bytes * MULTIPLIER);
  while (bytes > 8) {
    hash = (hash ^ load<u64>(at)) * MULTIPLIER;
    hash ^= hash >> 29;
    at += 8;
    bytes -= 8;
  }
  if (bytes > 0) {
    hash = (hash ^ (load<u64>(at) & (<u64>-1 >> <u64>((8 - bytes) << 3)))) * MULTIPLIER;
    hash ^= hash >> 29;
  }
  return hash * MULTIPLIER;
}

/** Whether two ids are the same; the words compared may overlap. */
export function sameId(a: usize, b: usize, bytes: u32): bool {
  if (bytes < 8) {
    for (let i: u32 = 0; i < bytes; i++) {
      if (load<u8>(a + i) != load<u8>(b + i)) return false;
    }
    return true;
  }
  const last = bytes - 8;
  for (let i: u32 = 0; i < last; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  return load<u64>(a + last) == load<u64>(b + last);
}

@inline
function deviceAt(entry: u32): usize {
  return <usize>(DEVICES_OFFSET + entry * DEVICE_BYTES);
}

/** The address of an entry that addDevice or findDevice has answered. */
export function deviceOf(entry: u32): usize {
  assert(entry < deviceCount, 'there is no such device');
  return deviceAt(entry);
}

/** Where the hash of the device's token lies. */
export function tokenHashOf(device: usize): usize {
  return <usize>(DEVICE_TOKENS_OFFSET + ((<u32>device - DEVICES_OFFSET) / DEVICE_BYTES) * DEVICE_TOKEN_HASH_BYTES);
}

@inline
export function tenantOf(device: usize): usize {
  return <usize>load<u32>(device, DEVICE_AT_NAME_OFFSET);
}

@inline
export function idOf(device: usize): usize {
  return tenantOf(device) + load<u8>(device, DEVICE_AT_TENANT_BYTES) + 1;
}

@inline
function slotWord(slot: u32): u32 {
  return load<u32>(<usize>(DEVICE_INDEX_OFFSET + (slot << 2)));
}

/** The time zone of the device, as heads of records have it. */
@inline
export function timeZoneOf(device: usize): u32 {
  return <u32>load<u8>(device, DEVICE_AT_TIME_ZONE) << RECORD_HEAD_TIME_ZONE_SHIFT;
}

/** Counts a message of the device that a block now holds. */
@inline
export function countAccepted(device: usize): void {
  store<u32>(device, load<u32>(device, DEVICE_AT_ACCEPTED) + 1, DEVICE_AT_ACCEPTED);
}

/** The device's address, or 0 when the registry has none of that name. */
export function find(tenant: usize, tenantBytes: u32, tenantHash: u64, id: usize, idBytes: u32): usize {
  const hash = hashBytes(id, idBytes, tenantHash);
  const tag = <u32>hash & ~ENTRY_MASK;
  let slot = <u32>(hash >> SLOT_SHIFT);
  let word = slotWord(slot);
  while (word != 0) {
    if ((word & ~ENTRY_MASK) == tag) {
      const device = deviceAt((word & ENTRY_MASK) - 1);
      if (
        load<u8>(device, DEVICE_AT_ID_BYTES) == idBytes &&
        load<u8>(device, DEVICE_AT_TENANT_BYTES) == tenantBytes &&
        sameId(idOf(device), id, idBytes) &&
        sameId(tenantOf(device), tenant, tenantBytes)
      ) {
        return device;
      }
    }
    slot = (slot + 1) & SLOT_MASK;
    word = slotWord(slot);
  }
  return 0;
}

/** Looks up the name that lies in the stage; answers its entry, or -1. */
export function findDevice(tenantBytes: u32, idBytes: u32): i32 {
  if (tenantBytes == 0 || tenantBytes > TENANT_ID_BYTES_MAX || idBytes == 0 || idBytes > DEVICE_ID_BYTES_MAX) return -1;
  const tenant = <usize>(STAGE_OFFSET + STAGE_DEVICE_AT_NAME);
  const device = find(tenant, tenantBytes, hashBytes(tenant, tenantBytes, 0), tenant + tenantBytes + 1, idBytes);
  return device == 0 ? -1 : <i32>((<u32>device - DEVICES_OFFSET) / DEVICE_BYTES);
}

/**
 * Adds the device that lies in the stage, or replaces the one of the same name in place; a live
 * connection stays. Answers its entry, or -1: number 0, a name that is no topic level, or no room.
 */
export function addDevice(number: u32, via: u32, status: u32, partition: u32, schema: u32, tenantBytes: u32, idBytes: u32): i32 {
  assert(partition < PARTITIONS_MAX, 'there is no such partition');
  assert(status >= DEVICE_ACTIVE && status <= DEVICE_DECOMMISSIONED, 'there is no such status of a device');
  if (number == 0) return -1;
  const name = <usize>(STAGE_OFFSET + STAGE_DEVICE_AT_NAME);
  const id = name + tenantBytes + 1;
  let entry = findDevice(tenantBytes, idBytes);
  if (entry < 0) {
    if (tenantBytes > TENANT_ID_BYTES_MAX || idBytes > DEVICE_ID_BYTES_MAX) return -1;
    if (!topicLevel(name, name + tenantBytes) || !topicLevel(id, id + idBytes)) return -1;
    const nameBytes = tenantBytes + 1 + idBytes;
    if (deviceCount >= DEVICES_MAX || namesBytes + nameBytes > DEVICE_NAMES_BYTES) return -1;
    entry = <i32>deviceCount;
    deviceCount++;
    const copy = <usize>(DEVICE_NAMES_OFFSET + namesBytes);
    memory.copy(copy, name, nameBytes);
    namesBytes += nameBytes;
    const added = deviceAt(<u32>entry);
    store<u32>(added, <u32>copy, DEVICE_AT_NAME_OFFSET);
    store<u8>(added, <u8>tenantBytes, DEVICE_AT_TENANT_BYTES);
    store<u8>(added, <u8>idBytes, DEVICE_AT_ID_BYTES);
    store<u32>(added, 0, DEVICE_AT_NEXT);
    store<u32>(added, 0, DEVICE_AT_PREDICTED);
    store<u32>(added, 0, DEVICE_AT_ACCEPTED);
    store<f64>(added, 0, DEVICE_AT_ARRIVAL);
    store<f64>(added, 0, DEVICE_AT_NOTED);
    store<u64>(added, 0, DEVICE_AT_INTERVAL); // and the slack after it
    store<u32>(added, 0, DEVICE_AT_TENANT);
    store<u8>(added, 0, DEVICE_AT_DENIALS);
    insert(<u32>entry, hashBytes(id, idBytes, hashBytes(name, tenantBytes, 0)));
  }
  const device = deviceAt(<u32>entry);
  store<u32>(device, number, DEVICE_AT_NUMBER);
  store<u32>(device, via, DEVICE_AT_VIA);
  store<u8>(device, <u8>status, DEVICE_AT_STATUS);
  store<u8>(device, <u8>partition, DEVICE_AT_PARTITION);
  store<u32>(device, schema, DEVICE_AT_SCHEMA);
  memory.copy(tokenHashOf(device), <usize>(STAGE_OFFSET + STAGE_DEVICE_AT_TOKEN_HASH), DEVICE_TOKEN_HASH_BYTES);
  return entry;
}

function insert(entry: u32, hash: u64): void {
  let slot = <u32>(hash >> SLOT_SHIFT);
  while (slotWord(slot) != 0) slot = (slot + 1) & SLOT_MASK;
  store<u32>(<usize>(DEVICE_INDEX_OFFSET + (slot << 2)), (<u32>hash & ~ENTRY_MASK) | (entry + 1));
}
