import { CODE_METRIC_VALUE_INVALID, CODE_NUMBER_OUT_OF_RANGE, CODE_SEQ_MALFORMED, CODE_TEXT_UTF8_MALFORMED, CODE_TS_MALFORMED } from '../../abi/codes';
import {
  PLAN_BOOL,
  PLAN_DOUBLE,
  PLAN_ENUM,
  PLAN_FIELD_AT_ENUM,
  PLAN_FIELD_AT_UNIT,
  PLAN_FIXED32,
  PLAN_FIXED64,
  PLAN_FLOAT,
  PLAN_INT32,
  PLAN_INT64,
  PLAN_SECONDS,
  PLAN_SFIXED32,
  PLAN_SFIXED64,
  PLAN_SINT32,
  PLAN_SINT64,
  PLAN_STRING,
  PLAN_UINT32,
  PLAN_UINT64,
  PLAN_UNIT_BY_SIZE,
  PLAN_UNIT_NS,
  PLAN_VALUE_AT_NAME,
  PLAN_VALUE_AT_NAME_BYTES,
} from '../../abi/plans';
import { isPlainAscii, isUtf8 } from '../../utf8';
import { wholeToDouble } from '../double';
import { putNumber, putText, receivedUs, takeSeq, takeTs, textRoom } from '../sink';
import { acceptDoubleTime, acceptTextTime, acceptUs, acceptWholeTime } from '../time';
import { refuse } from '../verdict';
import { findValue, plan } from './plan';
import {
  bytesAt, bytesEnd, fieldNumber, readField, unzigzag, WIRE_BYTES, WIRE_FIXED32, WIRE_FIXED64, wireType, WIRE_VARINT, word,
} from './wire';

// What the value that wire.ts read last is, by the kind that the plan gives its field.

const QUOTE: u8 = 0x22;
const DASH: u8 = 0x2d;
const ZERO: u8 = 0x30;
/** Seconds from here on are no time of a device; below, microseconds fit a word. */
const SECONDS_END: i64 = 1 << 43;
const DIGITS_MAX: u32 = 20;

/** The wire type of one value of the kind. */
@inline
export function wireOf(kind: u32): u32 {
  if (kind >= PLAN_STRING) return WIRE_BYTES;
  if (kind == PLAN_DOUBLE || kind == PLAN_FIXED64 || kind == PLAN_SFIXED64) return WIRE_FIXED64;
  return kind == PLAN_FLOAT || kind == PLAN_FIXED32 || kind == PLAN_SFIXED32 ? WIRE_FIXED32 : WIRE_VARINT;
}

/** Values of the kind may come packed: many in one field. */
@inline
export function isPackable(kind: u32): bool {
  return kind < PLAN_STRING;
}

/** A whole number with its sign; of 32 bits those count that the kind has. */
function wholeOf(kind: u32): i64 {
  switch (kind) {
    case PLAN_INT32:
    case PLAN_SFIXED32:
    case PLAN_ENUM:
      return <i64><i32>word;
    case PLAN_UINT32:
    case PLAN_FIXED32:
      return <i64><u32>word;
    case PLAN_SINT32:
      return unzigzag(word & 0xffffffff);
    case PLAN_SINT64:
      return unzigzag(word);
    default:
      return <i64>word;
  }
}

@inline
function isUnsigned(kind: u32): bool {
  return kind == PLAN_UINT64 || kind == PLAN_FIXED64;
}

function numberOf(kind: u32): f64 {
  if (kind == PLAN_DOUBLE) return reinterpret<f64>(word);
  if (kind == PLAN_FLOAT) return <f64>reinterpret<f32>(<u32>word);
  if (kind == PLAN_BOOL) return word != 0 ? 1 : 0;
  if (isUnsigned(kind)) return wholeToDouble(word, false);
  const whole = wholeOf(kind);
  return kind == PLAN_INT64 || kind == PLAN_SINT64 || kind == PLAN_SFIXED64 ? wholeToDouble(<u64>abs(whole), whole < 0) : <f64>whole;
}

/** Makes it the next reading of the metric. False: it cannot be kept. */
@inline
export function putScalar(metric: u32, kind: u32, field: usize): bool {
  if (kind == PLAN_STRING) return putString(metric, bytesAt, <u32>(bytesEnd - bytesAt));
  if (kind == PLAN_ENUM && load<u32>(field, PLAN_FIELD_AT_ENUM) != 0) return putEnum(metric, load<u32>(field, PLAN_FIELD_AT_ENUM));
  if (kind > PLAN_STRING) return refuse(CODE_METRIC_VALUE_INVALID) != 0;
  return putFinite(metric, numberOf(kind));
}

@inline
export function putFinite(metric: u32, value: f64): bool {
  return value == value ? putNumber(metric, value) : refuse(CODE_NUMBER_OUT_OF_RANGE) != 0;
}

/** Makes a text the next reading of the metric, if it is UTF-8. */
export function putString(metric: u32, at: usize, bytes: u32): bool {
  if (isPlainAscii(at, bytes)) return putText(metric, at, bytes, false);
  return isUtf8(at, at + bytes) ? putText(metric, at, bytes, true) : refuse(CODE_TEXT_UTF8_MALFORMED) != 0;
}

/** A number that has no name in the schema is the text of its digits: the sender's schema is newer. */
function putEnum(metric: u32, values: u32): bool {
  const value = findValue(values, <i32>word);
  if (value != 0) return putText(metric, plan + load<u32>(value, PLAN_VALUE_AT_NAME), load<u32>(value, PLAN_VALUE_AT_NAME_BYTES), false);
  return putText(metric, textRoom, layWhole(textRoom, wholeOf(PLAN_ENUM)), false);
}

/** Lays the digits of a map's key, of the kind, at `to`, which has DIGITS_MAX bytes; answers how many there are. */
export function layKey(to: usize, kind: u32): u32 {
  if (isUnsigned(kind)) return layDigits(to, word);
  return layWhole(to, wholeOf(kind));
}

function layWhole(to: usize, whole: i64): u32 {
  if (whole >= 0) return layDigits(to, <u64>whole);
  store<u8>(to, DASH);
  return 1 + layDigits(to + 1, <u64>-whole);
}

function layDigits(to: usize, value: u64): u32 {
  let digits: u32 = 1;
  for (let rest = value; rest > 9; rest /= 10) digits++;
  assert(digits <= DIGITS_MAX, 'a word has more digits than a word has');
  for (let i = digits; i > 0; value /= 10) store<u8>(to + --i, ZERO + <u8>(value % 10));
  return digits;
}

let seconds: i64 = 0;
let nanoseconds: i32 = 0;

/** Reads a google.protobuf.Timestamp or Duration. */
function readSeconds(at: usize, end: usize): bool {
  seconds = 0;
  nanoseconds = 0;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (wireType != WIRE_VARINT) continue;
    if (fieldNumber == 1) seconds = <i64>word;
    else if (fieldNumber == 2) nanoseconds = <i32>word;
  }
  return true;
}

/** The same as a reading in seconds. False: the message is refused, or it cannot be kept, as `metric` 0. */
export function secondsOf(at: usize, end: usize): f64 {
  return readSeconds(at, end) ? <f64>seconds + <f64>nanoseconds / 1e9 : NaN;
}

/** Takes it as the sample's time; 0 is no time, as a field that was never set reads. */
export function takeAsTs(kind: u32, field: usize): bool {
  if (kind == PLAN_STRING) return bytesAt == bytesEnd || take(acceptCopy());
  const unit = load<u32>(field, PLAN_FIELD_AT_UNIT);
  if (kind == PLAN_SECONDS) {
    if (!readSeconds(bytesAt, bytesEnd)) return false;
    if (seconds == 0 && nanoseconds == 0) return true;
    return take(acceptUs(inUs(seconds, 1000000) + <i64>nanoseconds / 1000, receivedUs));
  }
  if (kind <= PLAN_FLOAT) {
    const value = numberOf(kind);
    if (value == 0) return true;
    if (unit == PLAN_UNIT_BY_SIZE) return take(acceptDoubleTime(value, receivedUs));
    const us = unit == PLAN_UNIT_NS ? value / 1000 : value * <f64>unit;
    return take(abs(us) < 9e18 ? acceptUs(<i64>nearest(us), receivedUs) : acceptUs(-1, receivedUs));
  }
  if (kind > PLAN_STRING || kind == PLAN_BOOL) return refuse(CODE_TS_MALFORMED) != 0;
  const whole = wholeOf(kind);
  if (whole == 0) return true;
  if (unit == PLAN_UNIT_BY_SIZE) return take(isUnsigned(kind) ? acceptWholeTime(word, false, receivedUs) : acceptWholeTime(<u64>abs(whole), whole < 0, receivedUs));
  return take(acceptUs(unit == PLAN_UNIT_NS ? whole / 1000 : inUs(whole, unit), receivedUs));
}

@inline
function take(isAccepted: bool): bool {
  if (isAccepted) takeTs();
  return isAccepted;
}

/** A number of units in microseconds; one far beyond what a time is, as one that is none. */
function inUs(value: i64, unit: u32): i64 {
  return value > -SECONDS_END * (1000000 / <i64>unit) && value < SECONDS_END * (1000000 / <i64>unit) ? value * <i64>unit : -1;
}

/** What comes after a text could continue a number, so it is read from a copy. */
function acceptCopy(): bool {
  const bytes = <u32>(bytesEnd - bytesAt);
  memory.copy(textRoom, bytesAt, bytes);
  store<u8>(textRoom + bytes, QUOTE);
  return acceptTextTime(textRoom, bytes, receivedUs);
}

/** Takes it as the sample's sequence number. */
export function takeAsSeq(kind: u32): bool {
  if (kind < PLAN_INT32 || kind >= PLAN_BOOL) return refuse(CODE_SEQ_MALFORMED) != 0;
  const whole = wholeOf(kind);
  return whole < 0 && !isUnsigned(kind) ? refuse(CODE_SEQ_MALFORMED) != 0 : takeSeq(<u64>whole);
}
