import { PARTITION_DEVICES_MAX } from '../abi/limits';
import {
  HEAD_AT_DEVICES,
  STATE_DEVICES_OFFSET,
  STATE_DEVICE_BYTES,
  STATE_HEAD_OFFSET,
  STATE_INDEX_BYTES,
  STATE_INDEX_SLOTS,
  STATE_INDEX_OFFSET,
} from '../abi/state';

// State of one device, three cache lines, of which the usual message needs the first alone:
//
//    0  u32 device number              12  u32 page of the runs + 1, or 0: they lie inline
//    4  u8 flags                       16  u32 messages stored, modulo 2^32
//    5  u8 sequence runs held          20  u32 account + 1, or 0: all its messages were stored
//    6  u16 shape of its last          24  u64 newest event time, µs
//       messages, or 0                 32  3 inline runs of 32 bytes
//    8  u32 first series + 1, or 0     128  8 prints of 8 bytes
//
// Slots are handed out once and never freed, so a slot's address is stable.

export const DEVICE_AT_FLAGS: usize = 4;
export const DEVICE_AT_RUNS: usize = 5;
export const DEVICE_AT_SHAPE: usize = 6;
export const DEVICE_AT_SERIES: usize = 8;
export const DEVICE_AT_RUN_PAGE: usize = 12;
export const DEVICE_AT_NEWEST_US: usize = 24;
export const DEVICE_AT_INLINE_RUNS: usize = 32;
export const INLINE_RUNS: u32 = 3;
export const DEVICE_AT_PRINTS: usize = 128;
export const DEVICE_PRINTS: u32 = 8;

export const DEVICE_WATCHED: u8 = 1;
/** Metrics of it have no series, for want of room. */
export const DEVICE_UNTRACKED: u8 = 2;

let devices: u32 = 0;

/** Mixes a 32-bit key: MurmurHash3's fmix32. */
@inline
export function mix(key: u32): u32 {
  key = (key ^ (key >> 16)) * 0x85ebca6b;
  key = (key ^ (key >> 13)) * 0xc2b2ae35;
  return key ^ (key >> 16);
}

/** The index entry where a search for `number` begins. */
@inline
export function firstEntryOf(number: u32): usize {
  return <usize>(STATE_INDEX_OFFSET + ((mix(number) & (STATE_INDEX_SLOTS - 1)) << 2));
}

/** Address of the index entry that holds `number`, or of the free entry where it belongs. */
@inline
function entryOf(number: u32): usize {
  let entry = firstEntryOf(number);
  while (true) {
    const device = load<u32>(entry);
    if (device == 0 || load<u32>(deviceAt(device - 1)) == number) return entry;
    entry += 4;
    if (entry == <usize>(STATE_INDEX_OFFSET + STATE_INDEX_BYTES)) entry = <usize>STATE_INDEX_OFFSET;
  }
}

@inline
export function deviceAt(index: u32): usize {
  return <usize>(STATE_DEVICES_OFFSET + index * STATE_DEVICE_BYTES);
}

/** How many devices there are; their indexes begin at 0. */
@inline
export function deviceCount(): u32 {
  return devices;
}

/** The device's state, or 0 when there is none. */
export function findDevice(number: u32): usize {
  const device = load<u32>(entryOf(number));
  return device == 0 ? 0 : deviceAt(device - 1);
}

/** The device's state, made when it is new; 0 when the partition has no room for another device. */
export function obtainDevice(number: u32): usize {
  const entry = entryOf(number);
  const known = load<u32>(entry);
  if (known != 0) return deviceAt(known - 1);
  if (devices == PARTITION_DEVICES_MAX) return 0;
  const at = deviceAt(devices++);
  store<u32>(at, number);
  store<u32>(entry, devices);
  return at;
}

export function describeDevices(): void {
  store<u32>(STATE_HEAD_OFFSET, devices, HEAD_AT_DEVICES);
}

/** Builds the index over the devices of a checkpoint. No device is watched: the live view asks again for those it wants. */
export function adoptDevices(): bool {
  devices = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_DEVICES);
  if (devices > PARTITION_DEVICES_MAX) return false;
  for (let index: u32 = 0; index < devices; index++) {
    const device = deviceAt(index);
    const entry = entryOf(load<u32>(device));
    if (load<u32>(entry) != 0) return false;
    // The devices are indexed in the order of their slots, so each index entry is where it was before the checkpoint.
    store<u32>(entry, index + 1);
    store<u8>(device, load<u8>(device, DEVICE_AT_FLAGS) & ~DEVICE_WATCHED, DEVICE_AT_FLAGS);
  }
  return true;
}

/** Sets whether the live view gets the device's readings. */
export function watch(number: u32, on: bool): void {
  const device = obtainDevice(number);
  if (device == 0) return;
  const flags = load<u8>(device, DEVICE_AT_FLAGS);
  store<u8>(device, on ? flags | DEVICE_WATCHED : flags & ~DEVICE_WATCHED, DEVICE_AT_FLAGS);
}
