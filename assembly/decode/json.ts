import {
  CODE_JSON_DUPLICATE_KEY,
  CODE_JSON_MALFORMED,
  CODE_METRICS_MISSING,
  CODE_METRICS_TOO_MANY,
  CODE_METRIC_VALUE_INVALID,
  CODE_NONE,
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SEQ_MALFORMED,
  CODE_TEXT_NUL,
  CODE_TEXT_OVERSIZE,
  CODE_TS_MALFORMED,
} from '../abi/codes';
import { MESSAGE_METRICS_MAX, PAYLOAD_BYTES_MAX, TEXT_BYTES_MAX } from '../abi/limits';
import {
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_BYTES,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_NUMBER,
  DECODED_OFFSET,
  DECODED_READING_BYTES,
  DECODED_TEXT,
  DECODED_TEXT_OFFSET,
} from '../abi/pipeline';
import { clearRounded, decimalToDouble } from './double';
import {
  CLOSE_OBJECT, COLON, COMMA, isSpace, LETTER_F, LETTER_N, LETTER_T, OPEN_OBJECT, QUOTE, readLiteral, skipSpace,
  skipValue, startsNumber,
} from './grammar';
import { clearMembers, MEMBER_SEQ, MEMBER_TS, noteMember } from './members';
import { beginMessageMetrics, resolveMetric, UNKNOWN, unknownNames, unlistUnknown } from './metrics';
import { codeOfMalformed, refuseOtherShape } from './other-shapes';
import { decimalExponent, decimalNegative, decimalTruncated, decimalWord, readShortDecimal, readWholeDecimal, tenTo } from './number';
import { readString, textAt, textBytes } from './text';
import { acceptDecimalTime, acceptTextTime, timeUs } from './time';
import { failure, refuse } from './verdict';

/** What the last message held: readings in the DECODED region; they and their texts last until the next one. */
export let decodedReadings: u32 = 0;
export let hasTs: bool = false;
export let tsUs: u64 = 0;
export let hasSeq: bool = false;
export let seq: u64 = 0;
/** Metrics that were null. */
export let nulls: u32 = 0;

/** The largest whole number that JSON senders agree on, 2^53 - 1. RFC 8259 §6. */
const SEQ_MAX: u64 = 0x1fffffffffffff;

const SEEN_TS: u32 = 1;
const SEEN_METRICS: u32 = 2;
const SEEN_SEQ: u32 = 4;

// Names of members and their closing quotes, little-endian.
const NAME_TS: u64 = 0x227374;
const NAME_SEQ: u32 = 0x22716573;
const NAME_METRICS: u64 = 0x227363697274656d;

let receivedUs: u64 = 0;
let seen: u32 = 0;
/** Where the next unescaped string goes; texts that readings hold lie before it. */
let scratch: usize = 0;
/** Where the next reading goes. */
let entry: usize = 0;

/**
 * Decodes one payload. Answers CODE_NONE or why it is refused: the first cause in reading order. When it
 * answers CODE_NONE and `unknownNames` is not 0, the readings are incomplete: see metrics.ts.
 */
export function decodeJson(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginMessage(receiveUs);
  seen = 0;
  clearMembers();
  beginMessageMetrics();
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  const end = at + bytes;
  if (readPayload(at, end) != 0) return CODE_NONE;
  if (unknownNames != 0) unlistUnknown();
  return failure == CODE_JSON_MALFORMED ? codeOfMalformed(at, end, DECODED_TEXT_OFFSET) : failure;
}

@inline
export function beginMessage(receiveUs: u64): void {
  hasTs = false;
  hasSeq = false;
  nulls = 0;
  clearRounded();
  receivedUs = receiveUs;
  scratch = DECODED_TEXT_OFFSET;
  entry = DECODED_OFFSET;
  decodedReadings = 0;
}

/** All readings are in their entries. */
@inline
export function endReadings(): void {
  decodedReadings = <u32>(entry - DECODED_OFFSET) / DECODED_READING_BYTES;
}

/**
 * The payload ends with a brace, and no token but a string can pass over one: so between two members
 * nothing but a brace can bring `at` to `end`, and only there must it be asked for.
 */
function readPayload(at: usize, end: usize): usize {
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  at = skipSpace(at, end);
  if (at >= end || load<u8>(at) != OPEN_OBJECT) return refuseOtherShape(at, end, scratch);
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
function toValue(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  return load<u8>(at) == COLON ? skipSpace(at + 1, end) : refuse(CODE_JSON_MALFORMED);
}

function readOtherMember(at: usize, end: usize): usize {
  at = readString(at + 1, end, scratch);
  if (at == 0) return 0;
  const bytes = textBytes;
  const name = load<u64>(textAt);
  at = toValue(at, end);
  if (at == 0) return 0;
  if (bytes == 2 && (name & 0xffff) == (NAME_TS & 0xffff)) return see(SEEN_TS) ? noteTs(at, end) : 0;
  if (bytes == 7 && ((name ^ NAME_METRICS) << 8) == 0) return see(SEEN_METRICS) ? readMetrics(at, end) : 0;
  if (bytes == 3 && (<u32>name & 0xffffff) == (NAME_SEQ & 0xffffff)) return see(SEEN_SEQ) ? noteSeq(at, end) : 0;
  return skipValue(at, end, 1, scratch);
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
  at = skipValue(at, end, depth, scratch);
  return at == 0 || first == LETTER_N ? at : refuse(code);
}

@inline
function noteTs(at: usize, end: usize): usize {
  const behind = readTs(at, end);
  noteMember(MEMBER_TS, at, behind);
  return behind;
}

@inline
function noteSeq(at: usize, end: usize): usize {
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
    at = readString(at + 1, end, scratch);
    if (at == 0) return 0;
    // A text in the payload ends with a quote, which continues no number.
    if (textAt == scratch) store<u8>(scratch + textBytes, <u8>QUOTE);
    if (!acceptTextTime(textAt, textBytes, receivedUs)) return 0;
  } else {
    return readNullOr(CODE_TS_MALFORMED, at, end, 1);
  }
  hasTs = true;
  tsUs = timeUs;
  return at;
}

/** Reads the value of seq into seq; hasSeq tells whether there was one. */
export function readSeq(at: usize, end: usize): usize {
  if (!startsNumber(load<u8>(at))) return readNullOr(CODE_SEQ_MALFORMED, at, end, 1);
  at = readWholeDecimal(at, end);
  if (at == 0) return 0;
  hasSeq = true;
  seq = decimalWord;
  const isPlain = decimalExponent == 0 && decimalWord <= SEQ_MAX && !decimalNegative && !decimalTruncated;
  return isPlain || readWholeNumber() ? at : refuse(CODE_SEQ_MALFORMED);
}

/** Whether the number, however it is written, is one that a seq may be; if so, leaves it in `seq`. */
function readWholeNumber(): bool {
  if (decimalWord == 0) return true;
  if (decimalNegative || decimalTruncated || decimalExponent > 15 || decimalExponent < -19) return false;
  const scale = tenTo(abs(decimalExponent));
  if (decimalExponent < 0) {
    if (decimalWord % scale != 0) return false;
    seq = decimalWord / scale;
  } else {
    if (decimalWord > SEQ_MAX / scale) return false;
    seq = decimalWord * scale;
  }
  return seq <= SEQ_MAX;
}

function readMetrics(at: usize, end: usize): usize {
  if (load<u8>(at) != OPEN_OBJECT) {
    at = skipValue(at, end, 1, scratch);
    return at == 0 ? 0 : refuse(CODE_METRICS_MISSING);
  }
  at = skipSpace(at + 1, end);
  if (load<u8>(at) == CLOSE_OBJECT) return refuse(CODE_METRICS_MISSING);
  let rest = MESSAGE_METRICS_MAX;
  while (true) {
    if (load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
    at = readString(at + 1, end, scratch);
    if (at == 0) return 0;
    if (rest-- == 0) return refuse(CODE_METRICS_TOO_MANY);
    const metric = resolveMetric(textAt, textBytes);
    if (metric == 0) return 0;
    at = skipSpace(at, end);
    if (load<u8>(at) != COLON) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
    const from = at;
    at = readReading(metric, at, end);
    if (at == 0) return 0;
    noteMember(metric, from, at);
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_OBJECT) break;
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
  endReadings();
  return at + 1;
}

/** Reads a metric's value; unless it is null or the metric unknown, it becomes the next reading. */
@inline
export function readReading(metric: u32, at: usize, end: usize): usize {
  store<u32>(entry, metric, DECODED_AT_METRIC);
  const first: u32 = load<u8>(at);
  if (startsNumber(first)) {
    at = readShortDecimal(at, end);
    if (at == 0) return 0;
    const value = decimalToDouble();
    if (abs(value) == Infinity) return refuse(CODE_NUMBER_OUT_OF_RANGE);
    store<u32>(entry, DECODED_NUMBER, DECODED_AT_KIND);
    store<f64>(entry, value, DECODED_AT_VALUE);
  } else {
    at = readOtherMetric(at, end);
    if (at == 0) return 0;
  }
  if (first != LETTER_N && metric != UNKNOWN) entry += DECODED_READING_BYTES;
  return at;
}

/** Reads a metric's value that is no number into its entry. */
function readOtherMetric(at: usize, end: usize): usize {
  const first: u32 = load<u8>(at);
  if (first == QUOTE) return readTextMetric(at, end);
  if (first != LETTER_T && first != LETTER_F && first != LETTER_N) {
    at = skipValue(at, end, 2, scratch);
    return at == 0 ? 0 : refuse(CODE_METRIC_VALUE_INVALID);
  }
  at = readLiteral(at, end);
  if (first == LETTER_N) nulls++;
  store<u32>(entry, DECODED_NUMBER, DECODED_AT_KIND);
  store<f64>(entry, first == LETTER_T ? 1 : 0, DECODED_AT_VALUE);
  return at;
}

function readTextMetric(at: usize, end: usize): usize {
  at = readString(at + 1, end, scratch);
  if (at == 0) return 0;
  if (textBytes > TEXT_BYTES_MAX) return refuse(CODE_TEXT_OVERSIZE);
  if (textAt == scratch) {
    for (let i: u32 = 0; i < textBytes; i++) {
      if (load<u8>(textAt + i) == 0) return refuse(CODE_TEXT_NUL);
    }
    scratch += textBytes;
  }
  store<u32>(entry, DECODED_TEXT, DECODED_AT_KIND);
  store<u32>(entry, <u32>textAt, DECODED_AT_TEXT_OFFSET);
  store<u32>(entry, textBytes, DECODED_AT_TEXT_BYTES);
  return at;
}
