import {
  CODE_JSON_DEPTH_EXCEEDED,
  CODE_JSON_DUPLICATE_KEY,
  CODE_JSON_MALFORMED,
  CODE_METRIC_DUPLICATE,
  CODE_NONE,
  CODE_PAYLOAD_EMPTY,
  CODE_PAYLOAD_OVERSIZE,
  CODE_TS_MALFORMED,
} from '../../abi/codes';
import { JSON_DEPTH_MAX, PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { DECODED_TEXT_OFFSET } from '../../abi/pipeline';
import {
  MEMBER_IS_PREFIX,
  MEMBER_IS_SEQ,
  MEMBER_IS_TAGS,
  MEMBER_IS_TS,
  MEMBER_MAY_BE_TS,
  MEMBER_METRICS,
  MEMBER_MUST_BE,
  MEMBER_OPEN,
  MEMBER_READ,
  MEMBER_SAMPLES,
  MEMBER_SKIP,
  NODE_LOOKS_AHEAD,
  NODE_MAY_BE_EMPTY,
  PROFILE_TELEGRAF,
} from '../../abi/profiles';
import { prefixAt, prefixBytes, valueNameAt, valueNameBytes } from '../context';
import { decimalToDouble } from '../double';
import { beginPath, enterElement, enterMember, leavePath, pathBytes, resolvePath } from '../path';
import { documentRoot, findMember, hasFlag, isWanted, memberAction, rootOf } from '../profile';
import { readDecimal } from '../number';
import {
  beginSamples, endSample, endSamples, giveUp, hasRoomForReading, hasSeq, hasTs, putNull, putNumber, putText, skipReading, takeZoneless, textRoom,
} from '../sink';
import { readString, textAt, textBytes } from '../text';
import { failure, reach, refuse } from '../verdict';
import { readSeq, readTs, toValue } from './decode';
import {
  CLOSE_ARRAY, CLOSE_OBJECT, COMMA, isSpace, LETTER_F, LETTER_N, LETTER_T, OPEN_ARRAY, OPEN_OBJECT, QUOTE, readLiteral, skipSpace,
  skipValue, startsNumber,
} from './grammar';
import { clearMembers, MEMBER_SEQ, MEMBER_TS, noteMember } from './members';
import { codeOfMalformed } from './other-shapes';
import { readTags } from './tags';

// JSON as devices write it: objects flat or nested, arrays of samples, one document a line, single values. A document is read by the
// profile of its context, or by the plain one. A value that cannot be kept costs itself; a payload that is not JSON costs the message.

/** Bytes of the prefix of the sample at hand: names below it begin with a member's name, not with a dot. */
let rootBytes: u32 = 0;
/** The sample's readings are those of its member `metrics` alone. */
let isNative: bool = false;
/** What the document says that it is has no readings. */
let isOther: bool = false;
/** The sample's time is that of a member that only may be one: a member that is one takes its place. */
let isTsGuessed: bool = false;

/** Decodes one payload into the sink; answers CODE_NONE or why it is refused. `hasLines`: other documents may follow, each on its line. */
export function decodeJsonTree(at: usize, bytes: u32, receiveUs: u64, hasLines: bool): u32 {
  beginSamples(receiveUs);
  clearMembers();
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  const end = at + bytes;
  const root = documentRoot();
  if (readPayload(at, end, root, hasLines) != 0 && endSamples(hasFlag(root, NODE_MAY_BE_EMPTY))) return CODE_NONE;
  const code = giveUp();
  return code == CODE_JSON_MALFORMED ? codeOfMalformed(at, end, DECODED_TEXT_OFFSET) : code;
}

/** A container ends with its bracket, and no token but a string can pass over one: so no value within it is read past `end`. */
function readPayload(at: usize, end: usize, root: usize, hasLines: bool): usize {
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  at = skipSpace(at, end);
  if (at >= end) return refuse(CODE_PAYLOAD_EMPTY);
  const first: u32 = load<u8>(at);
  const last: u32 = load<u8>(end - 1);
  beginNames(prefixAt, prefixBytes);
  if (first != OPEN_OBJECT && first != OPEN_ARRAY) return readLoneValue(at, end);
  if (last != CLOSE_OBJECT && last != CLOSE_ARRAY) return refuse(CODE_JSON_MALFORMED);
  while (true) {
    at = <u32>load<u8>(at) == OPEN_ARRAY ? readSamples(at, end, root, 1) : readSample(at, end, root, 1);
    if (at == 0 || at == end) return at;
    if (at > end || !hasLines) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next != OPEN_OBJECT && next != OPEN_ARRAY) return refuse(CODE_JSON_MALFORMED);
  }
}

@inline
function beginNames(at: usize, bytes: u32): void {
  beginPath(at, bytes);
  rootBytes = bytes;
}

/** A number, a text or a literal that is the whole payload. A number ends where something else follows it, so it is copied before one. */
function readLoneValue(at: usize, end: usize): usize {
  const bytes = <u32>(end - at);
  memory.copy(textRoom, at, bytes);
  store<u8>(textRoom + bytes, <u8>CLOSE_OBJECT);
  const copy = textRoom;
  reach(at);
  // A text that is kept lies after the copy.
  const before = enterMember(valueNameAt, valueNameBytes, true);
  const after = readScalar(copy, copy + bytes + 1, copy + bytes + 1);
  leavePath(before);
  if (after == 0) return 0;
  return after == copy + bytes ? end : refuse(CODE_JSON_MALFORMED);
}

/** Reads an array whose objects are samples; other elements are readings of one sample, named by their places. */
function readSamples(at: usize, end: usize, root: usize, depth: u32): usize {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_JSON_DEPTH_EXCEEDED);
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) == CLOSE_ARRAY) return at + 1;
  let index: u32 = 0;
  while (true) {
    if (<u32>load<u8>(at) == OPEN_OBJECT) {
      at = readSample(at, end, root, depth + 1);
    } else {
      const before = enterMember(valueNameAt, valueNameBytes, true);
      at = readElement(index++, at, end, 0, depth);
      leavePath(before);
    }
    if (at == 0) return 0;
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_ARRAY) return at + 1;
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
}

/** Reads an object as a sample of its own. */
function readSample(at: usize, end: usize, root: usize, depth: u32): usize {
  isNative = false;
  isOther = false;
  beginNames(prefixAt, prefixBytes);
  if (hasFlag(root, NODE_LOOKS_AHEAD) && lookAhead(at, end, root) == 0) return 0;
  at = readObject(at, end, root, depth, true);
  if (at == 0) return 0;
  beginNames(prefixAt, prefixBytes);
  return endSample() ? at : 0;
}

/** Finds the members that say how the others are to be read. */
function lookAhead(at: usize, end: usize, node: usize): usize {
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) == CLOSE_OBJECT) return at;
  while (true) {
    if (<u32>load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
    at = readString(at + 1, end, textRoom);
    if (at == 0) return 0;
    const member = findMember(node, textAt, textBytes);
    const action = memberAction;
    at = toValue(at, end);
    if (at == 0) return 0;
    reach(at);
    const first: u32 = load<u8>(at);
    if (action == MEMBER_IS_TAGS && first == OPEN_OBJECT) at = readTags(at, end, textRoom);
    else at = skipValue(at, end, 1, textRoom);
    if (at == 0) return 0;
    if (action == MEMBER_METRICS) isNative = isNative || first == OPEN_OBJECT;
    else if (action == MEMBER_IS_PREFIX && first == QUOTE) addPrefix(textAt, textBytes);
    else if (action == MEMBER_MUST_BE && (first != QUOTE || !isWanted(member, textAt, textBytes))) isOther = true;
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_OBJECT) return at;
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
}

function addPrefix(at: usize, bytes: u32): void {
  enterMember(at, bytes, true);
  rootBytes = pathBytes;
  if (bytes != 0) {
    // The prefix brings its dot, as that of a context does.
    store<u8>(textRoom, 0x2e);
    enterMember(textRoom, 1, true);
    rootBytes = pathBytes;
  }
}

/** Reads the members of an object by the node `node`. `isRoot`: it is a sample. */
function readObject(at: usize, end: usize, node: usize, depth: u32, isRoot: bool): usize {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_JSON_DEPTH_EXCEEDED);
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) == CLOSE_OBJECT) return at + 1;
  while (true) {
    reach(at);
    if (<u32>load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
    at = readString(at + 1, end, textRoom);
    if (at == 0) return 0;
    const nameAt = textAt;
    const nameBytes = textBytes;
    const member = findMember(node, nameAt, nameBytes);
    let action = memberAction;
    if (isRoot && (isOther || (isNative && action != MEMBER_METRICS && action != MEMBER_IS_TS && action != MEMBER_IS_SEQ))) {
      action = MEMBER_SKIP;
    }
    at = toValue(at, end);
    if (at == 0) return 0;
    // Only an object can be opened; another value is a reading of the member's name.
    if (action == MEMBER_OPEN && <u32>load<u8>(at) != OPEN_OBJECT) action = MEMBER_READ;
    reach(at);
    const before = pathBytes;
    if (action == MEMBER_READ || action == MEMBER_MAY_BE_TS) enterMember(nameAt, nameBytes, before == rootBytes);
    at = readMember(action, at, end, member, depth);
    if (at == 0) return 0;
    leavePath(before);
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_OBJECT) return at + 1;
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
}

function readMember(action: u32, at: usize, end: usize, node: usize, depth: u32): usize {
  if (action == MEMBER_READ) return readValue(at, end, node, depth);
  const first: u32 = load<u8>(at);
  if (action == MEMBER_IS_TS) {
    if (hasTs && !isTsGuessed) return refuse(CODE_JSON_DUPLICATE_KEY);
    isTsGuessed = false;
    return readOwnTs(at, end);
  }
  if (action == MEMBER_IS_SEQ) return hasSeq ? refuse(CODE_JSON_DUPLICATE_KEY) : noteSeq(at, end);
  if (action == MEMBER_MAY_BE_TS) {
    if (!hasTs && (first == QUOTE || startsNumber(first))) {
      const after = readOwnTs(at, end);
      if (after != 0) {
        isTsGuessed = true;
        return after;
      }
    }
    return readValue(at, end, node, depth);
  }
  if ((action == MEMBER_OPEN || action == MEMBER_METRICS) && first == OPEN_OBJECT) return readObject(at, end, node, depth + 1, false);
  if (action == MEMBER_METRICS && first == OPEN_ARRAY) return readBatch(at, end, rootOf(PROFILE_TELEGRAF), depth);
  if (action == MEMBER_SAMPLES && first == OPEN_ARRAY) return readBatch(at, end, documentRoot(), depth);
  return skipValue(at, end, depth, textRoom);
}

/** Reads a time, or one without a zone. */
function readOwnTs(at: usize, end: usize): usize {
  const after = noteTs(at, end);
  if (after != 0 || failure != CODE_TS_MALFORMED || <u32>load<u8>(at) != QUOTE || !takeZoneless(textAt, textBytes)) return after;
  return skipValue(at, end, 1, textRoom);
}

@inline
function noteTs(at: usize, end: usize): usize {
  const after = readTs(at, end);
  if (after != 0) noteMember(MEMBER_TS, at, after);
  return after;
}

@inline
function noteSeq(at: usize, end: usize): usize {
  const after = readSeq(at, end);
  if (after != 0) noteMember(MEMBER_SEQ, at, after);
  return after;
}

/** Reads the samples of an array within a document, which is none itself: what it said so far is left aside. */
function readBatch(at: usize, end: usize, root: usize, depth: u32): usize {
  const wasNative = isNative;
  at = readSamples(at, end, root, depth + 1);
  isNative = wasNative;
  return at;
}

/** Reads a value whose name the path holds. */
function readValue(at: usize, end: usize, node: usize, depth: u32): usize {
  const first: u32 = load<u8>(at);
  if (first == OPEN_OBJECT) return readObject(at, end, node, depth + 1, false);
  if (first != OPEN_ARRAY) return readScalar(at, end, textRoom);
  if (depth + 1 > JSON_DEPTH_MAX) return refuse(CODE_JSON_DEPTH_EXCEEDED);
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) == CLOSE_ARRAY) return at + 1;
  let index: u32 = 0;
  while (true) {
    at = readElement(index++, at, end, node, depth + 1);
    if (at == 0) return 0;
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_ARRAY) return at + 1;
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
}

function readElement(index: u32, at: usize, end: usize, node: usize, depth: u32): usize {
  reach(at);
  const before = enterElement(index, pathBytes == rootBytes);
  at = readValue(at, end, node, depth);
  leavePath(before);
  return at;
}

/** Reads a number, a text, true, false or null as a reading of the path's name; `room` takes a text that is not plain. */
function readScalar(at: usize, end: usize, room: usize): usize {
  const from = at;
  const first: u32 = load<u8>(at);
  if (startsNumber(first)) at = readDecimal(at, end);
  else at = first == QUOTE ? readString(at + 1, end, room) : readLiteral(at, end);
  if (at == 0) return 0;
  if (first == LETTER_N) {
    putNull();
    return at;
  }
  if (!hasRoomForReading()) return 0;
  const metric = resolvePath();
  if (metric == 0) {
    if (failure == CODE_METRIC_DUPLICATE) return 0;
    skipReading();
    return at;
  }
  let isKept: bool;
  if (first == QUOTE) isKept = putText(metric, textAt, textBytes, textAt == room);
  else isKept = putNumber(metric, first == LETTER_T ? 1 : first == LETTER_F ? 0 : decimalToDouble());
  if (isKept) noteMember(metric, from, at);
  else skipReading();
  return at;
}
