import { CODE_LINE_MALFORMED, CODE_METRIC_DUPLICATE, CODE_NONE, CODE_PAYLOAD_EMPTY, CODE_PAYLOAD_OVERSIZE } from '../../abi/codes';
import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { prefixAt, prefixBytes } from '../context';
import { decimalToDouble } from '../double';
import { readDecimal } from '../number';
import { beginPath, enterMember, leavePath, resolvePath } from '../path';
import {
  beginSamples, endSample, endSamples, forgetSample, giveUp, hasRoomForReading, putNumber, putText, receivedUs, skipReading, takeTs, textRoom,
} from '../sink';
import { beginTag, endTag, sealTags } from '../tags';
import { acceptDecimalTime } from '../time';
import { wellFormed } from '../../utf8';
import { failure, reach, refuse } from '../verdict';
import { booleanWord, NO_WORD } from './words';

// InfluxDB line protocol: `measurement,tag=value field=value,other="text" 1796029200000000000`, a line a sample. Names of metrics are
// `measurement.field{tag=value}`. A line that cannot be read costs itself, as the lines around it are whole.

const COMMA: u32 = 0x2c;
const SPACE: u32 = 0x20;
const EQUALS: u32 = 0x3d;
const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const HASH: u32 = 0x23;
const DASH: u32 = 0x2d;
const LINE_FEED: u32 = 0x0a;
const CARRIAGE_RETURN: u32 = 0x0d;
const LETTER_I: u32 = 0x69;
const LETTER_U: u32 = 0x75;

/** Decodes one payload into the sink; answers CODE_NONE or why it is refused. */
export function decodeLines(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginSamples(receiveUs);
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  if (!wellFormed(at, at + bytes)) {
    refuse(CODE_LINE_MALFORMED);
    return giveUp();
  }
  const end = at + bytes;
  let lines: u32 = 0;
  while (at < end) {
    const next = lineEnd(at, end);
    let stop = next;
    while (stop > at && isSpace(load<u8>(stop - 1))) stop--;
    while (at < stop && isSpace(load<u8>(at))) at++;
    if (at < stop && <u32>load<u8>(at) != HASH) {
      lines++;
      if (readLine(at, stop) != 0) {
        if (!endSample()) return giveUp();
      } else {
        if (failure == CODE_METRIC_DUPLICATE) return giveUp();
        forgetSample();
        skipReading();
      }
    }
    at = next + 1;
  }
  if (lines == 0) refuse(CODE_PAYLOAD_EMPTY);
  else if (endSamples(false)) return CODE_NONE;
  return giveUp();
}

@inline
function isSpace(byte: u32): bool {
  return byte == SPACE || byte == CARRIAGE_RETURN || byte == 0x09;
}

/** The line feed that ends the line, or `end`. One within the quotes of a value is part of it. */
function lineEnd(at: usize, end: usize): usize {
  let isQuoted = false;
  let isField = false;
  for (; at < end; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == BACKSLASH && at + 1 < end && <u32>load<u8>(at, 1) != LINE_FEED) at++;
    else if (byte == QUOTE && isField) isQuoted = !isQuoted;
    else if (byte == LINE_FEED && !isQuoted) return at;
    else if (byte == SPACE && !isQuoted) isField = true;
  }
  return end;
}

/** Where a name without its escapes lies, as readName left it. */
let nameAt: usize = 0;
let nameBytes: u32 = 0;

/** Reads a name up to a byte that ends it: a comma, a space or, with `beforeEquals`, an equals sign. Answers where it ends. */
function readName(at: usize, end: usize, beforeEquals: bool): usize {
  const from = at;
  let to = textRoom;
  let isEscaped = false;
  while (at < end) {
    let byte: u32 = load<u8>(at);
    if (byte == COMMA || byte == SPACE || (beforeEquals && byte == EQUALS)) break;
    if (byte == BACKSLASH && at + 1 < end) {
      const next: u32 = load<u8>(at, 1);
      if (next == COMMA || next == SPACE || next == EQUALS) {
        isEscaped = true;
        byte = next;
        at++;
      }
    }
    store<u8>(to++, byte);
    at++;
  }
  nameBytes = <u32>(to - textRoom);
  nameAt = isEscaped ? textRoom : from;
  return nameBytes == 0 ? refuse(CODE_LINE_MALFORMED) : at;
}

function readLine(at: usize, end: usize): usize {
  reach(at);
  beginPath(prefixAt, prefixBytes);
  at = readName(at, end, false);
  if (at == 0) return 0;
  enterMember(nameAt, nameBytes, true);
  while (at < end && <u32>load<u8>(at) == COMMA) {
    at = readTag(at + 1, end);
    if (at == 0) return 0;
  }
  sealTags();
  at = readFields(at, end);
  if (at == 0 || at == end) return at;
  return readTime(at, end);
}

function readTag(at: usize, end: usize): usize {
  reach(at);
  at = readName(at, end, true);
  if (at == 0 || at >= end || <u32>load<u8>(at) != EQUALS) return refuse(CODE_LINE_MALFORMED);
  beginTag(nameAt, nameBytes);
  at = readName(at + 1, end, true);
  if (at != 0) endTag(nameAt, nameBytes);
  return at;
}

/** Reads the fields after a space; answers the position after them. */
function readFields(at: usize, end: usize): usize {
  do {
    if (at >= end) return refuse(CODE_LINE_MALFORMED);
    at++; // The space before the first, a comma before each other.
    while (at < end && <u32>load<u8>(at) == SPACE) at++;
    reach(at);
    at = readName(at, end, true);
    if (at == 0 || at + 1 >= end || <u32>load<u8>(at) != EQUALS) return refuse(CODE_LINE_MALFORMED);
    const before = enterMember(nameAt, nameBytes, false);
    at = readField(at + 1, end);
    if (at == 0) return 0;
    leavePath(before);
  } while (at < end && <u32>load<u8>(at) == COMMA);
  return at;
}

/** Reads a field's value as a reading of the path's name. */
function readField(at: usize, end: usize): usize {
  reach(at);
  if (!hasRoomForReading()) return 0;
  const metric = resolvePath();
  if (metric == 0 && failure == CODE_METRIC_DUPLICATE) return 0;
  const first: u32 = load<u8>(at);
  let isKept = false;
  if (first == QUOTE) {
    at = readQuoted(at + 1, end);
    if (at == 0) return 0;
    isKept = metric != 0 && putText(metric, nameAt, nameBytes, true);
  } else {
    const stop = valueEnd(at, end);
    const word = booleanWord(at, stop);
    if (word != NO_WORD) {
      isKept = metric != 0 && putNumber(metric, <f64>word);
    } else {
      if (!readNumber(at, stop)) return refuse(CODE_LINE_MALFORMED);
      isKept = metric != 0 && putNumber(metric, decimalToDouble());
    }
    at = stop;
  }
  if (!isKept) skipReading();
  return at < end && <u32>load<u8>(at) != COMMA && <u32>load<u8>(at) != SPACE ? refuse(CODE_LINE_MALFORMED) : at;
}

function valueEnd(at: usize, end: usize): usize {
  while (at < end && <u32>load<u8>(at) != COMMA && <u32>load<u8>(at) != SPACE) at++;
  return at;
}

/** A number of digits, with `i` or `u` after it when it is a whole one. It is copied before a byte that ends every number. */
function readNumber(at: usize, end: usize): bool {
  let bytes = <u32>(end - at);
  if (bytes == 0) return false;
  const last: u32 = load<u8>(end - 1);
  const isWhole = last == LETTER_I || last == LETTER_U;
  if (isWhole) bytes--;
  memory.copy(textRoom, at, bytes);
  store<u8>(textRoom + bytes, <u8>COMMA);
  return readDecimal(textRoom, textRoom + bytes + 1) == textRoom + bytes;
}

/** Reads a text up to its closing quote into textRoom; answers the position after the quote. */
function readQuoted(at: usize, end: usize): usize {
  let to = textRoom;
  while (at < end) {
    let byte: u32 = load<u8>(at);
    if (byte == QUOTE) {
      nameAt = textRoom;
      nameBytes = <u32>(to - textRoom);
      return at + 1;
    }
    if (byte == BACKSLASH && at + 1 < end) {
      const next: u32 = load<u8>(at, 1);
      if (next == QUOTE || next == BACKSLASH) {
        byte = next;
        at++;
      }
    }
    store<u8>(to++, byte);
    at++;
  }
  return refuse(CODE_LINE_MALFORMED);
}

/** Reads the time, whose size tells its unit. */
function readTime(at: usize, end: usize): usize {
  while (at < end && <u32>load<u8>(at) == SPACE) at++;
  if (at == end) return end;
  reach(at);
  const first: u32 = load<u8>(at);
  if (first != DASH && first - 0x30 > 9) return refuse(CODE_LINE_MALFORMED);
  if (!readNumber(at, end)) return refuse(CODE_LINE_MALFORMED);
  if (!acceptDecimalTime(receivedUs)) return 0;
  takeTs();
  return end;
}
