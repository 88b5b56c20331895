import {
  CODE_FIELD_MISSING,
  CODE_FIELD_UNEXPECTED,
  CODE_METRIC_DUPLICATE,
  CODE_NONE,
  CODE_READINGS_TOO_MANY,
} from '../abi/codes';
import { MESSAGE_READINGS_MAX } from '../abi/limits';
import {
  APPLIED_OFFSET,
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_NUMBER,
  DECODED_OFFSET,
  DECODED_READING_BYTES,
  DECODED_TEXT,
  SAMPLE_AT_APPLIED_END,
  SAMPLE_BYTES,
  SAMPLES_OFFSET,
} from '../abi/pipeline';
import {
  FIELD_AT_ALIASED,
  FIELD_AT_DEFAULT,
  FIELD_AT_DEFAULT_BYTES,
  FIELD_AT_FLAGS,
  FIELD_AT_MAX,
  FIELD_AT_METRIC,
  FIELD_AT_MIN,
  FIELD_AT_TARGET,
  FIELD_CRITICAL,
  FIELD_DEFAULT_IS_TEXT,
  FIELD_HAS_DEFAULT,
  FIELD_IS_ALIAS,
  FIELD_IS_PLAIN,
  FIELD_WANTED,
  SCHEMA_AT_FLAGS,
  SCHEMA_AT_WANTED,
  SCHEMA_AT_WANTED_COUNT,
  SCHEMA_REFUSES_OTHERS,
  SCHEMA_SKIPS_OTHERS,
  SCHEMA_STRICT,
} from '../abi/schemas';
import { laid } from '../decode/laid-schema';
import { decodedReadings, decodedSamples, sampleEnd, skippedCode, skippedReadings } from '../decode/sink';
import { beginSample, fieldOf, firstLink, linkAfter, noteField, wasMet } from './fields';
import { clearValues, judge, judgedNumber } from './values';

// What the schema of a message makes of its readings, once it is decoded: each sample's go from the region DECODED to the region APPLIED, renamed,
// scaled, held in their ranges, and with defaults. A fault refuses the message in strict mode, and where its field is critical; else it
// costs the reading. A refused message has no readings, so a sample is stored only after all of them were looked at.

/** Readings of the message that are defaults. */
export let defaulted: u32 = 0;
/** Readings that were left out, each for a fault of its own. */
export let fieldFaults: u32 = 0;
/** Where the readings of the message end. */
export let appliedEnd: usize = APPLIED_OFFSET;

let schema: usize = 0;
let flags: u32 = 0;
let out: usize = APPLIED_OFFSET;
/** Why the message is refused, or would be if nothing of it is left. */
export let firstFault: u32 = CODE_NONE;
/** Metric of that fault, as the decoder names it; 0: it is not one of a field. Only the module trial.ts reads it. */
export let firstMetric: u32 = 0;
/** Bytes of defaults that are texts. */
let defaultBytes: u32 = 0;

/**
 * Applies the schema of the message that was decoded last, of which `bytes` bytes lie in the block; answers CODE_NONE, or why it is refused.
 */
export function applySchema(bytes: u32): u32 {
  schema = laid;
  flags = load<u32>(schema, SCHEMA_AT_FLAGS);
  out = APPLIED_OFFSET;
  defaulted = 0;
  fieldFaults = 0;
  firstFault = CODE_NONE;
  defaultBytes = 0;
  clearValues();
  if ((flags & SCHEMA_STRICT) != 0 && skippedReadings != 0) return skippedCode;
  if (!applySamples()) return firstFault;
  appliedEnd = out;
  // What a schema left nothing of is not passed over in silence.
  if (out == APPLIED_OFFSET && fieldFaults != 0) return firstFault;
  return hasRoomInBlock(bytes) ? CODE_NONE : CODE_READINGS_TOO_MANY;
}

function applySamples(): bool {
  if (decodedSamples == 0) return applySample(DECODED_OFFSET, DECODED_OFFSET + decodedReadings * DECODED_READING_BYTES);
  let from: usize = DECODED_OFFSET;
  for (let sample: u32 = 0; sample < decodedSamples; sample++) {
    const to = sampleEnd(sample);
    if (!applySample(from, to)) return false;
    store<u32>(<usize>(SAMPLES_OFFSET + sample * SAMPLE_BYTES), <u32>(out - APPLIED_OFFSET) / DECODED_READING_BYTES, SAMPLE_AT_APPLIED_END);
    from = to;
  }
  return true;
}

/** Where the applied readings of a sample end. */
@inline
export function appliedSampleEnd(sample: u32): usize {
  const readings = load<u32>(<usize>(SAMPLES_OFFSET + sample * SAMPLE_BYTES), SAMPLE_AT_APPLIED_END);
  return <usize>(APPLIED_OFFSET + readings * DECODED_READING_BYTES);
}

/** False: the message is refused. */
@inline
function applySample(from: usize, to: usize): bool {
  beginSample();
  let wanted = load<u32>(schema, SCHEMA_AT_WANTED_COUNT);
  let link = firstLink(schema);
  for (let at = from; at < to; at += DECODED_READING_BYTES) {
    const field = fieldOf(schema, load<u32>(at, DECODED_AT_METRIC), link);
    if (field == 0) {
      if (!applyOther(at)) return false;
      continue;
    }
    link = linkAfter(field);
    const ofField = <u32>load<u16>(field, FIELD_AT_FLAGS);
    if ((ofField & FIELD_IS_ALIAS) != 0) {
      const aliased = schema + load<u32>(field, FIELD_AT_ALIASED);
      const isTaken = !noteField(aliased);
      if (!applyAlias(isTaken, at)) return false;
      if (!isTaken && (<u32>load<u16>(aliased, FIELD_AT_FLAGS) & FIELD_WANTED) != 0) wanted--;
      continue;
    }
    if (!noteField(field)) {
      if (!fault(field, CODE_METRIC_DUPLICATE)) return false;
      continue;
    }
    if ((ofField & FIELD_WANTED) != 0) wanted--;
    if ((ofField & FIELD_IS_PLAIN) != 0 && load<u32>(at, DECODED_AT_KIND) == DECODED_NUMBER && isInRange(field, at)) {
      putNumber(load<u32>(field, FIELD_AT_TARGET), load<f64>(at, DECODED_AT_VALUE));
    } else if (!applyField(field, ofField, at)) {
      return false;
    }
  }
  return wanted == 0 || applyAbsent();
}

/** A field without a range has one that holds every number. */
@inline
function isInRange(field: usize, at: usize): bool {
  const value = load<f64>(at, DECODED_AT_VALUE);
  return value >= load<f64>(field, FIELD_AT_MIN) && value <= load<f64>(field, FIELD_AT_MAX);
}

@inline
function putNumber(metric: u32, value: f64): void {
  store<u32>(out, metric, DECODED_AT_METRIC);
  store<u32>(out, DECODED_NUMBER, DECODED_AT_KIND);
  store<f64>(out, value, DECODED_AT_VALUE);
  out += DECODED_READING_BYTES;
}

@inline
function putText(metric: u32, place: u64): void {
  store<u32>(out, metric, DECODED_AT_METRIC);
  store<u32>(out, DECODED_TEXT, DECODED_AT_KIND);
  store<u64>(out, place, DECODED_AT_TEXT_OFFSET);
  out += DECODED_READING_BYTES;
}

/** Puts the reading at `at` as it is, under the number of another metric. */
@inline
function copyReading(metric: u32, at: usize): void {
  if (load<u32>(at, DECODED_AT_KIND) == DECODED_NUMBER) putNumber(metric, load<f64>(at, DECODED_AT_VALUE));
  else putText(metric, load<u64>(at, DECODED_AT_TEXT_OFFSET));
}

/** A reading whose metric the schema does not name. */
function applyOther(at: usize): bool {
  if ((flags & SCHEMA_SKIPS_OTHERS) != 0) return true;
  const metric = load<u32>(at, DECODED_AT_METRIC);
  if ((flags & SCHEMA_REFUSES_OTHERS) != 0) return faultOf(metric, 0, CODE_FIELD_UNEXPECTED);
  copyReading(metric, at);
  return true;
}

/** A reading that has no field of its own, under whose metric another is stored: one of the two stays, the first. */
function applyAlias(isTaken: bool, at: usize): bool {
  const metric = load<u32>(at, DECODED_AT_METRIC);
  if (isTaken) return faultOf(metric, 0, CODE_METRIC_DUPLICATE);
  copyReading(metric, at);
  return true;
}

function applyField(field: usize, ofField: u32, at: usize): bool {
  const code = judge(field, ofField, at);
  if (code != CODE_NONE) return fault(field, code);
  const target = load<u32>(field, FIELD_AT_TARGET);
  if (judgedNumber == judgedNumber) putNumber(target, judgedNumber);
  else putText(target, load<u64>(at, DECODED_AT_TEXT_OFFSET));
  return true;
}

/** Gives the sample its defaults. False: a field is missing that must be there. */
function applyAbsent(): bool {
  let at = schema + load<u32>(schema, SCHEMA_AT_WANTED);
  const end = at + (load<u32>(schema, SCHEMA_AT_WANTED_COUNT) << 2);
  for (; at < end; at += 4) {
    const field = schema + load<u32>(at);
    if (wasMet(field)) continue;
    const ofField = <u32>load<u16>(field, FIELD_AT_FLAGS);
    if ((ofField & FIELD_HAS_DEFAULT) == 0) {
      if ((flags & SCHEMA_STRICT) == 0 && (ofField & FIELD_CRITICAL) == 0) continue;
      return fault(field, CODE_FIELD_MISSING);
    }
    if (decodedReadings + defaulted == MESSAGE_READINGS_MAX) return refuse(CODE_READINGS_TOO_MANY);
    defaulted++;
    const target = load<u32>(field, FIELD_AT_TARGET);
    if ((ofField & FIELD_DEFAULT_IS_TEXT) == 0) {
      putNumber(target, load<f64>(field, FIELD_AT_DEFAULT));
      continue;
    }
    const bytes = load<u32>(field, FIELD_AT_DEFAULT_BYTES);
    defaultBytes += bytes;
    putText(target, (<u64>bytes << 32) | <u64>(schema + load<u32>(field, FIELD_AT_DEFAULT)));
  }
  return true;
}

@inline
function fault(field: usize, code: u32): bool {
  return faultOf(load<u32>(field, FIELD_AT_METRIC), load<u16>(field, FIELD_AT_FLAGS), code);
}

/** Leaves a reading out, or (false) refuses the message. */
function faultOf(metric: u32, ofField: u32, code: u32): bool {
  const refuses = (flags & SCHEMA_STRICT) != 0 || (ofField & FIELD_CRITICAL) != 0;
  fieldFaults++;
  if (refuses || firstFault == CODE_NONE) {
    firstFault = code;
    firstMetric = metric;
  }
  return !refuses;
}

function refuse(code: u32): bool {
  firstFault = code;
  firstMetric = 0;
  return false;
}

// A batch has room for a block of which each byte is a reading. Absent fields that are stored take no byte, so those rows are counted:
// what is left for them is refilled when the host seals what the batch holds as a part of it, in the middle of the block.

/** As many such rows have room after a block that begins in a batch with the reserve, and in a batch that is empty. */
const SPARE_ROWS: u32 = 36864;
const SPARE_ROWS_OF_EMPTY: u32 = 73728;
/** A message takes no more of them, and no message begins with less. */
const MESSAGE_ROWS_MAX: u32 = 18432;
/** Over all parts of a block, which the host holds until they are committed together: half a gigabyte of rows. */
const BLOCK_ROWS_MAX: u32 = 12582912;
/** A default text counts as a row for each so many bytes. */
const TEXT_ROOM: u32 = 34;
let spare: u32 = SPARE_ROWS;
let rowsOfBlock: u32 = 0;

/** A block begins. */
@inline
export function beginBlockReadings(): void {
  spare = SPARE_ROWS;
  rowsOfBlock = 0;
}

/** Whether the next message might not find room. */
@inline
export function isSpareLow(): bool {
  return spare < MESSAGE_ROWS_MAX;
}

/** The batch is empty again. */
export function refillSpare(): void {
  spare = SPARE_ROWS_OF_EMPTY;
}

@inline
function hasRoomInBlock(bytes: u32): bool {
  const readings = <u32>(out - APPLIED_OFFSET) / DECODED_READING_BYTES;
  return (readings <= bytes && defaultBytes == 0) || takeSpare(readings, bytes);
}

function takeSpare(readings: u32, bytes: u32): bool {
  const rows = readings + (defaultBytes + TEXT_ROOM - 1) / TEXT_ROOM;
  if (rows <= bytes) return true;
  const more = rows - bytes;
  if (more > MESSAGE_ROWS_MAX || rowsOfBlock + more > BLOCK_ROWS_MAX) return false;
  spare -= more;
  rowsOfBlock += more;
  return true;
}
