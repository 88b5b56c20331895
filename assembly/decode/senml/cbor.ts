import {
  CODE_CBOR_MALFORMED,
  CODE_NONE,
  CODE_PAYLOAD_EMPTY,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SENML_MALFORMED,
  CODE_SENML_UNSUPPORTED,
} from '../../abi/codes';
import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import {
  giveTimeOfDouble,
  ITEM_ARRAY,
  ITEM_BOOLEAN,
  ITEM_DECIMAL,
  ITEM_DOUBLE,
  ITEM_MAP,
  ITEM_OPAQUE,
  ITEM_TEXT,
  ITEM_TIME,
  ITEM_WHOLE,
  itemAt,
  itemDouble,
  itemIsPlain,
  itemKind,
  itemNegative,
  itemUs,
  itemWord,
} from '../item';
import { itemValue } from '../item-values';
import { afterItems, beginItems, hasNext, readItem, skipRest } from '../items';
import { setDecimal } from '../number';
import { giveUp } from '../sink';
import { decimalAsUs, US_MAX } from '../time';
import { refuse } from '../verdict';
import { LABEL_DEMANDED, LABEL_OTHER, labelOf, labelOfNumber } from './labels';
import { beginPack, beginRecord, endPack, endRecord, takeBoolean, takeBytes, takeLabel, takeNumber, takeText } from './record';

/** Decodes one payload of SenML in CBOR into the sink. Answers CODE_NONE or why it is refused. RFC 8428 §6. */
export function decodeSenmlCbor(at: usize, bytes: u32, receiveUs: u64): u32 {
  beginPack(receiveUs);
  beginItems(false);
  if (bytes > PAYLOAD_BYTES_MAX) return CODE_PAYLOAD_OVERSIZE;
  if (bytes == 0) return CODE_PAYLOAD_EMPTY;
  return readPack(at, at + bytes) != 0 && endPack() ? CODE_NONE : giveUp();
}

function readPack(at: usize, end: usize): usize {
  at = readItem(at, end);
  if (at == 0) return 0;
  if (itemKind != ITEM_ARRAY) return refuse(CODE_SENML_MALFORMED);
  let rest = itemWord;
  while (hasNext(rest, at, end)) {
    at = readItem(at, end);
    if (at == 0) return 0;
    if (itemKind != ITEM_MAP) return refuse(CODE_SENML_MALFORMED);
    at = readRecord(at, end);
    if (at == 0) return 0;
    rest--;
  }
  at = afterItems(rest, at, end);
  return at == 0 || at == end ? at : refuse(CODE_CBOR_MALFORMED);
}

function readRecord(at: usize, end: usize): usize {
  let rest = itemWord;
  beginRecord();
  while (hasNext(rest, at, end)) {
    at = readItem(at, end);
    if (at == 0) return 0;
    let label = LABEL_OTHER;
    if (itemKind == ITEM_WHOLE) label = labelOfNumber(itemWord, itemNegative);
    else if (itemKind == ITEM_TEXT) label = labelOf(itemAt, <u32>itemWord);
    else at = skipRest(at, end, 2);
    if (at != 0) at = readItem(at, end);
    if (at != 0) at = readMember(label, at, end);
    if (at == 0) return 0;
    rest--;
  }
  at = afterItems(rest, at, end);
  return at != 0 && endRecord() ? at : 0;
}

/** Takes the item that was read as the value of the label. */
function readMember(label: u32, at: usize, end: usize): usize {
  if (label == LABEL_DEMANDED) return refuse(CODE_SENML_UNSUPPORTED);
  if (label == LABEL_OTHER) return skipRest(at, end, 2);
  return takeLabel(label) && takeItem(label) ? at : 0;
}

function takeItem(label: u32): bool {
  const kind = itemKind;
  if (kind == ITEM_TEXT) return takeText(label, itemAt, <u32>itemWord, itemIsPlain);
  if (kind == ITEM_BOOLEAN) return takeBoolean(label, itemWord != 0);
  if (kind == ITEM_OPAQUE) return takeBytes(label);
  if (kind == ITEM_TIME) return takeNumber(label, itemDouble, boundedUs());
  const value = itemValue();
  if (kind == ITEM_DOUBLE) {
    giveTimeOfDouble(value);
    return takeNumber(label, value, boundedUs());
  }
  if (kind == ITEM_WHOLE) setDecimal(itemWord, 0, itemNegative);
  else if (kind != ITEM_DECIMAL) return refuse(CODE_SENML_MALFORMED) != 0;
  return takeNumber(label, value, decimalAsUs());
}

/** Two of these add up without running over. */
function boundedUs(): i64 {
  return max(min(itemUs, US_MAX), -US_MAX);
}
