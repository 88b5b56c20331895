import {
  CODE_MEMBER_DUPLICATE,
  CODE_METRIC_DUPLICATE,
  CODE_METRIC_VALUE_INVALID,
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_SENML_MALFORMED,
  CODE_SENML_UNSUPPORTED,
} from '../../abi/codes';
import { PAYLOAD_BYTES_MAX } from '../../abi/limits';
import { DECODED_TEXT_BYTES, DECODED_TEXT_OFFSET } from '../../abi/pipeline';
import { enterMember, resolvePath } from '../path';
import { beginSamples, endSample, endSamples, hasRoomForReading, putNumber, putText, receivedUs, skipReading, takeTs, textRoom } from '../sink';
import { acceptUs } from '../time';
import { beginUnits, keepUnit, stateUnit } from '../units';
import { failure, refuse } from '../verdict';
import {
  BASE_NAME,
  BASE_SUM,
  BASE_TIME,
  BASE_UNIT,
  BASE_VALUE,
  BASE_VERSION,
  BASES,
  BOOLEAN_VALUE,
  DATA_VALUE,
  NAME,
  SUM,
  TEXT_VALUE,
  TIME,
  UNIT,
  UPDATE_TIME,
  VALUE,
  VALUES,
} from './labels';
import { beginNames, enterName, takeBaseName, takeName } from './name';

// A record is resolved once all of it was read: its members come in any order, and base values apply to the record that has them.
// RFC 8428 §4.6.

/** Times below this are relative to now. §4.5.3. */
const RELATIVE_US_END: i64 = 268435456000000;
const VERSION_MAX: f64 = 10;

/** A text that was put together at textRoom waits here for the end of its record. */
const KEPT_ROOM: usize = DECODED_TEXT_OFFSET + DECODED_TEXT_BYTES - PAYLOAD_BYTES_MAX;

/** `sum`. */
const SUM_NAME = memory.data<u8>([0x73, 0x75, 0x6d]);
const SUM_NAME_BYTES: u32 = 3;

let baseUs: i64 = 0;
let baseValue: f64 = 0;
let baseSum: f64 = 0;

/** Labels of the record at hand, and their values. */
let labels: u32 = 0;
let recordUs: i64 = 0;
let value: f64 = 0;
let sum: f64 = 0;
let textAt: usize = 0;
let textBytes: u32 = 0;
let textIsPlain: bool = false;

/** Unit of the record at hand, and that of records that name none; without text: none. §4.1, §4.2. */
let unitAt: usize = 0;
let unitBytes: u32 = 0;
let baseUnitAt: usize = 0;
let baseUnitBytes: u32 = 0;

/** Whether a sample is open, and its time. */
let hasSample: bool = false;
let sampleUs: i64 = 0;

export function beginPack(receiveUs: u64): void {
  beginSamples(receiveUs);
  beginNames();
  beginUnits();
  baseUnitAt = 0;
  baseUs = 0;
  baseValue = 0;
  baseSum = 0;
  hasSample = false;
}

export function endPack(): bool {
  return endSamples(false);
}

export function beginRecord(): void {
  labels = 0;
  unitAt = 0;
  recordUs = 0;
  takeName(0, 0);
}

/** Takes note of a label, before its value is read. */
export function takeLabel(label: u32): bool {
  if ((labels & label) != 0) return refuse(CODE_MEMBER_DUPLICATE) != 0;
  labels |= label;
  return true;
}

/** A text that does not lie in the payload lies at textRoom. */
export function takeText(label: u32, at: usize, bytes: u32, isPlain: bool): bool {
  if (label == BASE_NAME) return takeBaseName(at, bytes);
  if (label == NAME) return takeName(at, bytes);
  if (label == TEXT_VALUE) {
    textAt = at;
    textBytes = bytes;
    textIsPlain = isPlain;
    if (at != textRoom) return true;
    textAt = KEPT_ROOM;
    memory.copy(KEPT_ROOM, at, bytes);
    return true;
  }
  if (label == UNIT) {
    unitAt = keepUnit(at, bytes);
    unitBytes = bytes;
    return true;
  }
  if (label == BASE_UNIT) {
    baseUnitAt = keepUnit(at, bytes);
    baseUnitBytes = bytes;
    return true;
  }
  return label == DATA_VALUE || refuse(CODE_SENML_MALFORMED) != 0;
}

/** A number, and the microseconds that it is if it is one of seconds. */
export function takeNumber(label: u32, number: f64, us: i64): bool {
  if (label == VALUE) value = number;
  else if (label == TIME) recordUs = us;
  else if (label == SUM) sum = number;
  else if (label == BASE_TIME) baseUs = us;
  else if (label == BASE_VALUE) baseValue = number;
  else if (label == BASE_SUM) baseSum = number;
  else if (label == BASE_VERSION) return number <= VERSION_MAX || refuse(CODE_SENML_UNSUPPORTED) != 0;
  else return label == UPDATE_TIME || refuse(CODE_SENML_MALFORMED) != 0;
  return true;
}

export function takeBoolean(label: u32, isTrue: bool): bool {
  if (label != BOOLEAN_VALUE) return refuse(CODE_SENML_MALFORMED) != 0;
  value = isTrue ? 1 : 0;
  return true;
}

/** Bytes are what a data value is in CBOR. */
export function takeBytes(label: u32): bool {
  return label == DATA_VALUE || refuse(CODE_SENML_MALFORMED) != 0;
}

/** Resolves the record that was read, and puts what it measured. */
export function endRecord(): bool {
  const values = labels & VALUES;
  if (values == 0 && (labels & SUM) == 0) return (labels & ~BASES) == 0 || refuse(CODE_SENML_MALFORMED) != 0;
  if ((values & (values - 1)) != 0) return refuse(CODE_SENML_MALFORMED) != 0;
  if (!openSampleAt(baseUs + recordUs) || !enterName()) return false;
  if (values != 0 && !putValue(values)) return false;
  if ((labels & SUM) == 0) return true;
  enterMember(SUM_NAME, SUM_NAME_BYTES, false);
  return putUnderPath(sum + baseSum, false);
}

/** Records of one time are one sample. A relative time of 0 is that of receipt. */
function openSampleAt(us: i64): bool {
  if (hasSample && us != sampleUs && !endSample()) return false;
  hasSample = true;
  sampleUs = us;
  if (us == 0) return true;
  if (!acceptUs(us < RELATIVE_US_END ? us + <i64>receivedUs : us, receivedUs)) return false;
  takeTs();
  return true;
}

function putValue(kind: u32): bool {
  if (kind == VALUE) return putUnderPath(baseValue == 0 ? value : value + baseValue, true);
  if (kind == BOOLEAN_VALUE) return putUnderPath(value, false);
  if (kind == DATA_VALUE) {
    refuse(CODE_METRIC_VALUE_INVALID);
    skipReading();
    return true;
  }
  const metric = hasRoomForReading() ? resolvePath() : 0;
  if (metric == 0) return failure != CODE_METRIC_DUPLICATE && isSkipped();
  if (textAt == KEPT_ROOM) {
    memory.copy(textRoom, KEPT_ROOM, textBytes);
    textAt = textRoom;
  }
  return putText(metric, textAt, textBytes, !textIsPlain) || isSkipped();
}

/** A sum is not in the unit of its record: it is an integral over time. §4.2. */
function putUnderPath(number: f64, hasUnit: bool): bool {
  const metric = hasRoomForReading() ? resolvePath() : 0;
  if (metric == 0) return failure != CODE_METRIC_DUPLICATE && isSkipped();
  if (number != number) refuse(CODE_NUMBER_OUT_OF_RANGE);
  else if (putNumber(metric, number)) {
    if (hasUnit) noteUnit(metric);
    return true;
  }
  return isSkipped();
}

@inline
function noteUnit(metric: u32): void {
  if ((labels & UNIT) != 0) stateUnit(metric, unitAt, unitBytes);
  else if (baseUnitAt != 0) stateUnit(metric, baseUnitAt, baseUnitBytes);
}

/** Leaves a value out; false where there is no room for any, which costs the message. */
function isSkipped(): bool {
  if (!hasRoomForReading()) return false;
  skipReading();
  return true;
}
