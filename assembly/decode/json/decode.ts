import {
  CODE_JSON_DUPLICATE_KEY,
  CODE_JSON_MALFORMED,
  CODE_METRIC_VALUE_INVALID,
  CODE_METRICS_MISSING,
  CODE_METRICS_TOO_MANY,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SEQ_MALFORMED,
  CODE_TS_MALFORMED,
} from '../../abi/codes';
import { MESSAGE_METRICS_MAX, PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { DECODED_TEXT_OFFSET } from '../../abi/pipeline';
import { decimalToDouble } from '../double';
import { resolveMetric } from '../metrics';
import { decimalExponent, decimalNegative, decimalTruncated, decimalWord, readShortDecimal, readWholeDecimal, tenTo } from '../number';
import { beginMessage, endMessage, giveUp, putNull, putNumber, putText, receivedUs, SEQ_MAX, takeSeq, takeTs, textRoom } from '../sink';
import { readString, textAt, textBytes } from '../text';
import { acceptDecimalTime, acceptTextTime } from '../time';
import { reach, refuse } from '../verdict';
import {
  CLOSE_OBJECT, COLON, COMMA, isSpace, LETTER_F, LETTER_N, LETTER_T, OPEN_OBJECT, QUOTE, readLiteral, skipSpace,
  skipValue, startsNumber,
} from './grammar';
import { clearMembers, MEMBER_SEQ, MEMBER_TS, noteMember } from './members';
import { codeOfMalformed, refuseOtherShape } from './other-shapes';

const SEEN_TS: u32 = 1;
const SEEN_METRICS: u32 = 2;
const SEEN_SEQ: u32 = 4;

// Names of members and their closing quotes, little-endian.
const NAME_TS: u64 = 0x227374;
const NAME_SEQ: u32 = 0x22716573;
const NAME_METRICS: u64 = 0x227363697274656d;

let seen: u32 = 0;

/**
 * Decodes one payload into the sink. Answers CODE_NONE or why it is refused: the first cause in reading order. RFC 8259.
 */
export function decodeJson(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginMessage(receiveUs);
  seen = 0;
  clearMembers();
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  const payloadEnd = at + bytes;
  if (readPayload(at, payloadEnd) != 0) return CODE_NONE;
  const code = giveUp();
  return code == CODE_JSON_MALFORMED ? codeOfMalformed(at, payloadEnd, DECODED_TEXT_OFFSET) : code;
}

/**
 * The payload ends with a brace, and no token but a string can pass over one: so between two members
 * nothing but a brace can bring `at` to `end`, and only there must it be asked for.
 */
function readPayload(at: usize, end: usize): usize {
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  at = skipSpace(at, end);
  if (at >= end || load<u8>(at) != OPEN_OBJECT) return refuseOtherShape(at, end, textRoom);
  if (load<u8>(end - 1) != CLOSE_OBJECT) return refuse(CODE_JSON_MALFORMED);
  at = skipSpace(at + 1, end);
  if (load<u8>(at) != CLOSE_OBJECT) {
    while (true) {
      at = readMember(at, end);
      if (at == 0) return 0;
      if (at >= end) return refuse(CODE_JSON_MALFORMED);
      at = skipSpace(at, end);
      const next: u32 = load<u8>(at);
      if (next == CLOSE_OBJECT) break;
      if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
      at = skipSpace(at + 1, end);
    }
  }
  if (at + 1 != end) return refuse(CODE_JSON_MALFORMED);
  return (seen & SEEN_METRICS) != 0 ? end : refuse(CODE_METRICS_MISSING);
}

/** Reads one member of the payload, from its name's quote. */
@inline
function readMember(at: usize, end: usize): usize {
  if (load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
  reach(at);
  // The names that count fit eight bytes with their closing quote, so one load tells them, unless they are escaped.
  const name = load<u64>(at, 1);
  if ((name & 0xffffff) == NAME_TS) {
    at = toValue(at + 4, end);
    return at != 0 && see(SEEN_TS) ? noteTs(at, end) : 0;
  }
  if (name == NAME_METRICS) {
    at = toValue(at + 9, end);
    return at != 0 && see(SEEN_METRICS) ? readMetrics(at, end) : 0;
  }
  if (<u32>name == NAME_SEQ) {
    at = toValue(at + 5, end);
    return at != 0 && see(SEEN_SEQ) ? noteSeq(at, end) : 0;
  }
  return readOtherMember(at, end);
}

/** From the end of a name to its value. */
@inline
export function toValue(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  return load<u8>(at) == COLON ? skipSpace(at + 1, end) : refuse(CODE_JSON_MALFORMED);
}

function readOtherMember(at: usize, end: usize): usize {
  at = readString(at + 1, end, textRoom);
  if (at == 0) return 0;
  const bytes = textBytes;
  const name = load<u64>(textAt);
  at = toValue(at, end);
  if (at == 0) return 0;
  if (bytes == 2 && (name & 0xffff) == (NAME_TS & 0xffff)) return see(SEEN_TS) ? noteTs(at, end) : 0;
  if (bytes == 7 && ((name ^ NAME_METRICS) << 8) == 0) return see(SEEN_METRICS) ? readMetrics(at, end) : 0;
  if (bytes == 3 && (<u32>name & 0xffffff) == (NAME_SEQ & 0xffffff)) return see(SEEN_SEQ) ? noteSeq(at, end) : 0;
  return skipValue(at, end, 1, textRoom);
}

@inline
function see(member: u32): bool {
  if ((seen & member) != 0) return refuse(CODE_JSON_DUPLICATE_KEY) != 0;
  seen |= member;
  return true;
}

/** Reads null, or refuses a value of a kind that has no place here once it is seen to be well formed. */
function readNullOr(code: u32, at: usize, end: usize, depth: u32): usize {
  const first: u32 = load<u8>(at);
  at = skipValue(at, end, depth, textRoom);
  return at == 0 || first == LETTER_N ? at : refuse(code);
}

@inline
function noteTs(at: usize, end: usize): usize {
  reach(at);
  const behind = readTs(at, end);
  noteMember(MEMBER_TS, at, behind);
  return behind;
}

@inline
function noteSeq(at: usize, end: usize): usize {
  reach(at);
  const behind = readSeq(at, end);
  noteMember(MEMBER_SEQ, at, behind);
  return behind;
}

/** Reads the value of ts into tsUs; hasTs tells whether there was one. */
export function readTs(at: usize, end: usize): usize {
  const first: u32 = load<u8>(at);
  if (startsNumber(first)) {
    at = readWholeDecimal(at, end);
    if (at == 0 || !acceptDecimalTime(receivedUs)) return 0;
  } else if (first == QUOTE) {
    at = readString(at + 1, end, textRoom);
    if (at == 0) return 0;
    // A text in the payload ends with a quote, which continues no number.
    if (textAt == textRoom) store<u8>(textRoom + textBytes, <u8>QUOTE);
    if (!acceptTextTime(textAt, textBytes, receivedUs)) return 0;
  } else {
    return readNullOr(CODE_TS_MALFORMED, at, end, 1);
  }
  takeTs();
  return at;
}

/** Reads the value of seq, however the whole number is written; null is none. */
export function readSeq(at: usize, end: usize): usize {
  if (!startsNumber(load<u8>(at))) return readNullOr(CODE_SEQ_MALFORMED, at, end, 1);
  at = readWholeDecimal(at, end);
  if (at == 0) return 0;
  if (decimalExponent == 0 && !decimalNegative && !decimalTruncated) return takeSeq(decimalWord) ? at : 0;
  return takeSeq(wholeNumber()) ? at : 0;
}

/** The number that readDecimal read, or more than any seq if it is none from 0 to SEQ_MAX. */
function wholeNumber(): u64 {
  if (decimalWord == 0) return 0;
  if (decimalNegative || decimalTruncated || decimalExponent > 15 || decimalExponent < -19) return u64.MAX_VALUE;
  const scale = tenTo(abs(decimalExponent));
  if (decimalExponent < 0) return decimalWord % scale == 0 ? decimalWord / scale : u64.MAX_VALUE;
  return decimalWord > SEQ_MAX / scale ? u64.MAX_VALUE : decimalWord * scale;
}

function readMetrics(at: usize, end: usize): usize {
  if (load<u8>(at) != OPEN_OBJECT) {
    at = skipValue(at, end, 1, textRoom);
    return at == 0 ? 0 : refuse(CODE_METRICS_MISSING);
  }
  at = skipSpace(at + 1, end);
  if (load<u8>(at) == CLOSE_OBJECT) return refuse(CODE_METRICS_MISSING);
  let rest = MESSAGE_METRICS_MAX;
  while (true) {
    reach(at);
    if (load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
    at = readString(at + 1, end, textRoom);
    if (at == 0) return 0;
    if (rest-- == 0) return refuse(CODE_METRICS_TOO_MANY);
    const metric = resolveMetric(textAt, textBytes);
    if (metric == 0) return 0;
    at = skipSpace(at, end);
    if (load<u8>(at) != COLON) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
    const from = at;
    reach(from);
    at = readReading(metric, at, end);
    if (at == 0) return 0;
    noteMember(metric, from, at);
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_OBJECT) break;
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
  endMessage();
  return at + 1;
}

/** Reads a metric's value; unless it is null, it becomes the next reading. */
@inline
export function readReading(metric: u32, at: usize, end: usize): usize {
  if (!startsNumber(load<u8>(at))) return readOtherReading(metric, at, end);
  at = readShortDecimal(at, end);
  return at != 0 && putNumber(metric, decimalToDouble()) ? at : 0;
}

/** Reads a metric's value that is no number. */
function readOtherReading(metric: u32, at: usize, end: usize): usize {
  const first: u32 = load<u8>(at);
  if (first == QUOTE) {
    at = readString(at + 1, end, textRoom);
    // In a plain string there is no control character; an escape may stand for one.
    return at != 0 && putText(metric, textAt, textBytes, textAt == textRoom) ? at : 0;
  }
  if (first != LETTER_T && first != LETTER_F && first != LETTER_N) {
    at = skipValue(at, end, 2, textRoom);
    return at == 0 ? 0 : refuse(CODE_METRIC_VALUE_INVALID);
  }
  at = readLiteral(at, end);
  if (at == 0) return 0;
  if (first == LETTER_N) putNull();
  else putNumber(metric, first == LETTER_T ? 1 : 0);
  return at;
}
