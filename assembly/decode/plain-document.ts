import { MESSAGE_METRICS_MAX, METRIC_NAME_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../abi/limits';
import { PROFILE_PLAIN } from '../abi/profiles';
import { isPlainAscii } from '../utf8';
import { prefixBytes, profile } from './context';
import { resolveMetric, UNKNOWN } from './metrics';
import { beginMessage, endMessage, giveUp, putNull, putNumber, putText, receivedUs, SEQ_MAX, takeSeq, takeTs } from './sink';
import { acceptDoubleTime, acceptWholeTime } from './time';

// The document that devices send most, in one pass: a map of `ts`, `metrics` and `seq`, the metrics numbers, booleans, texts in ASCII and
// nulls, every name that of a metric. What is anything else, or is refused, is left to document.ts, which finds the same readings and the
// reasons. Positions only grow, and a document counts only if it ends where its payload does: so of the bytes that are read after the
// payload none counts.

// Names with the byte before them that says their length, little-endian: CBOR's, and what MessagePack's differ by.
const NAME_TS: u32 = 0x737462;
const NAME_SEQ: u32 = 0x71657363;
const NAME_METRICS: u64 = 0x7363697274656d67;
const MSGPACK_NAME: u32 = 0xa0 ^ 0x60;

const SEEN_TS: u32 = 1;
const SEEN_SEQ: u32 = 2;
const SEEN_METRICS: u32 = 4;
const MEMBERS_MAX: u32 = 3;
/** Up to here every whole number is a double, 2^53. */
const WHOLE_MAX: u64 = 0x20000000000000;

// What readValue read.
const OTHER: u32 = 0;
const WHOLE: u32 = 1;
const DOUBLE: u32 = 2;
const BOOLEAN: u32 = 3;
const TEXT: u32 = 4;
const NULL: u32 = 5;

let kind: u32 = OTHER;
/** Magnitude of a whole number, 1 or 0 of a boolean, bytes of a text. */
let word: u64 = 0;
let isNegative: bool = false;
let double: f64 = 0;

/** Decodes a document of this form into the sink. False: it is none, and nothing is decoded. */
export function decodePlainCbor(at: usize, bytes: u32, receiveUs: u64): bool {
  return decodePlain(false, at, bytes, receiveUs);
}

export function decodePlainMsgpack(at: usize, bytes: u32, receiveUs: u64): bool {
  return decodePlain(true, at, bytes, receiveUs);
}

@inline
function decodePlain(isMsgpack: bool, at: usize, bytes: u32, receiveUs: u64): bool {
  if (profile != PROFILE_PLAIN || prefixBytes != 0 || bytes > PAYLOAD_BYTES_MAX || bytes == 0) return false;
  const end = at + bytes;
  at = readCount(isMsgpack, at);
  if (at == 0 || <u32>word - 1 >= MEMBERS_MAX) return false;
  beginMessage(receiveUs);
  const other: u32 = isMsgpack ? MSGPACK_NAME : 0;
  let seen: u32 = 0;
  for (let members = <u32>word; members > 0; members--) {
    const name = load<u64>(at);
    let member: u32;
    if (name == (NAME_METRICS ^ <u64>other)) {
      member = SEEN_METRICS;
      at = readMetrics(isMsgpack, at + 8, end);
    } else if ((<u32>name & 0xffffff) == (NAME_TS ^ other)) {
      member = SEEN_TS;
      at = readTs(isMsgpack, at + 3);
    } else if (<u32>name == (NAME_SEQ ^ other)) {
      member = SEEN_SEQ;
      at = readSeq(isMsgpack, at + 4);
    } else {
      return isOther();
    }
    if (at == 0 || (seen & member) != 0) return isOther();
    seen |= member;
  }
  if (at != end || (seen & SEEN_METRICS) == 0) return isOther();
  endMessage();
  return true;
}

/** Takes back the names that were listed as unknown: they are listed again by whoever reads the document. */
function isOther(): bool {
  giveUp();
  return false;
}

@inline
function readTs(isMsgpack: bool, at: usize): usize {
  at = readValue(isMsgpack, at);
  const isTaken = kind == WHOLE ? acceptWholeTime(word, isNegative, receivedUs) : kind == DOUBLE && acceptDoubleTime(double, receivedUs);
  if (!isTaken) return 0;
  takeTs();
  return at;
}

@inline
function readSeq(isMsgpack: bool, at: usize): usize {
  at = readValue(isMsgpack, at);
  return kind == WHOLE && !isNegative && word <= SEQ_MAX && takeSeq(word) ? at : 0;
}

@inline
function readMetrics(isMsgpack: bool, at: usize, end: usize): usize {
  at = readCount(isMsgpack, at);
  if (at == 0 || <u32>word - 1 >= MESSAGE_METRICS_MAX) return 0;
  const shortEnd: u32 = isMsgpack ? 32 : 24;
  for (let rest = <u32>word; rest > 0; rest--) {
    const head = <u32>load<u8>(at);
    let nameBytes = head - (isMsgpack ? 0xa0 : 0x60);
    at++;
    if (nameBytes >= shortEnd) {
      if (head != (isMsgpack ? 0xd9 : 0x78)) return 0;
      nameBytes = load<u8>(at);
      at++;
    }
    // A name of the payload is not hashed with bytes beyond its end, and known names are UTF-8.
    if (at + nameBytes >= end || nameBytes > METRIC_NAME_BYTES_MAX) return 0;
    const metric = resolveMetric(at, nameBytes);
    if (metric == 0 || metric == UNKNOWN) return 0;
    at = readValue(isMsgpack, at + nameBytes);
    if (kind == DOUBLE) {
      if (double != double || !putNumber(metric, double)) return 0;
    } else if (kind == WHOLE) {
      // A larger one may not be a double, which is counted.
      if (word > WHOLE_MAX) return 0;
      putNumber(metric, isNegative ? -<f64>word : <f64>word);
    } else {
      at = putOther(metric, at, end);
      if (at == 0) return 0;
    }
  }
  return at;
}

/** Puts a value that is no number. `at` is after it, but for a text, which begins there. */
function putOther(metric: u32, at: usize, end: usize): usize {
  if (kind == BOOLEAN) {
    putNumber(metric, <f64>word);
    return at;
  }
  if (kind == NULL) {
    putNull();
    return at;
  }
  if (kind != TEXT || word > <u64>(end - at)) return 0;
  const bytes = <u32>word;
  return isPlainAscii(at, bytes) && putText(metric, at, bytes, false) ? at + bytes : 0;
}

/** Reads the head of a map and leaves the number of its members in `word`; 0: it is none, or of indefinite length. */
@inline
function readCount(isMsgpack: bool, at: usize): usize {
  const head = <u32>load<u8>(at);
  const few = head - (isMsgpack ? 0x80 : 0xa0);
  const fewEnd: u32 = isMsgpack ? 16 : 24;
  if (few < fewEnd) {
    word = few;
    return at + 1;
  }
  if (!isMsgpack && head == 0xb8) {
    word = load<u8>(at, 1);
    return at + 2;
  }
  if (head != (isMsgpack ? 0xde : 0xb9)) return 0;
  word = bswap<u16>(load<u16>(at, 1));
  return at + 3;
}

@inline
function readValue(isMsgpack: bool, at: usize): usize {
  const head = <u32>load<u8>(at);
  if (head == (isMsgpack ? 0xcb : 0xfb)) {
    kind = DOUBLE;
    double = reinterpret<f64>(bswap<u64>(load<u64>(at, 1)));
    return at + 9;
  }
  return isMsgpack ? readOtherMsgpack(head, at + 1) : readOtherCbor(head, at + 1);
}

/** The number of 2^power bytes, most significant first. */
@inline
function bigEndian(power: u32, at: usize): u64 {
  return bswap<u64>(load<u64>(at)) >> (64 - (<u64>8 << <u64>power));
}

/** Reads an item by its first byte. RFC 8949 §3. */
function readOtherCbor(head: u32, at: usize): usize {
  const info = head & 0x1f;
  if (head < 0x40) {
    if (info > 0x1b || head == 0x3b) return other(at);
    kind = WHOLE;
    isNegative = head >= 0x20;
    word = info < 0x18 ? <u64>info : bigEndian(info - 0x18, at);
    if (isNegative) word++;
    return info < 0x18 ? at : at + (1 << (info - 0x18));
  }
  if (head - 0x60 <= 0x18) {
    kind = TEXT;
    word = info < 0x18 ? info : <u32>load<u8>(at);
    return info < 0x18 ? at : at + 1;
  }
  if (head == 0xfa) return single(at);
  // false, true, null, undefined
  if (head - 0xf4 >= 4) return other(at);
  kind = head < 0xf6 ? BOOLEAN : NULL;
  word = head - 0xf4;
  return at;
}

/** The same of MessagePack. MessagePack specification, "Formats". */
function readOtherMsgpack(head: u32, at: usize): usize {
  if (head < 0x80 || head >= 0xe0) {
    kind = WHOLE;
    isNegative = head >= 0xe0;
    word = isNegative ? 256 - head : head;
    return at;
  }
  if (head - 0xa0 < 32 || head == 0xd9) {
    kind = TEXT;
    word = head == 0xd9 ? <u32>load<u8>(at) : head - 0xa0;
    return head == 0xd9 ? at + 1 : at;
  }
  if (head - 0xcc < 4) return unsigned(head - 0xcc, at);
  if (head - 0xd0 < 4) return signed(head - 0xd0, at);
  if (head == 0xca) return single(at);
  if (head != 0xc0 && head - 0xc2 >= 2) return other(at);
  kind = head == 0xc0 ? NULL : BOOLEAN;
  word = head - 0xc2;
  return at;
}

function unsigned(power: u32, at: usize): usize {
  kind = WHOLE;
  isNegative = false;
  word = bigEndian(power, at);
  return at + (1 << power);
}

/** Two's complement of 2^power bytes. */
function signed(power: u32, at: usize): usize {
  kind = WHOLE;
  const unused = 64 - (<i64>8 << <i64>power);
  const value = <i64>bswap<u64>(load<u64>(at)) >> unused;
  isNegative = value < 0;
  word = isNegative ? -value : value;
  return at + (1 << power);
}

function single(at: usize): usize {
  kind = DOUBLE;
  double = <f64>reinterpret<f32>(bswap<u32>(load<u32>(at)));
  return at + 4;
}

function other(at: usize): usize {
  kind = OTHER;
  return at;
}
