import { isUtf8 } from '../../utf8';
import { bytesAt, bytesEnd, fieldNumber, readField, WIRE_BYTES, wireType } from '../protobuf/wire';

// The unit among the properties of a metric (sparkplug_b.proto, message PropertySet): keys 1 and values 2 in the same order. A value
// (message PropertyValue) has its string in field 8.

/** "engUnit": as Ignition names it. */
const ENG_UNIT = memory.data<u8>([0x65, 0x6e, 0x67, 0x55, 0x6e, 0x69, 0x74]);
const ENG_UNIT_BYTES: u32 = 7;
const STRING_VALUE: u32 = 8;

export let unitAt: usize = 0;
export let unitBytes: u32 = 0;

/** Looks for the unit among properties, which may be malformed: then they have none. */
export function findUnit(at: usize, end: usize): bool {
  const index = indexOfKey(at, end);
  let values = -1;
  while (index >= 0 && at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (fieldNumber == 2 && wireType == WIRE_BYTES && ++values == index) return readText(bytesAt, bytesEnd);
  }
  return false;
}

/** Place of the unit among the keys, or -1. */
function indexOfKey(at: usize, end: usize): i32 {
  for (let index = 0; at < end; ) {
    at = readField(at, end);
    if (at == 0) return -1;
    if (fieldNumber != 1 || wireType != WIRE_BYTES) continue;
    if (<u32>(bytesEnd - bytesAt) == ENG_UNIT_BYTES && memory.compare(bytesAt, ENG_UNIT, ENG_UNIT_BYTES) == 0) return index;
    index++;
  }
  return -1;
}

function readText(at: usize, end: usize): bool {
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (fieldNumber != STRING_VALUE || wireType != WIRE_BYTES) continue;
    unitAt = bytesAt;
    unitBytes = <u32>(bytesEnd - bytesAt);
    return isUtf8(bytesAt, bytesEnd);
  }
  return false;
}
