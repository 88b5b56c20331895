import {
  CODE_JSON_MALFORMED,
  CODE_NONE,
  CODE_PAYLOAD_EMPTY,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SENML_MALFORMED,
  CODE_SENML_UNSUPPORTED,
} from '../../abi/codes';
import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { decimalToDouble } from '../double';
import { toValue } from '../json/decode';
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  isSpace,
  LETTER_F,
  LETTER_T,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  readLiteral,
  skipSpace,
  skipValue,
  startsNumber,
} from '../json/grammar';
import { readDecimal } from '../number';
import { giveUp, textRoom } from '../sink';
import { readString, textAt, textBytes } from '../text';
import { decimalAsUs } from '../time';
import { reach, refuse } from '../verdict';
import { BASE_NAME, LABEL_DEMANDED, LABEL_OTHER, labelOf, NAME, SUM, VALUES } from './labels';
import { beginPack, beginRecord, endPack, endRecord, takeBoolean, takeLabel, takeNumber, takeText } from './record';

/** Decodes one payload of SenML in JSON into the sink. Answers CODE_NONE or why it is refused. RFC 8428 §5. */
export function decodeSenmlJson(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginPack(receiveUs);
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  return readPack(at, at + bytes) != 0 && endPack() ? CODE_NONE : giveUp();
}

/** An array ends with its bracket, and no token but a string can pass over one: so no value within it is read past `end`. */
function readPack(at: usize, end: usize): usize {
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  at = skipSpace(at, end);
  if (at >= end) return refuse(CODE_PAYLOAD_EMPTY);
  if (<u32>load<u8>(at) != OPEN_ARRAY) return refuse(CODE_SENML_MALFORMED);
  if (<u32>load<u8>(end - 1) != CLOSE_ARRAY || at + 1 == end) return refuse(CODE_JSON_MALFORMED);
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) == CLOSE_ARRAY) return at + 1 == end ? end : refuse(CODE_JSON_MALFORMED);
  while (<u32>load<u8>(at) == OPEN_OBJECT) {
    at = readRecord(at, end);
    if (at == 0) return 0;
    at = skipSpace(at, end);
    const next: u32 = load<u8>(at);
    if (next == CLOSE_ARRAY) return at + 1 == end ? end : refuse(CODE_JSON_MALFORMED);
    if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
    at = skipSpace(at + 1, end);
  }
  return refuse(CODE_SENML_MALFORMED);
}

function readRecord(at: usize, end: usize): usize {
  reach(at);
  beginRecord();
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) != CLOSE_OBJECT) {
    while (true) {
      if (<u32>load<u8>(at) != QUOTE) return refuse(CODE_JSON_MALFORMED);
      at = readString(at + 1, end, textRoom);
      if (at == 0) return 0;
      const label = labelOf(textAt, textBytes);
      at = toValue(at, end);
      if (at != 0) at = readMember(label, at, end);
      if (at == 0) return 0;
      at = skipSpace(at, end);
      const next: u32 = load<u8>(at);
      if (next == CLOSE_OBJECT) break;
      if (next != COMMA) return refuse(CODE_JSON_MALFORMED);
      at = skipSpace(at + 1, end);
    }
  }
  return endRecord() ? at + 1 : 0;
}

function readMember(label: u32, at: usize, end: usize): usize {
  reach(at);
  if (label == LABEL_DEMANDED) return refuse(CODE_SENML_UNSUPPORTED);
  if (label == LABEL_OTHER) return skipValue(at, end, 2, textRoom);
  if (!takeLabel(label)) return 0;
  const first: u32 = load<u8>(at);
  if (startsNumber(first)) {
    at = readDecimal(at, end);
    return at != 0 && takeNumber(label, decimalToDouble(), decimalAsUs()) ? at : 0;
  }
  if (first == QUOTE) {
    at = readString(at + 1, end, textRoom);
    return at != 0 && takeText(label, textAt, textBytes, textAt != textRoom) ? at : 0;
  }
  if (first != LETTER_T && first != LETTER_F) {
    at = skipValue(at, end, 2, textRoom);
    return at == 0 ? 0 : refuse(CODE_SENML_MALFORMED);
  }
  at = readLiteral(at, end);
  return at != 0 && takeBoolean(label, first == LETTER_T) ? at : 0;
}

/** Whether well-formed JSON is seen to be SenML: its first record has labels alone, and a base name or a named value. */
export function looksLikeSenml(at: usize, end: usize): bool {
  at = skipSpace(at, end);
  if (<u32>load<u8>(at) != OPEN_ARRAY) return false;
  at = skipSpace(at + 1, end);
  if (<u32>load<u8>(at) != OPEN_OBJECT) return false;
  let labels: u32 = 0;
  do {
    at = skipSpace(at + 1, end);
    if (<u32>load<u8>(at) != QUOTE) return false;
    at = readString(at + 1, end, textRoom);
    if (at == 0) return false;
    const label = labelOf(textAt, textBytes);
    if (label == LABEL_OTHER || label == LABEL_DEMANDED) return false;
    labels |= label;
    at = toValue(at, end);
    if (at != 0) at = skipValue(at, end, 2, textRoom);
    if (at == 0) return false;
    at = skipSpace(at, end);
  } while (<u32>load<u8>(at) == COMMA);
  return (labels & BASE_NAME) != 0 || ((labels & NAME) != 0 && (labels & (VALUES | SUM)) != 0);
}
