import { readField, WIRE_BYTES, WIRE_FIXED32, WIRE_FIXED64, wireType, WIRE_VARINT, fieldNumber, word, bytesAt, bytesEnd } from '../protobuf/wire';

// Metric of a Sparkplug payload (sparkplug_b.proto, message Metric): its fields but for the metadata, which is passed over, and its
// value and properties as they lie on the wire.

export let nameAt: usize = 0;
export let nameBytes: u32 = 0;
export let hasName: bool = false;
export let alias: u64 = 0;
export let hasAlias: bool = false;
/** Milliseconds of the Unix epoch; 0: none. */
export let timestamp: u64 = 0;
export let datatype: u32 = 0;
export let isHistorical: bool = false;
export let isNull: bool = false;
/** Where the properties lie; their end is 0: there are none. */
export let propertiesAt: usize = 0;
export let propertiesEnd: usize = 0;

/** Which field holds the value: VALUE_…; 0: none does. */
export let valueField: u32 = 0;
export let valueWord: u64 = 0;
export let valueAt: usize = 0;
export let valueEnd: usize = 0;

export const VALUE_INT: u32 = 10;
export const VALUE_LONG: u32 = 11;
export const VALUE_FLOAT: u32 = 12;
export const VALUE_DOUBLE: u32 = 13;
export const VALUE_BOOLEAN: u32 = 14;
export const VALUE_STRING: u32 = 15;
export const VALUE_BYTES: u32 = 16;
export const VALUE_DATASET: u32 = 17;
export const VALUE_TEMPLATE: u32 = 18;

@inline
function wireOfValue(field: u32): u32 {
  if (field == VALUE_FLOAT) return WIRE_FIXED32;
  if (field == VALUE_DOUBLE) return WIRE_FIXED64;
  return field == VALUE_INT || field == VALUE_LONG || field == VALUE_BOOLEAN ? WIRE_VARINT : WIRE_BYTES;
}

/** Takes what wire.ts read last as the value, if it is of its field's wire type. */
@inline
export function takeValue(field: u32): void {
  if (wireType != wireOfValue(field)) return;
  valueField = field;
  valueWord = word;
  valueAt = bytesAt;
  valueEnd = bytesEnd;
}

export function clearValue(type: u32): void {
  datatype = type;
  valueField = 0;
}

/** For a metric whose datatype its birth says. */
export function setDatatype(type: u32): void {
  datatype = type;
}

/** Reads a metric; false: it is not well formed. */
export function readMetric(at: usize, end: usize): bool {
  hasName = false;
  hasAlias = false;
  timestamp = 0;
  datatype = 0;
  isHistorical = false;
  isNull = false;
  propertiesEnd = 0;
  valueField = 0;
  while (at < end) {
    at = readField(at, end);
    if (at == 0) return false;
    const number = fieldNumber;
    if (number >= VALUE_INT) {
      if (number <= VALUE_TEMPLATE) takeValue(number);
    } else if (number == 1) {
      if (wireType == WIRE_BYTES) takeName(bytesAt, bytesEnd);
    } else if (wireType == WIRE_VARINT) {
      takeWord(number);
    } else if (number == 9 && wireType == WIRE_BYTES) {
      propertiesAt = bytesAt;
      propertiesEnd = bytesEnd;
    }
  }
  return true;
}

@inline
function takeName(at: usize, end: usize): void {
  nameAt = at;
  nameBytes = <u32>(end - at);
  // An empty name is how some encoders leave it out.
  hasName = nameBytes != 0;
}

@inline
function takeWord(number: u32): void {
  if (number == 2) {
    alias = word;
    hasAlias = true;
  } else if (number == 3) timestamp = word;
  else if (number == 4) datatype = <u32>word;
  else if (number == 5) isHistorical = word != 0;
  else if (number == 7) isNull = word != 0;
}
