import {
  CODE_DEPTH_EXCEEDED,
  CODE_METRIC_DUPLICATE,
  CODE_METRIC_VALUE_INVALID,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_PROTOBUF_MESSAGE_REPEATED,
  CODE_PROTOBUF_PLAN_MISSING,
  CODE_TEXT_UTF8_MALFORMED,
} from '../../abi/codes';
import { JSON_DEPTH_MAX, PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { DECODED_AT_METRIC } from '../../abi/pipeline';
import {
  PLAN_BOOL,
  PLAN_BYTES,
  PLAN_FIELD_AT_ACTION,
  PLAN_FIELD_AT_FLAGS,
  PLAN_FIELD_AT_KIND,
  PLAN_FIELD_AT_NAME,
  PLAN_FIELD_AT_NAME_BYTES,
  PLAN_FIELD_AT_TYPE,
  PLAN_FIELD_BYTES,
  PLAN_HAS_SAMPLES,
  PLAN_IMPLICIT,
  PLAN_IS_SEQ,
  PLAN_IS_TS,
  PLAN_MAP,
  PLAN_MAY_BE_EMPTY,
  PLAN_MESSAGE,
  PLAN_OPEN,
  PLAN_READ,
  PLAN_REPEATED,
  PLAN_SAMPLES,
  PLAN_STRING,
  PLAN_TYPE_AT_FLAGS,
  PLAN_TYPE_HAS_IMPLICIT,
} from '../../abi/plans';
import { isUtf8 } from '../../utf8';
import { prefixAt, prefixBytes } from '../context';
import { resolveMetric, unknownNames } from '../metrics';
import { beginPath, enterElement, enterMember, leavePath, pathBytes, resolvePath } from '../path';
import {
  beginSamples, closeReading, endSample, endSamples, giveUp, hasRoomForReading, hasTs, inheritTs, nextReading, reopenReading, skipReading, takeSeq, tsUs,
} from '../sink';
import { failure, reach, refuse } from '../verdict';
import { findMembers, isUnset, ONEOF_BYTES } from './oneof';
import { fieldCount, fieldsOf, findField, oneofCount, openPlan, plan, planHas, typeAt } from './plan';
import { isPackable, layKey, putFinite, putScalar, secondsOf, takeAsSeq, takeAsTs, wireOf } from './values';
import {
  bytesAt, bytesEnd, fieldNumber, readField, readFixed32, readFixed64, readVarint, setField, WIRE_BYTES, WIRE_FIXED32, wireType, WIRE_VARINT, word,
} from './wire';

// Messages of Protocol Buffers, by the plan of their schema version. A field that the plan does not have, or that is of another wire
// type than the plan says, is passed over, as every parser does with fields of a newer schema.

/** Of each message that is open: a word a field. 0: it has not come; of repeated ones, how many came; else where its reading lies, or SEEN. */
const FRAMES_BYTES: u32 = 32768;
const frames = memory.data(FRAMES_BYTES, 8);
const SEEN: u32 = 1;
let frameEnd: usize = frames;

const KEY_BYTES: u32 = 32;
const keyRoom = memory.data(KEY_BYTES, 8);
const TRUE = memory.data<u8>([0x74, 0x72, 0x75, 0x65]);
const FALSE = memory.data<u8>([0x66, 0x61, 0x6c, 0x73, 0x65]);

/** Bytes of the prefix: names below it begin with a field's name, not with a dot. */
let rootBytes: u32 = 0;

/** Decodes one payload into the sink; answers CODE_NONE or why it is refused. A payload of no bytes is a message of absent fields. */
export function decodeProtobuf(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginSamples(receiveUs);
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  if (!openPlan()) return CODE_PROTOBUF_PLAN_MISSING;
  frameEnd = frames;
  beginPath(prefixAt, prefixBytes);
  rootBytes = pathBytes;
  const end = at + bytes;
  const isRead = readMessage(at, end, typeAt(0), 1) && (!planHas(PLAN_HAS_SAMPLES) || readSamples(at, end));
  return isRead && endSamples(planHas(PLAN_MAY_BE_EMPTY)) ? CODE_NONE : giveUp();
}

/** Reads the samples of a payload whose own fields are read. One without a time has that of the payload. */
function readSamples(at: usize, end: usize): bool {
  const hadTs = hasTs;
  const ownUs = tsUs;
  if (!endSample()) return false;
  const fields = fieldsOf(typeAt(0));
  const count = fieldCount(typeAt(0));
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    const index = findField(fields, count, fieldNumber, 0);
    if (index == count || wireType != WIRE_BYTES) continue;
    const field = fields + index * PLAN_FIELD_BYTES;
    if (<u32>load<u8>(field, PLAN_FIELD_AT_ACTION) != PLAN_SAMPLES) continue;
    if (hadTs) inheritTs(ownUs);
    if (!readMessage(bytesAt, bytesEnd, typeAt(load<u16>(field, PLAN_FIELD_AT_TYPE)), 2) || !endSample()) return false;
  }
  return true;
}

/** Reads the fields between `at` and `end` as a message of the type, of which no other part lies elsewhere. */
function readMessage(at: usize, end: usize, type: usize, depth: u32): bool {
  const fields = fieldsOf(type);
  const count = fieldCount(type);
  const frame = frameEnd;
  const oneofs = frame + (count << 2);
  frameEnd = oneofs + oneofCount(type) * ONEOF_BYTES;
  if (depth > JSON_DEPTH_MAX || frameEnd > frames + FRAMES_BYTES) return refuse(CODE_DEPTH_EXCEEDED) != 0;
  memory.fill(frame, 0, frameEnd - frame);
  const hasOneofs = oneofs != frameEnd;
  if (hasOneofs && !findMembers(at, end, fields, count, oneofs)) return false;
  let expected: u32 = 0;
  while (at < end) {
    const begin = at;
    at = readField(at, end);
    if (at == 0) return false;
    const index = findField(fields, count, fieldNumber, expected);
    if (index == count) continue;
    expected = index + 1;
    const field = fields + index * PLAN_FIELD_BYTES;
    if (hasOneofs && isUnset(field, begin, oneofs)) continue;
    if (!readByPlan(field, frame + (index << 2), depth)) return false;
  }
  if ((<u32>load<u16>(type, PLAN_TYPE_AT_FLAGS) & PLAN_TYPE_HAS_IMPLICIT) != 0 && !putAbsent(fields, count, frame)) return false;
  frameEnd = frame;
  return true;
}

/** `seen`: the field's word in its message's frame. */
@inline
function readByPlan(field: usize, seen: usize, depth: u32): bool {
  const kind = <u32>load<u8>(field, PLAN_FIELD_AT_KIND);
  const flags = <u32>load<u8>(field, PLAN_FIELD_AT_FLAGS);
  const action = <u32>load<u8>(field, PLAN_FIELD_AT_ACTION);
  if (action == PLAN_READ && kind < PLAN_BYTES && (flags & PLAN_REPEATED) == 0 && wireType == wireOf(kind)) return putField(field, seen, kind);
  return readOther(field, seen, kind, flags, action, depth);
}

function readOther(field: usize, seen: usize, kind: u32, flags: u32, action: u32, depth: u32): bool {
  const isRepeated = (flags & PLAN_REPEATED) != 0;
  if (isRepeated && wireType == WIRE_BYTES && isPackable(kind)) return readPacked(field, seen, kind);
  if (wireType != wireOf(kind) || action == PLAN_SAMPLES) return true;
  if (action >= PLAN_IS_TS) {
    store<u32>(seen, SEEN);
    return action == PLAN_IS_TS ? takeAsTs(kind, field) : takeAsSeq(kind);
  }
  if ((flags & PLAN_MAP) != 0) return readEntry(field, action, depth);
  if (kind >= PLAN_MESSAGE) return readInner(field, seen, kind, isRepeated, action, depth);
  return isRepeated ? putElement(field, seen, kind) : putField(field, seen, kind);
}

/** Packed elements, and those that come one by one, may be mixed: they are one list. */
function readPacked(field: usize, seen: usize, kind: u32): bool {
  let at = bytesAt;
  const end = bytesEnd;
  const wire = wireOf(kind);
  while (at < end) {
    reach(at);
    at = wire == WIRE_VARINT ? readVarint(at, end) : wire == WIRE_FIXED32 ? readFixed32(at, end) : readFixed64(at, end);
    if (at == 0 || !putElement(field, seen, kind)) return false;
  }
  return true;
}

function readInner(field: usize, seen: usize, kind: u32, isRepeated: bool, action: u32, depth: u32): bool {
  const index = load<u32>(seen);
  store<u32>(seen, index + 1);
  if (index != 0 && !isRepeated) return refuse(CODE_PROTOBUF_MESSAGE_REPEATED) != 0;
  const before = pathBytes;
  if (action != PLAN_OPEN) enterName(field);
  if (isRepeated) enterElement(index, pathBytes == rootBytes);
  const isRead = readMessageOf(field, kind, depth);
  leavePath(before);
  return isRead;
}

/** Reads the message whose bytes wire.ts read last. */
function readMessageOf(field: usize, kind: u32, depth: u32): bool {
  if (kind == PLAN_MESSAGE) return readMessage(bytesAt, bytesEnd, typeAt(load<u16>(field, PLAN_FIELD_AT_TYPE)), depth + 1);
  refuse(CODE_NONE);
  const value = secondsOf(bytesAt, bytesEnd);
  if (failure != CODE_NONE || !hasRoomForReading()) return false;
  const metric = resolvePath();
  if (metric == 0 || !putFinite(metric, value)) return passOver();
  return true;
}

/** Reads an entry of a map, whose key is a name. */
function readEntry(field: usize, action: u32, depth: u32): bool {
  let at = bytesAt;
  const end = bytesEnd;
  const key = fieldsOf(typeAt(load<u16>(field, PLAN_FIELD_AT_TYPE)));
  const value = key + PLAN_FIELD_BYTES;
  const kind = <u32>load<u8>(value, PLAN_FIELD_AT_KIND);
  const keyWire = wireOf(load<u8>(key, PLAN_FIELD_AT_KIND));
  const valueWire = wireOf(kind);
  // A key or a value that is absent is the empty text, or 0.
  let keyWord: u64 = 0;
  let keyAt = end;
  let keyEnd = end;
  let valueWord: u64 = 0;
  let valueAt = end;
  let valueEnd = end;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (fieldNumber == 1 && wireType == keyWire) {
      keyWord = word;
      keyAt = bytesAt;
      keyEnd = bytesEnd;
    } else if (fieldNumber == 2 && wireType == valueWire) {
      valueWord = word;
      valueAt = bytesAt;
      valueEnd = bytesEnd;
    }
  }
  const before = pathBytes;
  if (action != PLAN_OPEN) enterName(field);
  setField(keyWire, keyWord, keyAt, keyEnd);
  const isNamed = enterKey(<u32>load<u8>(key, PLAN_FIELD_AT_KIND));
  setField(valueWire, valueWord, valueAt, valueEnd);
  let isRead: bool;
  if (!isNamed) isRead = passOver();
  else isRead = kind >= PLAN_MESSAGE ? readMessageOf(value, kind, depth) : putUnderPath(value, kind);
  leavePath(before);
  return isRead;
}

/** Goes into the key that wire.ts read last. False: it is no name. */
function enterKey(kind: u32): bool {
  if (kind == PLAN_STRING) {
    if (!isUtf8(bytesAt, bytesEnd)) return refuse(CODE_TEXT_UTF8_MALFORMED) != 0;
    enterMember(bytesAt, <u32>(bytesEnd - bytesAt), pathBytes == rootBytes);
  } else if (kind == PLAN_BOOL) {
    if (word != 0) enterMember(TRUE, 4, pathBytes == rootBytes);
    else enterMember(FALSE, 5, pathBytes == rootBytes);
  } else {
    enterMember(keyRoom, layKey(keyRoom, kind), pathBytes == rootBytes);
  }
  return true;
}

@inline
function enterName(field: usize): void {
  const bytes = <u32>load<u16>(field, PLAN_FIELD_AT_NAME_BYTES);
  if (bytes != 0) enterMember(plan + load<u32>(field, PLAN_FIELD_AT_NAME), bytes, pathBytes == rootBytes);
}

/** A value costs itself for the reason in `failure`, but a name that is there twice, or too many, cost the message. */
function passOver(): bool {
  if (failure == CODE_METRIC_DUPLICATE || !hasRoomForReading()) return false;
  skipReading();
  return true;
}

/** Makes the value the next reading of the metric that the path names. */
function putUnderPath(field: usize, kind: u32): bool {
  if (kind == PLAN_BYTES) {
    refuse(CODE_METRIC_VALUE_INVALID);
    return passOver();
  }
  if (!hasRoomForReading()) return false;
  const metric = resolvePath();
  return (metric != 0 && putScalar(metric, kind, field)) || passOver();
}

function putElement(field: usize, seen: usize, kind: u32): bool {
  const index = load<u32>(seen);
  store<u32>(seen, index + 1);
  const before = pathBytes;
  enterName(field);
  enterElement(index, pathBytes == rootBytes);
  const isPut = putUnderPath(field, kind);
  leavePath(before);
  return isPut;
}

/** A field of one value: of several, the last counts. */
@inline
function putField(field: usize, seen: usize, kind: u32): bool {
  if (load<u32>(seen) != 0) return putAgain(field, seen, kind);
  const at = nextReading();
  const bytes = <u32>load<u16>(field, PLAN_FIELD_AT_NAME_BYTES);
  if (pathBytes == 0 && bytes != 0 && kind != PLAN_BYTES) {
    if (!hasRoomForReading()) return false;
    const metric = resolveMetric(plan + load<u32>(field, PLAN_FIELD_AT_NAME), bytes);
    if ((metric == 0 || !putScalar(metric, kind, field)) && !passOver()) return false;
    store<u32>(seen, nextReading() == at ? SEEN : <u32>at);
    return true;
  }
  const before = pathBytes;
  enterName(field);
  const isPut = putUnderPath(field, kind);
  leavePath(before);
  store<u32>(seen, nextReading() == at ? SEEN : <u32>at);
  return isPut;
}

/** Puts the value in the place of the one that came before. */
function putAgain(field: usize, seen: usize, kind: u32): bool {
  const at = <usize>load<u32>(seen);
  if (at == SEEN) {
    // A message with unknown names is decoded again. What was left out is not said to be what comes after it.
    return unknownNames != 0 || kind == PLAN_BYTES || refuse(CODE_METRIC_DUPLICATE) != 0;
  }
  const end = reopenReading(at);
  const isPut = putScalar(load<u32>(at, DECODED_AT_METRIC), kind, field);
  closeReading(end);
  return isPut;
}

/** Puts the fields that are as good as there. */
function putAbsent(fields: usize, count: u32, frame: usize): bool {
  for (let index: u32 = 0; index < count; index++) {
    const field = fields + index * PLAN_FIELD_BYTES;
    if (load<u32>(frame + (index << 2)) != 0 || (<u32>load<u8>(field, PLAN_FIELD_AT_FLAGS) & PLAN_IMPLICIT) == 0) continue;
    const kind = <u32>load<u8>(field, PLAN_FIELD_AT_KIND);
    if (<u32>load<u8>(field, PLAN_FIELD_AT_ACTION) == PLAN_IS_SEQ) {
      if (!takeSeq(0)) return false;
      continue;
    }
    setField(wireOf(kind), 0, field, field);
    if (!putField(field, frame + (index << 2), kind)) return false;
  }
  return true;
}
