import { PARTITIONS_MAX } from './abi/limits';
import {
  BLOCK_AT_BODY_BYTES,
  BLOCK_AT_FIRST_US,
  BLOCK_AT_LAST_US,
  BLOCK_DONE,
  BLOCK_HEADER_BYTES,
  BLOCK_MALFORMED,
  BLOCK_NEEDS_BATCH,
  BLOCK_NEEDS_CODECS,
  BLOCK_NEEDS_METRICS,
  BLOCK_NEEDS_PART,
  BLOCK_NEEDS_SCHEMAS,
  CONTEXT_AT_FLAGS,
  CONTEXT_AT_SCHEMA,
  CONTEXT_FORMAT_OF_RULE,
  CONTEXT_HEADER_BYTES,
  FLAG_AWAITED,
  FLAG_DUP,
  FORMAT_SPARKPLUG,
  RECORD_AT_CONTEXT,
  RECORD_AT_DEVICE,
  RECORD_AT_FLAGS,
  RECORD_AT_FORMAT,
  RECORD_AT_PAYLOAD_BYTES,
  RECORD_AT_RECEIVE_US,
  RECORD_CONTEXT,
  RECORD_HEADER_BYTES,
  RECORD_TIME_ZONE_SHIFT,
} from './abi/block';
import { CODE_CONTEXT_MALFORMED, CODE_DEVICE_LOST, CODE_NONE, CODE_SCHEMA_VERSION_MISSING, CODE_STATE_EXHAUSTED } from './abi/codes';
import {
  COUNTER_PIPELINE_BLOCKS,
  COUNTER_PIPELINE_CLAMPED,
  COUNTER_PIPELINE_DEAD,
  COUNTER_PIPELINE_DEFAULTED,
  COUNTER_PIPELINE_DUPLICATE,
  COUNTER_PIPELINE_EXTRA_SAMPLES,
  COUNTER_PIPELINE_FIELD_FAULTS,
  COUNTER_PIPELINE_FLAGGED,
  COUNTER_PIPELINE_NULLS,
  COUNTER_PIPELINE_READINGS,
  COUNTER_PIPELINE_RECORDS,
  COUNTER_PIPELINE_RECOGNISED,
  COUNTER_PIPELINE_REPLAYED,
  COUNTER_PIPELINE_ROUNDED,
  COUNTER_PIPELINE_SKIPPED,
  COUNTER_PIPELINE_STORED,
  COUNTER_PIPELINE_TEXT_READINGS,
  COUNTER_PIPELINE_ZONED,
  COUNTER_PIPELINE_ZONELESS,
} from './abi/counters';
import {
  APPLIED_OFFSET,
  CAPTURE_DUPLICATE,
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_BYTES,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_NUMBER,
  DECODED_OFFSET,
  DECODED_READING_BYTES,
  INPUT_BYTES,
  INPUT_OFFSET,
} from './abi/pipeline';
import { PROFILE_PLAIN } from './abi/profiles';
import { TIME_ZONE_KEY } from './abi/schemas';
import { checkBlock, recordBytes } from './block/read';
import { capturedDevices, captureRecord } from './captures';
import { clearWantedCodecs, forgetCodecAnswers, wantCodec } from './decode/codec/answers';
import { CODEC_WANTED } from './decode/codec/decode';
import { decodedShape, decodeInContext, decodePayload, recognised } from './decode/choose';
import { isRetained, letterId, letterReceivedUs, openContext, profile, schema } from './decode/context';
import { roundedNumbers } from './decode/double';
import { ABSENT, clearWanted, LAID, NOT_LAID, want } from './decode/laid';
import { laid, openSchema } from './decode/laid-schema';
import { clearUnknown, setDenyUnknown, unknownNames } from './decode/metrics';
import { beginMessageTags, newHost } from './decode/tags';
import { clearUnits, reportUnits, statedUnits } from './decode/units';
import { ageDenied } from './decode/denied-names';
import { decodeFor } from './decode/device';
import { decodedReadings, decodedSamples, hasSeq, hasTs, nulls, openSample, seq, skippedCode, skippedReadings, tsUs, zonedTimes, zonelessTimes } from './decode/sink';
import { applySparkplug } from './decode/sparkplug/apply';
import { closeTimeZone, openTimeZone } from './decode/time-zone';
import { sawFingerprint } from './dedup/fingerprints';
import { sawReplay } from './dedup/replays';
import { receivedBefore, receivedBeforeUntimed } from './dedup/sequence-runs';
import { count, xxh64 } from './memory';
import { appendDead, appendText, batchHasRoom, countRecord, noteReplayed } from './rows/batch';
import { appendReading } from './rows/readings';
import { reportDead, reportKept } from './rows/verdicts';
import { appliedEnd, appliedSampleEnd, applySchema, beginBlockReadings, defaulted, fieldFaults, firstFault, isSpareLow, refillSpare } from './schema/apply';
import { noteFirmware } from './schema/firmware';
import { clamped, flagged } from './schema/values';
import { countDead, countDuplicate, countExtraSamples, countLeftOut, countStored, noteHost, noteSince } from './series/accounts';
import { prefetchRecords } from './series/prefetch';
import { DEVICE_AT_FLAGS, DEVICE_AT_NEWEST_US, DEVICE_AT_SHAPE, DEVICE_WATCHED, findDevice, obtainDevice } from './series/devices';
import { updateLatest, updateLatestText } from './series/latest';
import { appendLive, appendLiveText } from './series/live';
import { isLost } from './series/lost-devices';

let partition: u32 = 0;
/** Offset of the record to go on with inside the block that waits for metric names, or 0. */
let resumeAt: u32 = 0;
let replaying: bool = false;

/** Whose blocks this instance takes; once, before the first block. */
export function setPartition(number: u32): void {
  assert(number < PARTITIONS_MAX, 'there is no such partition');
  partition = number;
}

/** Whether the state is that behind a whole block, and not behind some of its records. */
export function isBetweenBlocks(): bool {
  return resumeAt == 0;
}

/** Runs the block at INPUT_OFFSET + `offset`, of which `available` bytes are there: decode, dedup, state, rows. */
function processBlock(offset: u32, available: u32, logOffset: f64, replay: bool, deny: bool): i32 {
  const block = <usize>(INPUT_OFFSET + offset);
  // A block that was begun had room for all of it; sealed now, the batch would hold rows of it without its offset.
  if (resumeAt == 0) {
    if (!replay && !batchHasRoom()) return BLOCK_NEEDS_BATCH;
    const checked = checkBlock(block, available, partition, <u64>logOffset);
    if (checked != BLOCK_DONE) return checked;
  }
  replaying = replay;
  noteSince(load<u64>(block, BLOCK_AT_FIRST_US));
  ageDenied(load<u64>(block, BLOCK_AT_FIRST_US));
  const end = block + BLOCK_HEADER_BYTES + load<u32>(block, BLOCK_AT_BODY_BYTES);
  let at = block + (resumeAt == 0 ? BLOCK_HEADER_BYTES : resumeAt);
  if (resumeAt != 0) {
    clearUnknown();
    if (isSpareLow()) refillSpare();
  } else {
    beginBlockReadings();
    forgetCodecAnswers();
  }
  resumeAt = 0;
  setDenyUnknown(deny);
  let prefetchedTo = at;
  while (at < end) {
    if (at >= prefetchedTo) prefetchedTo = prefetchRecords(at, end);
    const bytes = recordBytes(at, end);
    if (bytes == 0) return BLOCK_MALFORMED;
    const verdict = processRecord(at, <u64>logOffset + (at - block));
    if (verdict >= NEEDS_CODECS) {
      resumeAt = <u32>(at - block);
      if (verdict == NEEDS_METRICS) return BLOCK_NEEDS_METRICS;
      return verdict == NEEDS_SCHEMAS ? wantSchemas(at, end) : wantCodecs(at, end);
    }
    if (capturedDevices != 0 && !replay) captureRecord(at, bytes, verdict, isApplied);
    setDenyUnknown(false);
    at += bytes;
    if (!isSpareLow() || at == end) continue;
    if (!replay) {
      resumeAt = <u32>(at - block);
      return BLOCK_NEEDS_PART;
    }
    refillSpare();
  }
  assert(at == end, 'the records do not end where the block does');
  count(COUNTER_PIPELINE_BLOCKS);
  return BLOCK_DONE;
}

/** Lists the schema versions and time zones that records from `at` on have and that are not laid: they are fetched together. */
function wantSchemas(at: usize, end: usize): i32 {
  clearWanted();
  for (let bytes = recordBytes(at, end); bytes != 0; bytes = recordBytes(at, end)) {
    const before = <u32>load<u8>(at, RECORD_AT_CONTEXT);
    const hasContext = (before & RECORD_CONTEXT) != 0;
    if (hasContext && openContext(at + RECORD_HEADER_BYTES, bytes - RECORD_HEADER_BYTES) != 0 && schema != 0) {
      if (openSchema(schema) == NOT_LAID) want(schema);
    }
    const zone = before >> RECORD_TIME_ZONE_SHIFT;
    if (zone != 0 && openTimeZone(zone) == NOT_LAID) want(zone | TIME_ZONE_KEY);
    at += bytes;
  }
  return BLOCK_NEEDS_SCHEMAS;
}

/** Lists the messages from `at` on that codecs decode: these run one after the other. */
function wantCodecs(at: usize, end: usize): i32 {
  clearWantedCodecs();
  for (let bytes = recordBytes(at, end); bytes != 0; bytes = recordBytes(at, end)) {
    const record = at;
    at += bytes;
    if ((load<u8>(record, RECORD_AT_CONTEXT) & RECORD_CONTEXT) == 0) continue;
    const payload = record + RECORD_HEADER_BYTES;
    const context = openContext(payload, bytes - RECORD_HEADER_BYTES);
    if (context == 0 || schema == 0 || openSchema(schema) != LAID) continue;
    const receiveUs = letterId != 0 ? letterReceivedUs : load<u64>(record, RECORD_AT_RECEIVE_US);
    const length = load<u32>(record, RECORD_AT_PAYLOAD_BYTES) - context;
    if (!wantCodec(load<u8>(record, RECORD_AT_FORMAT), payload + context, length, receiveUs)) break;
  }
  return BLOCK_NEEDS_CODECS;
}

/** Offset behind the last block that processBlocks ran. */
let processedTo: u32 = 0;
/** Receive time of the last message of that block, µs. */
let lastUs: u64 = 0;

/**
 * Runs the blocks that fill the input region from `offset` to `end`, up to the first that cannot be run:
 * answers why, or BLOCK_DONE. `logOffset` is the first block's place in the partition's log. With `replay`
 * they rebuild state and write nothing: their rows are committed. After BLOCK_NEEDS_METRICS, BLOCK_NEEDS_SCHEMAS,
 * BLOCK_NEEDS_CODECS or BLOCK_NEEDS_PART the call is repeated from `blocksEnd` on, with `deny` when the names it listed were not added.
 */
export function processBlocks(offset: u32, end: u32, logOffset: f64, replay: bool, deny: bool): i32 {
  assert(offset <= end && end <= INPUT_BYTES, 'the blocks lie outside the input region');
  assert(logOffset >= 0, 'the log has no offset below 0');
  processedTo = offset;
  while (processedTo < end) {
    const result = processBlock(processedTo, end - processedTo, logOffset + <f64>(processedTo - offset), replay, deny);
    if (result != BLOCK_DONE) return result;
    const block = <usize>(INPUT_OFFSET + processedTo);
    lastUs = load<u64>(block, BLOCK_AT_LAST_US);
    processedTo += BLOCK_HEADER_BYTES + load<u32>(block, BLOCK_AT_BODY_BYTES);
    deny = false;
  }
  return BLOCK_DONE;
}

/** Where processBlocks stopped. */
export function blocksEnd(): u32 {
  return processedTo;
}

export function blocksLastUs(): f64 {
  return <f64>lastUs;
}

/** Of a message whose metrics have no numbers yet, in place of its verdict. */
const NEEDS_METRICS: u32 = 0xffff_ffff;
/** The same of one whose schema version or time zone is not laid. */
const NEEDS_SCHEMAS: u32 = 0xffff_fffe;
/** The same of one that a codec decodes which was not run. */
const NEEDS_CODECS: u32 = 0xffff_fffd;

/** One message, from its bytes to its one terminal state: CODE_NONE, the code of a dead letter, CAPTURE_DUPLICATE, or what it needs. */
function processRecord(record: usize, logOffset: u64): u32 {
  const payload = record + RECORD_HEADER_BYTES;
  const bytes = load<u32>(record, RECORD_AT_PAYLOAD_BYTES);
  const number = load<u32>(record, RECORD_AT_DEVICE);
  let receiveUs = load<u64>(record, RECORD_AT_RECEIVE_US);
  const flags = <u32>load<u8>(record, RECORD_AT_FLAGS);
  const isAwaited = (flags & FLAG_AWAITED) != 0 && !replaying;
  const before = <u32>load<u8>(record, RECORD_AT_CONTEXT);
  const hasContext = (before & RECORD_CONTEXT) != 0;
  const zone = before >> RECORD_TIME_ZONE_SHIFT;
  contextBytes = hasContext ? openContext(payload, bytes) : 0;
  format = load<u8>(record, RECORD_AT_FORMAT);
  if (hasContext && letterId != 0) receiveUs = letterReceivedUs;
  let device = findDevice(number);
  if (device == 0 && isLost(number)) {
    countRun();
    deadLetter(0, CODE_DEVICE_LOST, logOffset, number, receiveUs, payload, bytes);
    if (isAwaited) reportDead(number, payload + contextBytes, bytes - contextBytes, CODE_DEVICE_LOST);
    return CODE_DEVICE_LOST;
  }
  decodeFor(number);
  beginMessageTags();
  clearUnits();
  const opened = hasContext && schema != 0 ? openSchema(schema) : LAID;
  closeTimeZone();
  if (opened == NOT_LAID || (zone != 0 && openTimeZone(zone) == NOT_LAID)) return NEEDS_SCHEMAS;
  const shape = device == 0 ? 0 : <u32>load<u16>(device, DEVICE_AT_SHAPE);
  let code: u32;
  if (opened == ABSENT) code = CODE_SCHEMA_VERSION_MISSING;
  else if (hasContext) {
    code = decodeAfterContext(number, shape, payload, bytes, receiveUs);
    if (code == CODEC_WANTED) return NEEDS_CODECS;
  }
  else code = decodePayload(format, shape, payload, bytes, receiveUs);
  if (unknownNames > 0) return NEEDS_METRICS;
  isApplied = laid != 0 && code == CODE_NONE && isJudged();
  if (isApplied) code = applySchema(RECORD_HEADER_BYTES + bytes);
  if (device == 0) device = obtainDevice(number);
  if (code == CODE_NONE) {
    if (device == 0) code = CODE_STATE_EXHAUSTED;
    else if (decodedShape != 0) store<u16>(device, <u16>decodedShape, DEVICE_AT_SHAPE);
    if (newHost != 0 && device != 0) noteHost(device, newHost);
  }
  countRun();
  if (hasContext && letterId != 0 && isRepeatedLetter(device)) return CAPTURE_DUPLICATE;
  if (code != CODE_NONE) {
    deadLetter(device, code, logOffset, number, receiveUs, payload, bytes);
    if (isAwaited) reportDead(number, payload + contextBytes, bytes - contextBytes, code);
    return code;
  }
  payloadAt = payload;
  payloadBytes = bytes;
  payloadSeen = UNSEEN;
  const stored = storeSamples(device, number, receiveUs, flags);
  const leftOut = isApplied ? skippedReadings + fieldFaults : skippedReadings;
  if (stored != 0 && leftOut != 0) countLeftOut(device, leftOut);
  if (isAwaited) {
    const why = skippedReadings != 0 ? skippedCode : firstFault;
    reportKept(number, payload + contextBytes, bytes - contextBytes, stored, max(decodedSamples, 1), leftOut, why);
  }
  if (stored == 0) return CAPTURE_DUPLICATE;
  if (statedUnits != 0) reportUnits(number);
  if (replaying) return CODE_NONE;
  count(COUNTER_PIPELINE_NULLS, nulls);
  if (roundedNumbers != 0) count(COUNTER_PIPELINE_ROUNDED, roundedNumbers);
  if (skippedReadings != 0) count(COUNTER_PIPELINE_SKIPPED, skippedReadings);
  if (recognised) count(COUNTER_PIPELINE_RECOGNISED);
  if (zonelessTimes != 0) count(COUNTER_PIPELINE_ZONELESS, zonelessTimes);
  if (zonedTimes != 0) count(COUNTER_PIPELINE_ZONED, zonedTimes);
  if (isApplied) countApplied();
  return CODE_NONE;
}

/** Whether the readings of the message at hand are stored as its schema has them: from APPLIED_OFFSET on, not from DECODED_OFFSET. */
let isApplied: bool = false;

/** Each sample of the message that was decoded to its one terminal state; how many are stored. */
@inline
function storeSamples(device: usize, number: u32, receiveUs: u64, flags: u32): u32 {
  let from: usize = DECODED_OFFSET;
  if (decodedSamples == 0) {
    const to = from + decodedReadings * DECODED_READING_BYTES;
    if (!isApplied) return <u32>storeSample(device, number, receiveUs, flags, from, to, from, to);
    return <u32>storeSample(device, number, receiveUs, flags, from, to, APPLIED_OFFSET, appliedEnd);
  }
  countExtraSamples(device, decodedSamples - 1);
  if (!replaying) count(COUNTER_PIPELINE_EXTRA_SAMPLES, decodedSamples - 1);
  let stored: u32 = 0;
  let first: usize = isApplied ? APPLIED_OFFSET : DECODED_OFFSET;
  for (let sample: u32 = 0; sample < decodedSamples; sample++) {
    const to = openSample(sample);
    const end = isApplied ? appliedSampleEnd(sample) : to;
    if (storeSample(device, number, receiveUs, flags, from, to, first, end)) stored++;
    from = to;
    first = end;
  }
  return stored;
}

/** Whether the schema has a say: what says of itself that it has no readings lacks none. */
@inline
function isJudged(): bool {
  return decodedReadings != 0 || (profile == PROFILE_PLAIN && !isRetained);
}

function countApplied(): void {
  if (clamped != 0) count(COUNTER_PIPELINE_CLAMPED, clamped);
  if (flagged != 0) count(COUNTER_PIPELINE_FLAGGED, flagged);
  if (defaulted != 0) count(COUNTER_PIPELINE_DEFAULTED, defaulted);
  if (fieldFaults != 0) count(COUNTER_PIPELINE_FIELD_FAULTS, fieldFaults);
}

// How the payload at hand is written, and the bytes of the context before it.
let format: u32 = 0;
let contextBytes: u32 = 0;

/** Decodes a payload after its context, which is open. */
function decodeAfterContext(number: u32, shape: u32, at: usize, bytes: u32, receiveUs: u64): u32 {
  if (contextBytes == 0) return CODE_CONTEXT_MALFORMED;
  const code = decodeInContext(number, format, shape, at + contextBytes, bytes - contextBytes, receiveUs);
  // A dead letter that is tried again is of a time before what the state knows by now.
  if (format == FORMAT_SPARKPLUG && unknownNames == 0 && letterId == 0) applySparkplug(number, receiveUs, replaying);
  return code;
}

/** Marks the dead letter that the message is as tried again; answers whether that was done before, and the message is a duplicate. */
function isRepeatedLetter(device: usize): bool {
  if (!replaying) noteReplayed(letterId);
  if (!sawReplay(letterId) || device == 0) return false;
  countDuplicate(device);
  if (!replaying) count(COUNTER_PIPELINE_DUPLICATE);
  return true;
}

/**
 * The sample that was decoded last or opened, whose readings lie from `from` to `to`, to its one terminal state; whether it is stored: as the
 * readings from `first` to `end`. It is the same message by whichever schema it is read, so its decoded readings tell a duplicate.
 */
@inline
function storeSample(
  device: usize, number: u32, receiveUs: u64, flags: u32, from: usize, to: usize, first: usize, end: usize,
): bool {
  if (isDuplicate(device, number, receiveUs, flags, from, to)) {
    countDuplicate(device);
    if (!replaying) count(COUNTER_PIPELINE_DUPLICATE);
    return false;
  }
  countStored(device);
  const eventUs = hasTs ? tsUs : receiveUs;
  if (laid != 0 && !replaying) noteFirmware(device, number, eventUs, from, to);
  storeReadings(device, number, eventUs, receiveUs, first, end);
  return true;
}

@inline
function countRun(): void {
  if (replaying) {
    count(COUNTER_PIPELINE_REPLAYED);
  } else {
    count(COUNTER_PIPELINE_RECORDS);
    countRecord();
  }
}

/** `device`: its state, or 0. */
function deadLetter(device: usize, code: u32, logOffset: u64, number: u32, receiveUs: u64, payload: usize, bytes: u32): void {
  countDead(device, code);
  if (replaying) return;
  appendDead(partition, logOffset, number, receiveUs, code, payload + contextBytes, bytes - contextBytes, format, payload, contextBytes);
  count(code);
  count(COUNTER_PIPELINE_DEAD);
}

/**
 * Drops only what is proven to be a duplicate:
 *
 *   seq  time   duplicate when
 *   yes  yes    the number is in a run, the time within the run's span, and the readings are those of its print, if it has one
 *   yes  no     the number is in a run, and the same payload came within the last minute
 *   no   yes    the same payload came within the last minute
 *   no   no     the same, and the client says that it sends again (DUP)
 */
function isDuplicate(device: usize, number: u32, receiveUs: u64, flags: u32, from: usize, to: usize): bool {
  if (hasSeq && hasTs) return receivedBefore(device, seq, tsUs, from, to);
  const seen = sawPayload(number, receiveUs);
  if (hasSeq) return receivedBeforeUntimed(device, seq, receiveUs, seen);
  return seen && (hasTs || (flags & FLAG_DUP) != 0);
}

// The payload at hand, for samples that are known by it alone.
let payloadAt: usize = 0;
let payloadBytes: u32 = 0;
const UNSEEN: i32 = -1;
let payloadSeen: i32 = UNSEEN;

/** Whether the same payload came from the device within the last minute, asked once for all its samples. */
function sawPayload(number: u32, receiveUs: u64): bool {
  if (payloadSeen == UNSEEN) payloadSeen = <i32>sawFingerprint(ownHash(number), receiveUs);
  return payloadSeen != 0;
}

/**
 * Hash of the message at hand as it was sent. The gateway adds the schema version, and whether a rule named the format where there is one: a
 * message that is sent again may be read by another version.
 */
function ownHash(number: u32): u64 {
  // A context that says no more than the version is the gateway's own.
  if (schema != 0 && contextBytes == CONTEXT_HEADER_BYTES) {
    return xxh64(payloadAt + contextBytes, payloadBytes - contextBytes, <u64>number);
  }
  if (contextBytes == 0) return xxh64(payloadAt, payloadBytes, <u64>number);
  const flags = load<u8>(payloadAt, CONTEXT_AT_FLAGS);
  store<u8>(payloadAt, flags & ~CONTEXT_FORMAT_OF_RULE, CONTEXT_AT_FLAGS);
  store<u32>(payloadAt, 0, CONTEXT_AT_SCHEMA);
  const hash = xxh64(payloadAt, payloadBytes, <u64>number);
  store<u32>(payloadAt, schema, CONTEXT_AT_SCHEMA);
  store<u8>(payloadAt, flags, CONTEXT_AT_FLAGS);
  return hash;
}

function storeReadings(device: usize, number: u32, eventUs: u64, receiveUs: u64, from: usize, end: usize): void {
  if (eventUs > load<u64>(device, DEVICE_AT_NEWEST_US)) store<u64>(device, eventUs, DEVICE_AT_NEWEST_US);
  const watched = (load<u8>(device, DEVICE_AT_FLAGS) & DEVICE_WATCHED) != 0 && !replaying;
  let texts: u32 = 0;
  let series: usize = 0;
  for (let at = from; at < end; at += DECODED_READING_BYTES) {
    const metric = load<u32>(at, DECODED_AT_METRIC);
    if (load<u32>(at, DECODED_AT_KIND) == DECODED_NUMBER) {
      const value = load<f64>(at, DECODED_AT_VALUE);
      series = updateLatest(device, series, number, metric, eventUs, receiveUs, value);
      if (!replaying) appendReading(number, metric, eventUs, value);
      if (watched) appendLive(number, metric, eventUs, receiveUs, value);
    } else {
      texts++;
      const text = load<u32>(at, DECODED_AT_TEXT_OFFSET);
      const bytes = load<u32>(at, DECODED_AT_TEXT_BYTES);
      series = updateLatestText(device, series, number, metric, eventUs, receiveUs, text, bytes);
      if (!replaying) appendText(number, metric, eventUs, text, bytes);
      if (watched) appendLiveText(number, metric, eventUs, receiveUs, text, bytes);
    }
  }
  if (replaying) return;
  count(COUNTER_PIPELINE_STORED);
  count(COUNTER_PIPELINE_READINGS, <u32>(end - from) / DECODED_READING_BYTES - texts);
  count(COUNTER_PIPELINE_TEXT_READINGS, texts);
}
