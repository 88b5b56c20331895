import { CODE_DEPTH_EXCEEDED, CODE_METRIC_NAME_INVALID, CODE_METRIC_VALUE_INVALID, CODE_METRICS_TOO_MANY, CODE_TEXT_UTF8_MALFORMED } from '../../abi/codes';
import { JSON_DEPTH_MAX } from '../../abi/limits';
import { TYPE_DATASET, TYPE_TEMPLATE } from '../../abi/sparkplug';
import { isUtf8 } from '../../utf8';
import { enterElement, enterMember, leavePath } from '../path';
import { bytesAt, bytesEnd, fieldNumber, readField, readVarint, WIRE_BYTES, wireType, WIRE_VARINT, word } from '../protobuf/wire';
import { putNull, skipReading } from '../sink';
import { refuse } from '../verdict';
import { isArray, putArray } from './arrays';
import {
  clearValue, datatype, hasName, isNull, nameAt, nameBytes, readMetric, takeValue, VALUE_BYTES, VALUE_DATASET, VALUE_INT, VALUE_TEMPLATE, valueAt,
  valueEnd, valueField,
} from './metric';
import { putUnderPath } from './values';

// Values that hold several readings: data sets, templates and arrays. They are named by the path of the metric, a dot and the member.

const COLUMNS_MAX: u32 = 256;
const COLUMN_BYTES: u32 = 12;
//   0  u32 where its name lies     4  u32 bytes of the name     8  u32 datatype
const columns = memory.data(COLUMNS_MAX * COLUMN_BYTES, 8);
let columnCount: u32 = 0;
let typeCount: u32 = 0;

/** Whether the value of metric.ts is read by readNested. */
@inline
export function isNested(): bool {
  return datatype >= TYPE_DATASET || valueField >= VALUE_BYTES;
}

/** Reads the value of metric.ts, which the path names. False: it is not well formed, or there is no room for it. */
export function readNested(depth: u32): bool {
  const at = valueAt;
  const end = valueEnd;
  if (datatype == TYPE_DATASET && valueField == VALUE_DATASET) return readDataSet(at, end);
  if (datatype == TYPE_TEMPLATE && valueField == VALUE_TEMPLATE) return readTemplate(at, end, depth + 1);
  if (datatype == 0 && valueField == VALUE_DATASET) return readDataSet(at, end);
  if (datatype == 0 && valueField == VALUE_TEMPLATE) return readTemplate(at, end, depth + 1);
  if (isArray(datatype) && valueField == VALUE_BYTES) return putArray(datatype, at, end);
  // Bytes, a file, or a value in the field of another datatype.
  if (valueField < VALUE_BYTES) return putUnderPath();
  return passOver(CODE_METRIC_VALUE_INVALID);
}

function passOver(code: u32): bool {
  refuse(code);
  skipReading();
  return true;
}


/** Message DataSet: columns 2, types 3, rows 4. A reading is named by the number of its row from 0 on, and by its column. */
function readDataSet(at: usize, end: usize): bool {
  columnCount = 0;
  typeCount = 0;
  for (let next = at; next < end; ) {
    next = readField(next, end);
    if (next == 0) return false;
    if (fieldNumber == 2 && wireType == WIRE_BYTES) {
      if (columnCount == COLUMNS_MAX) return passOver(CODE_METRICS_TOO_MANY);
      if (!isUtf8(bytesAt, bytesEnd)) return passOver(CODE_TEXT_UTF8_MALFORMED);
      const column = columns + columnCount++ * COLUMN_BYTES;
      store<u32>(column, <u32>bytesAt);
      store<u32>(column, <u32>(bytesEnd - bytesAt), 4);
    } else if (fieldNumber == 3 && !takeTypes()) {
      return false;
    }
  }
  if (typeCount < columnCount) return passOver(CODE_METRIC_VALUE_INVALID);
  for (let row: u32 = 0; at < end; ) {
    at = readField(at, end);
    if (fieldNumber != 4 || wireType != WIRE_BYTES) continue;
    const before = enterElement(row++, false);
    const isRead = readRow(bytesAt, bytesEnd);
    leavePath(before);
    if (!isRead) return false;
  }
  return true;
}

/** Takes the datatypes of columns that wire.ts read last: one, or several packed. */
function takeTypes(): bool {
  if (wireType == WIRE_VARINT) {
    takeType(<u32>word);
  } else if (wireType == WIRE_BYTES) {
    const end = bytesEnd;
    for (let at = bytesAt; at < end; ) {
      at = readVarint(at, end);
      if (at == 0) return false;
      takeType(<u32>word);
    }
  }
  return true;
}

function takeType(type: u32): void {
  if (typeCount < COLUMNS_MAX) store<u32>(columns + typeCount++ * COLUMN_BYTES, type, 8);
}

/** Message Row: elements 1, one a column. Message DataSetValue: int 1, long 2, float 3, double 4, boolean 5, string 6. */
function readRow(at: usize, end: usize): bool {
  for (let index: u32 = 0; at < end; ) {
    at = readField(at, end);
    if (at == 0) return false;
    if (fieldNumber != 1 || wireType != WIRE_BYTES) continue;
    if (index == columnCount) return passOver(CODE_METRIC_VALUE_INVALID);
    const column = columns + index * COLUMN_BYTES;
    clearValue(load<u32>(column, 8));
    if (!readValueField(bytesAt, bytesEnd, 1)) return false;
    if (valueField == 0) {
      putNull();
    } else {
      const before = enterElementOf(index, load<u32>(column), load<u32>(column, 4));
      const isPut = putUnderPath();
      leavePath(before);
      if (!isPut) return false;
    }
    index++;
  }
  return true;
}

/** A column without a name has its number. */
function enterElementOf(index: u32, at: usize, bytes: u32): u32 {
  return bytes == 0 ? enterElement(index, false) : enterMember(at, bytes, false);
}

/** Reads the value of a message whose values are the fields from `first` on, in the order of those of a metric. */
function readValueField(at: usize, end: usize, first: u32): bool {
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    if (fieldNumber >= first && fieldNumber < first + 6) takeValue(fieldNumber - first + VALUE_INT);
  }
  return true;
}

/** Message Template: metrics 2, parameters 3, is_definition 5. A definition has no values. */
function readTemplate(at: usize, end: usize, depth: u32): bool {
  if (depth > JSON_DEPTH_MAX) return refuse(CODE_DEPTH_EXCEEDED) != 0;
  let isDefinition = false;
  for (let next = at; next < end; ) {
    next = readField(next, end);
    if (next == 0) return false;
    if (fieldNumber == 5 && wireType == WIRE_VARINT) isDefinition = word != 0;
  }
  if (isDefinition) return true;
  while (at < end) {
    at = readField(at, end);
    if (wireType != WIRE_BYTES || (fieldNumber != 2 && fieldNumber != 3)) continue;
    if (fieldNumber == 2 ? !readMember(bytesAt, bytesEnd, depth) : !readParameter(bytesAt, bytesEnd)) return false;
  }
  return true;
}

/** Reads a metric within a template, which has a name there. */
function readMember(at: usize, end: usize, depth: u32): bool {
  if (!readMetric(at, end)) return false;
  if (isNull || valueField == 0) {
    putNull();
    return true;
  }
  if (!hasName) return passOver(CODE_METRIC_NAME_INVALID);
  if (!isUtf8(nameAt, nameAt + nameBytes)) return passOver(CODE_TEXT_UTF8_MALFORMED);
  const before = enterMember(nameAt, nameBytes, false);
  const isRead = isNested() ? readNested(depth) : putUnderPath();
  leavePath(before);
  return isRead;
}

/** Message Parameter: name 1, type 2, values from 3 on. */
function readParameter(at: usize, end: usize): bool {
  clearValue(0);
  let type: u32 = 0;
  let name: usize = at;
  let bytes: u32 = 0;
  for (let next = at; next < end; ) {
    next = readField(next, end);
    if (next == 0) return false;
    if (fieldNumber == 1 && wireType == WIRE_BYTES) {
      name = bytesAt;
      bytes = <u32>(bytesEnd - bytesAt);
    } else if (fieldNumber == 2 && wireType == WIRE_VARINT) type = <u32>word;
  }
  clearValue(type);
  if (!readValueField(at, end, 3)) return false;
  if (valueField == 0) return true;
  if (bytes == 0) return passOver(CODE_METRIC_NAME_INVALID);
  if (!isUtf8(name, name + bytes)) return passOver(CODE_TEXT_UTF8_MALFORMED);
  const before = enterMember(name, bytes, false);
  const isPut = putUnderPath();
  leavePath(before);
  return isPut;
}
