import { CODE_DEPTH_EXCEEDED, CODE_NONE, CODE_PAYLOAD_OVERSIZE, CODE_PROTOBUF_MALFORMED, CODE_TEXT_UTF8_MALFORMED } from '../../abi/codes';
import { JSON_DEPTH_MAX, PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { isPlainAscii, isUtf8 } from '../../utf8';
import { prefixAt, prefixBytes } from '../context';
import { giveBoolean, giveDouble, giveNull, giveOpaque, giveText, giveTime } from '../item';
import { putUnderPath, takeItemAsTs } from '../item-values';
import { beginPath, enterElement, enterMember, leavePath, pathBytes } from '../path';
import { bytesAt, bytesEnd, fieldNumber, readField, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT, wireType, word } from '../protobuf/wire';
import { beginSamples, endSamples, giveUp, takeSeq } from '../sink';
import { refuse } from '../verdict';

// Uplinks as ChirpStack v4 publishes them in Protobuf (integration.proto, message UplinkEvent): id 1, time 2, device 3, frame counter 7 and
// the object that the codec of the device profile made, 11. Read is what its JSON has readings in, with the same names.

const UPLINK_ID: u32 = 1;
const UPLINK_TIME: u32 = 2;
const UPLINK_COUNTER: u32 = 7;
const UPLINK_OBJECT: u32 = 11;

// google.protobuf.Value
const VALUE_NUMBER: u32 = 2;
const VALUE_TEXT: u32 = 3;
const VALUE_BOOLEAN: u32 = 4;
const VALUE_STRUCT: u32 = 5;
const VALUE_LIST: u32 = 6;

/** Decodes one uplink into the sink; answers CODE_NONE, CODE_PROTOBUF_MALFORMED for what is none, or why it is refused. */
export function decodeUplink(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginSamples(receiveUs);
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  beginPath(prefixAt, prefixBytes);
  return readUplink(at, at + bytes) && endSamples(true) ? CODE_NONE : giveUp();
}

function readUplink(at: usize, end: usize): bool {
  let hasId = false;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (wireType == WIRE_VARINT) {
      if (fieldNumber == UPLINK_COUNTER && !takeSeq(word)) return false;
    } else if (wireType == WIRE_BYTES) {
      if (fieldNumber == UPLINK_ID) hasId = true;
      else if (fieldNumber == UPLINK_TIME && !readTime(bytesAt, bytesEnd)) return false;
      else if (fieldNumber == UPLINK_OBJECT && !readStruct(bytesAt, bytesEnd, 1)) return false;
    }
  }
  return hasId || refuse(CODE_PROTOBUF_MALFORMED) != 0;
}

/** google.protobuf.Timestamp: seconds 1, nanoseconds 2. */
function readTime(at: usize, end: usize): bool {
  let seconds: u64 = 0;
  let nanoseconds: u64 = 0;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (wireType != WIRE_VARINT) continue;
    if (fieldNumber == 1) seconds = word;
    else if (fieldNumber == 2) nanoseconds = word;
  }
  giveTime(<i64>seconds, <u32>nanoseconds);
  return takeItemAsTs();
}

/** google.protobuf.Struct: a map, whose entries have a key 1 and a value 2. */
function readStruct(at: usize, end: usize, depth: u32): bool {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED) != 0;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (fieldNumber == 1 && wireType == WIRE_BYTES && !readEntry(bytesAt, bytesEnd, depth)) return false;
  }
  return true;
}

function readEntry(at: usize, end: usize, depth: u32): bool {
  let nameAt = at;
  let nameEnd = at;
  let valueAt = at;
  let valueEnd = at;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (wireType != WIRE_BYTES) continue;
    if (fieldNumber == 1) {
      nameAt = bytesAt;
      nameEnd = bytesEnd;
    } else if (fieldNumber == 2) {
      valueAt = bytesAt;
      valueEnd = bytesEnd;
    }
  }
  const bytes = <u32>(nameEnd - nameAt);
  if (!isPlainAscii(nameAt, bytes) && !isUtf8(nameAt, nameEnd)) return refuse(CODE_TEXT_UTF8_MALFORMED) != 0;
  const before = enterMember(nameAt, bytes, pathBytes == prefixBytes);
  const isRead = readValue(valueAt, valueEnd, depth);
  leavePath(before);
  return isRead;
}

/** google.protobuf.ListValue: values 1. */
function readList(at: usize, end: usize, depth: u32): bool {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED) != 0;
  for (let index: u32 = 0; at < end; ) {
    at = readField(at, end);
    if (at == 0) return false;
    if (fieldNumber != 1 || wireType != WIRE_BYTES) continue;
    const before = enterElement(index++, pathBytes == prefixBytes);
    const isRead = readValue(bytesAt, bytesEnd, depth);
    leavePath(before);
    if (!isRead) return false;
  }
  return true;
}

/** Of the members of its `oneof` the last counts; without one it is null. */
function readValue(at: usize, end: usize, depth: u32): bool {
  giveNull();
  let nested: u32 = 0;
  let nestedAt: usize = 0;
  let nestedEnd: usize = 0;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    nested = 0;
    if (wireType == WIRE_VARINT) {
      if (fieldNumber == VALUE_BOOLEAN) giveBoolean(word != 0);
      else giveNull();
    } else if (wireType == WIRE_FIXED64 && fieldNumber == VALUE_NUMBER) {
      giveDouble(reinterpret<f64>(word));
    } else if (wireType == WIRE_BYTES && fieldNumber == VALUE_TEXT) {
      takeText(bytesAt, bytesEnd);
    } else if (wireType == WIRE_BYTES && (fieldNumber == VALUE_STRUCT || fieldNumber == VALUE_LIST)) {
      nested = fieldNumber;
      nestedAt = bytesAt;
      nestedEnd = bytesEnd;
    }
  }
  if (nested == VALUE_STRUCT) return readStruct(nestedAt, nestedEnd, depth + 1);
  return nested == VALUE_LIST ? readList(nestedAt, nestedEnd, depth + 1) : putUnderPath();
}

function takeText(at: usize, end: usize): void {
  const bytes = <u32>(end - at);
  if (isPlainAscii(at, bytes) || isUtf8(at, end)) giveText(at, bytes, false);
  else giveOpaque(CODE_TEXT_UTF8_MALFORMED);
}
