import {
  CODE_DEPTH_EXCEEDED,
  CODE_MEMBER_DUPLICATE,
  CODE_NONE,
  CODE_PAYLOAD_EMPTY,
  CODE_PAYLOAD_OVERSIZE,
} from '../abi/codes';
import { JSON_DEPTH_MAX, METRIC_NAME_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../abi/limits';
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
  NODE_LOOKS_AHEAD,
  NODE_MAY_BE_EMPTY,
  PROFILE_TELEGRAF,
} from '../abi/profiles';
import { prefixAt, prefixBytes, valueNameAt, valueNameBytes } from './context';
import { writeDigits } from './digits';
import { ITEM_ARRAY, ITEM_MAP, ITEM_NULL, ITEM_TEXT, ITEM_WHOLE, itemAt, itemKind, itemNegative, itemWord } from './item';
import { readItemTags } from './item-tags';
import { putUnderName, putUnderPath, takeItemAsSeq, takeItemAsTs } from './item-values';
import { afterItems, beginItems, hasNext, malformed, readItem, skipRest } from './items';
import { beginPath, enterElement, enterMember, leavePath, pathBytes } from './path';
import { documentRoot, findMember, hasFlag, isWanted, memberAction, rootOf } from './profile';
import { beginSamples, endSample, endSamples, giveUp, hasSeq, hasTs, textRoom } from './sink';
import { tagsBytes } from './tags';
import { refuse } from './verdict';

// Documents in a binary format, by the same profiles as those in JSON: objects flat or nested, arrays of samples, single values. A
// function that reads a value is called after its item was read, with the position after that. A value that cannot be kept costs
// itself; a payload that is not well formed costs the message.

const DOT: u8 = 0x2e;

/** The members that say how others are read are looked for before these are read. */
let looksAhead: bool = false;
/** A member of the sample was read as readings. */
let hasRead: bool = false;
/** Bytes of the prefix of the sample at hand: names below it begin with a member's name, not with a dot. */
let rootBytes: u32 = 0;
/** The sample's readings are those of its member `metrics` alone. */
let isNative: bool = false;
/** What the document says that it is has no readings. */
let isOther: bool = false;
/** The sample's time is that of a member that only may be one: a member that is one takes its place. */
let isTsGuessed: bool = false;

/** The member name that readName read. A name that the payload does not hold as text is copied to nameRoom. */
let nameAt: usize = 0;
let nameBytes: u32 = 0;
const nameRoom = memory.data(METRIC_NAME_BYTES_MAX + 16, 8);

/** Decodes one payload into the sink. Answers CODE_NONE or why it is refused: the first cause in reading order. */
export function decodeDocument(inMsgpack: bool, at: usize, bytes: u32, receiveUs: u64): u32 {
  beginItems(inMsgpack);
  looksAhead = false;
  if (decodeOnce(at, bytes, receiveUs)) return CODE_NONE;
  const code = giveUp();
  // What was refused may be in members that do not count, as a later one says. Few messages come here.
  if (!hasFlag(documentRoot(), NODE_LOOKS_AHEAD)) return code;
  looksAhead = true;
  return decodeOnce(at, bytes, receiveUs) ? CODE_NONE : giveUp();
}

function decodeOnce(at: usize, bytes: u32, receiveUs: u64): bool {
  beginSamples(receiveUs);
  if (bytes > PAYLOAD_BYTES_MAX) return refuse(CODE_PAYLOAD_OVERSIZE) != 0;
  if (bytes == 0) return refuse(CODE_PAYLOAD_EMPTY) != 0;
  const root = documentRoot();
  const end = at + bytes;
  at = readDocument(at, end, root);
  if (at == 0) return false;
  if (at != end) return refuse(malformed()) != 0;
  return endSamples(hasFlag(root, NODE_MAY_BE_EMPTY));
}

function readDocument(at: usize, end: usize, root: usize): usize {
  beginNames();
  at = readItem(at, end);
  if (at == 0) return 0;
  if (itemKind == ITEM_MAP) return readSample(at, end, root, 1);
  if (itemKind == ITEM_ARRAY) return readSamples(at, end, root, 1);
  enterMember(valueNameAt, valueNameBytes, true);
  return putUnderPath() ? at : 0;
}

@inline
function beginNames(): void {
  beginPath(prefixAt, prefixBytes);
  rootBytes = prefixBytes;
}

/** Reads an array whose maps are samples; other elements are readings of one sample, named by their places. */
function readSamples(at: usize, end: usize, root: usize, depth: u32): usize {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED);
  let rest = itemWord;
  for (let index: u32 = 0; hasNext(rest, at, end); index++) {
    at = readItem(at, end);
    if (at == 0) return 0;
    if (itemKind == ITEM_MAP) {
      at = readSample(at, end, root, depth + 1);
    } else {
      const before = enterMember(valueNameAt, valueNameBytes, true);
      at = readElement(index, at, end, 0, depth);
      leavePath(before);
    }
    if (at == 0) return 0;
    rest--;
  }
  return afterItems(rest, at, end);
}

/** Reads a map as a sample of its own. */
function readSample(at: usize, end: usize, root: usize, depth: u32): usize {
  isNative = false;
  isOther = false;
  hasRead = false;
  beginNames();
  const members = itemWord;
  if (looksAhead && lookAhead(at, end, members, root) == 0) return 0;
  at = readMembers(at, end, members, root, depth, true);
  if (at == 0) return 0;
  beginNames();
  return endSample() ? at : 0;
}

/** Finds the members that say how the others are to be read. */
function lookAhead(at: usize, end: usize, members: u64, node: usize): usize {
  while (hasNext(members, at, end)) {
    at = readName(at, end);
    if (at == 0) return 0;
    const member = findMember(node, nameAt, nameBytes);
    const action = memberAction;
    at = readItem(at, end);
    if (at == 0) return 0;
    if (action == MEMBER_IS_TAGS && itemKind == ITEM_MAP) {
      at = readItemTags(at, end);
    } else {
      if (action == MEMBER_METRICS) isNative = isNative || itemKind == ITEM_MAP;
      else noteHow(action, member);
      at = skipRest(at, end, 1);
    }
    if (at == 0) return 0;
    members--;
  }
  return afterItems(members, at, end);
}

/** Takes the item that was read as what its member says of the sample. */
function noteHow(action: u32, member: usize): void {
  const isText = itemKind == ITEM_TEXT;
  if (action == MEMBER_IS_PREFIX && isText && itemWord != 0) {
    enterMember(itemAt, <u32>itemWord, true);
    // The prefix brings its dot, as that of a context does.
    store<u8>(textRoom, DOT);
    enterMember(textRoom, 1, true);
    rootBytes = pathBytes;
  } else if (action == MEMBER_MUST_BE && !(isText && isWanted(member, itemAt, <u32>itemWord))) {
    isOther = true;
  }
}

/** Reads a member's name: a text, or a whole number, whose digits are the name. Any other is no name: nameBytes is 0. */
@inline
function readName(at: usize, end: usize): usize {
  at = readItem(at, end);
  if (at == 0) return 0;
  nameAt = itemAt;
  nameBytes = <u32>itemWord;
  if (itemKind == ITEM_TEXT && itemAt != textRoom) return at;
  return readOtherName(at, end);
}

function readOtherName(at: usize, end: usize): usize {
  nameAt = nameRoom;
  if (itemKind == ITEM_TEXT) {
    // The value may be laid where the name is now. One that is too long is refused as it is.
    if (nameBytes <= METRIC_NAME_BYTES_MAX) memory.copy(nameRoom, itemAt, nameBytes);
    return at;
  }
  nameBytes = 0;
  if (itemKind != ITEM_WHOLE) return skipRest(at, end, 1);
  nameBytes = writeDigits(nameRoom, itemWord, itemNegative);
  return at;
}

/** Reads the members of a map by the node `node`. `isRoot`: it is a sample. */
function readMembers(at: usize, end: usize, members: u64, node: usize, depth: u32, isRoot: bool): usize {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED);
  while (hasNext(members, at, end)) {
    at = readName(at, end);
    if (at == 0) return 0;
    const member = findMember(node, nameAt, nameBytes);
    const action = memberAction;
    at = readItem(at, end);
    if (at != 0) at = isRoot ? readRootMember(action, at, end, member, depth) : readMember(action, at, end, member, depth);
    if (at == 0) return 0;
    members--;
  }
  return afterItems(members, at, end);
}

/** Reads a member of a sample, some of which say how the others are to be read. */
function readRootMember(action: u32, at: usize, end: usize, member: usize, depth: u32): usize {
  if (!looksAhead) {
    const isMetrics = action == MEMBER_METRICS && itemKind == ITEM_MAP;
    const isTags = action == MEMBER_IS_TAGS && itemKind == ITEM_MAP;
    if (isMetrics || isTags || action == MEMBER_IS_PREFIX || action == MEMBER_MUST_BE) {
      // Too late: the message is read again.
      if (hasRead) return refuse(CODE_MEMBER_DUPLICATE);
      if (isTags) return readItemTags(at, end);
      if (isMetrics) isNative = true;
      else noteHow(action, member);
    }
  }
  if (isOther || (isNative && action != MEMBER_METRICS && action != MEMBER_IS_TS && action != MEMBER_IS_SEQ)) {
    return skipRest(at, end, depth);
  }
  if (action == MEMBER_READ || action == MEMBER_MAY_BE_TS || action == MEMBER_OPEN || action == MEMBER_SAMPLES) hasRead = true;
  return readMember(action, at, end, member, depth);
}

function readMember(action: u32, at: usize, end: usize, node: usize, depth: u32): usize {
  if (action == MEMBER_READ) return readNamed(at, end, node, depth);
  if (action == MEMBER_IS_TS) {
    if (hasTs && !isTsGuessed) return refuse(CODE_MEMBER_DUPLICATE);
    isTsGuessed = false;
    return takeItemAsTs() ? at : 0;
  }
  if (action == MEMBER_IS_SEQ) return hasSeq ? refuse(CODE_MEMBER_DUPLICATE) : takeItemAsSeq() ? at : 0;
  if (action == MEMBER_MAY_BE_TS) {
    if (hasTs || itemKind == ITEM_NULL || !takeItemAsTs()) return readNamed(at, end, node, depth);
    isTsGuessed = true;
    return at;
  }
  const isMap = itemKind == ITEM_MAP;
  if (action == MEMBER_OPEN && !isMap) return readNamed(at, end, node, depth);
  if ((action == MEMBER_OPEN || action == MEMBER_METRICS) && isMap) return readMembers(at, end, itemWord, node, depth + 1, false);
  if (action == MEMBER_METRICS && itemKind == ITEM_ARRAY) return readBatch(at, end, rootOf(PROFILE_TELEGRAF), depth);
  if (action == MEMBER_SAMPLES && itemKind == ITEM_ARRAY) return readBatch(at, end, documentRoot(), depth);
  return skipRest(at, end, depth);
}

/** Reads the samples of an array within a document, which is none itself: what it said so far is left aside. */
function readBatch(at: usize, end: usize, root: usize, depth: u32): usize {
  const wasNative = isNative;
  at = readSamples(at, end, root, depth + 1);
  isNative = wasNative;
  hasRead = true;
  return at;
}

/** Reads the value of the member whose name was read. */
@inline
function readNamed(at: usize, end: usize, node: usize, depth: u32): usize {
  const isScalar = itemKind != ITEM_MAP && itemKind != ITEM_ARRAY;
  if (isScalar && pathBytes == 0 && tagsBytes == 0) return putUnderName(nameAt, nameBytes) ? at : 0;
  const before = enterMember(nameAt, nameBytes, pathBytes == rootBytes);
  at = readValue(at, end, node, depth);
  leavePath(before);
  return at;
}

/** Reads a value whose name the path holds. */
function readValue(at: usize, end: usize, node: usize, depth: u32): usize {
  if (itemKind == ITEM_MAP) return readMembers(at, end, itemWord, node, depth + 1, false);
  if (itemKind != ITEM_ARRAY) return putUnderPath() ? at : 0;
  if (depth + 1 > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED);
  let rest = itemWord;
  for (let index: u32 = 0; hasNext(rest, at, end); index++) {
    at = readItem(at, end);
    if (at != 0) at = readElement(index, at, end, node, depth + 1);
    if (at == 0) return 0;
    rest--;
  }
  return afterItems(rest, at, end);
}

function readElement(index: u32, at: usize, end: usize, node: usize, depth: u32): usize {
  const before = enterElement(index, pathBytes == rootBytes);
  at = readValue(at, end, node, depth);
  leavePath(before);
  return at;
}
