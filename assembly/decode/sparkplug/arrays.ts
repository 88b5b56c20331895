import { CODE_METRIC_VALUE_INVALID } from '../../abi/codes';
import {
  TYPE_BOOLEAN_ARRAY,
  TYPE_DATETIME,
  TYPE_DATETIME_ARRAY,
  TYPE_DOUBLE_ARRAY,
  TYPE_FLOAT_ARRAY,
  TYPE_INT8,
  TYPE_INT8_ARRAY,
  TYPE_STRING_ARRAY,
} from '../../abi/sparkplug';
import { enterElement, leavePath, resolvePath } from '../path';
import { putFinite, putString } from '../protobuf/values';
import { hasRoomForReading, skipReading } from '../sink';
import { refuse } from '../verdict';
import { putWhole } from './values';

// Arrays of Sparkplug 3.0 §6.4.16.4: elements back to back, little-endian, in bytes_value. Each is named by its place from 0 on.

@inline
export function isArray(type: u32): bool {
  return type >= TYPE_INT8_ARRAY && type <= TYPE_DATETIME_ARRAY;
}

/** Bytes of an element. Int8 to Int64 and UInt8 to UInt64 are 1, 2, 4 and 8 long; then come Float, Double, and, last, DateTime. */
function elementBytes(type: u32): u32 {
  if (type < TYPE_FLOAT_ARRAY) return 1 << ((type - TYPE_INT8_ARRAY) & 3);
  return type == TYPE_FLOAT_ARRAY ? 4 : 8;
}

/** Puts the elements of an array under the path. False: there is no room for them. */
export function putArray(type: u32, at: usize, end: usize): bool {
  if (type == TYPE_BOOLEAN_ARRAY) return putBooleans(at, end);
  if (type == TYPE_STRING_ARRAY) return putTexts(at, end);
  const bytes = elementBytes(type);
  if (<u32>(end - at) % bytes != 0) return passOver();
  for (let index: u32 = 0; at < end; index++, at += bytes) {
    if (!hasRoomForReading()) return false;
    const before = enterElement(index, false);
    const metric = resolvePath();
    leavePath(before);
    if (metric == 0 || !putElement(metric, type, at, bytes)) skipReading();
  }
  return true;
}

function passOver(): bool {
  refuse(CODE_METRIC_VALUE_INVALID);
  skipReading();
  return true;
}

function putElement(metric: u32, type: u32, at: usize, bytes: u32): bool {
  if (type == TYPE_FLOAT_ARRAY) return putFinite(metric, <f64>load<f32>(at));
  if (type == TYPE_DOUBLE_ARRAY) return putFinite(metric, load<f64>(at));
  const value = bytes == 1 ? <u64>load<u8>(at) : bytes == 2 ? <u64>load<u16>(at) : bytes == 4 ? <u64>load<u32>(at) : load<u64>(at);
  return putWhole(metric, type == TYPE_DATETIME_ARRAY ? TYPE_DATETIME : type - TYPE_INT8_ARRAY + TYPE_INT8, value);
}

/** Their number as u32, then a bit each, the highest of a byte first. */
function putBooleans(at: usize, end: usize): bool {
  const bytes = <u32>(end - at);
  const count: u32 = bytes < 4 ? 0 : load<u32>(at);
  if (bytes < 4 || <u64>(bytes - 4) * 8 < <u64>count) return passOver();
  for (let index: u32 = 0; index < count; index++) {
    if (!hasRoomForReading()) return false;
    const before = enterElement(index, false);
    const metric = resolvePath();
    leavePath(before);
    const isSet = (<u32>load<u8>(at + 4 + (index >> 3)) & (0x80 >> (index & 7))) != 0;
    if (metric == 0 || !putFinite(metric, isSet ? 1 : 0)) skipReading();
  }
  return true;
}

/** Each ends with a NUL. */
function putTexts(at: usize, end: usize): bool {
  if (at < end && <u32>load<u8>(end - 1) != 0) return passOver();
  for (let index: u32 = 0; at < end; index++) {
    let stop = at;
    while (<u32>load<u8>(stop) != 0) stop++;
    if (!hasRoomForReading()) return false;
    const before = enterElement(index, false);
    const metric = resolvePath();
    leavePath(before);
    if (metric == 0 || !putString(metric, at, <u32>(stop - at))) skipReading();
    at = stop + 1;
  }
  return true;
}
