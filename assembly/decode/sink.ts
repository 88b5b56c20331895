import {
  CODE_METRICS_MISSING,
  CODE_METRICS_TOO_MANY,
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_SEQ_MALFORMED,
  CODE_TEXT_NUL,
  CODE_TEXT_OVERSIZE,
} from '../abi/codes';
import { MESSAGE_METRICS_MAX, MESSAGE_READINGS_MAX, MESSAGE_SAMPLES_MAX, TEXT_BYTES_MAX } from '../abi/limits';
import {
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_BYTES,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_NUMBER,
  DECODED_OFFSET,
  DECODED_READING_BYTES,
  DECODED_TEXT,
  DECODED_TEXT_OFFSET,
  SAMPLE_AT_FLAGS,
  SAMPLE_AT_READINGS_END,
  SAMPLE_AT_SEQ,
  SAMPLE_AT_TS_US,
  SAMPLE_BYTES,
  SAMPLE_HAS_SEQ,
  SAMPLE_HAS_TS,
  SAMPLES_OFFSET,
} from '../abi/pipeline';
import { isUnsequenced } from './context';
import { clearRounded } from './double';
import { beginMessageMetrics, beginSampleMetrics, UNKNOWN, unknownNames, unlistUnknown } from './metrics';
import { acceptZoneless, timeUs, ZONED, ZONELESS } from './time';
import { failure, reachedAt, refuse } from './verdict';

// Where every decoder puts what a message holds. A decoder calls beginMessage, then for each metric resolveMetric and one of the put…
// functions, takeTs and takeSeq where they are, and endMessage; or, when it refuses the message, giveUp. A message that speaks of
// several moments has several samples, each with a time, a sequence number and metrics of its own: its decoder calls endSample after
// each of them, and endSamples in place of endMessage.

/** What the last message held: readings in the DECODED region; they and their texts last until the next one. */
export let decodedReadings: u32 = 0;
/** How many samples it has; 0: one, which is the message. */
export let decodedSamples: u32 = 0;
/** Time and sequence number of the message, or of the sample that is open. */
export let hasTs: bool = false;
export let tsUs: u64 = 0;
export let hasSeq: bool = false;
export let seq: u64 = 0;
/** Metrics that were null. */
export let nulls: u32 = 0;

/** When the message was received: what a time of the device is plausible against. */
export let receivedUs: u64 = 0;
/** Where a decoder may lay a text that does not lie in the payload as it is; the texts of earlier readings lie before it. */
export let textRoom: usize = 0;

/** The largest whole number that JSON senders agree on, 2^53 - 1. RFC 8259 §6. */
export const SEQ_MAX: u64 = 0x1fffffffffffff;

/** Where the next reading goes, and the first of the sample that is open. */
let entry: usize = 0;
let sampleEntry: usize = 0;
/** What the samples before the open one counted: a sample that adds to it says something. */
let unknownBefore: u32 = 0;
let quietBefore: u32 = 0;

/** Values of the message that could not be read or kept, each of which costs itself alone; and why the first could not. */
export let skippedReadings: u32 = 0;
export let skippedCode: u32 = 0;
/** What `reachedAt` was then. */
export let skippedAt: usize = 0;
/** Times of the message that name no zone: those samples have their receive time. */
export let zonelessTimes: u32 = 0;
/** The same that were read as of the message's time zone. */
export let zonedTimes: u32 = 0;

/** A message whose names are resolved one by one. */
@inline
export function beginMessage(receiveUs: u64): void {
  beginKnownMessage(receiveUs);
  beginMessageMetrics();
}

/** A message of which it is known that every name is that of a metric, and none is there twice. */
@inline
export function beginKnownMessage(receiveUs: u64): void {
  hasTs = false;
  hasSeq = false;
  nulls = 0;
  skippedReadings = 0;
  zonelessTimes = 0;
  zonedTimes = 0;
  clearRounded();
  receivedUs = receiveUs;
  textRoom = DECODED_TEXT_OFFSET;
  entry = DECODED_OFFSET;
  decodedReadings = 0;
  decodedSamples = 0;
}

/** All readings are there. */
@inline
export function endMessage(): void {
  decodedReadings = <u32>(entry - DECODED_OFFSET) / DECODED_READING_BYTES;
}

/** Begins a message of several samples, and its first sample. */
export function beginSamples(receiveUs: u64): void {
  beginMessage(receiveUs);
  sampleEntry = entry;
  unknownBefore = 0;
  quietBefore = 0;
}

/** Ends a sample and begins the next. One that holds nothing is none. Answers whether there was room. */
export function endSample(): bool {
  const quiet = nulls + skippedReadings;
  if (entry == sampleEntry && unknownNames == unknownBefore && quiet == quietBefore && !hasSeq) {
    hasTs = false;
    return true;
  }
  const readings = <u32>(entry - sampleEntry) / DECODED_READING_BYTES;
  if (decodedSamples == MESSAGE_SAMPLES_MAX || readings > MESSAGE_METRICS_MAX) return refuse(CODE_METRICS_TOO_MANY) != 0;
  const at = <usize>(SAMPLES_OFFSET + decodedSamples * SAMPLE_BYTES);
  store<u32>(at, <u32>(entry - DECODED_OFFSET) / DECODED_READING_BYTES, SAMPLE_AT_READINGS_END);
  store<u32>(at, (hasTs ? SAMPLE_HAS_TS : 0) | (hasSeq ? SAMPLE_HAS_SEQ : 0), SAMPLE_AT_FLAGS);
  store<u64>(at, tsUs, SAMPLE_AT_TS_US);
  store<u64>(at, seq, SAMPLE_AT_SEQ);
  decodedSamples++;
  hasTs = false;
  hasSeq = false;
  sampleEntry = entry;
  unknownBefore = unknownNames;
  quietBefore = quiet;
  beginSampleMetrics();
  return true;
}

/**
 * All samples are there. Answers whether the message says anything; one of one sample is that sample. With `mayBeEmpty` it need not.
 */
export function endSamples(mayBeEmpty: bool): bool {
  if (!endSample()) return false;
  endMessage();
  if (decodedReadings == 0 && unknownNames == 0 && skippedReadings != 0) return refuse(skippedCode) != 0;
  if (decodedSamples == 0) return mayBeEmpty || refuse(CODE_METRICS_MISSING) != 0;
  if (decodedSamples == 1) {
    openSample(0);
    decodedSamples = 0;
  }
  return true;
}

/** Takes back the readings of the open sample: what they were read from turned out to be something else. */
export function forgetSample(): void {
  entry = sampleEntry;
  unknownBefore = unknownNames;
  quietBefore = nulls + skippedReadings;
  hasTs = false;
  hasSeq = false;
  beginSampleMetrics();
}

/** Where the readings of a sample end. They begin where those of the one before it end. */
@inline
export function sampleEnd(sample: u32): usize {
  return <usize>(DECODED_OFFSET + load<u32>(<usize>(SAMPLES_OFFSET + sample * SAMPLE_BYTES), SAMPLE_AT_READINGS_END) * DECODED_READING_BYTES);
}

/** Makes time and sequence number those of a sample; answers where its readings end. */
export function openSample(sample: u32): usize {
  const at = <usize>(SAMPLES_OFFSET + sample * SAMPLE_BYTES);
  const flags = load<u32>(at, SAMPLE_AT_FLAGS);
  hasTs = (flags & SAMPLE_HAS_TS) != 0;
  hasSeq = (flags & SAMPLE_HAS_SEQ) != 0;
  tsUs = load<u64>(at, SAMPLE_AT_TS_US);
  seq = load<u64>(at, SAMPLE_AT_SEQ);
  return sampleEnd(sample);
}

/** Whether another reading has room. A decoder asks before each metric, or knows that it puts no more than MESSAGE_METRICS_MAX. */
@inline
export function hasRoomForReading(): bool {
  return entry < <usize>(DECODED_OFFSET + MESSAGE_READINGS_MAX * DECODED_READING_BYTES) || refuse(CODE_METRICS_TOO_MANY) != 0;
}

/** Forgets a message that its decoder refuses, and answers why it did: a refused message names no metrics. */
export function giveUp(): u32 {
  if (unknownNames != 0) unlistUnknown();
  return failure;
}

/** Where the next reading goes. */
@inline
export function nextReading(): usize {
  return entry;
}

/** Puts the next reading in the place of the one at `at`; answers what closeReading takes. */
export function reopenReading(at: usize): usize {
  const end = entry;
  entry = at;
  return end;
}

/** The readings end where they did before one of them was reopened. */
export function closeReading(end: usize): void {
  entry = end;
}

/** A boolean is 1 or 0. Answers whether the number is finite. */
@inline
export function putNumber(metric: u32, value: f64): bool {
  if (abs(value) == Infinity) return refuse(CODE_NUMBER_OUT_OF_RANGE) != 0;
  const to = entry;
  store<u32>(to, metric, DECODED_AT_METRIC);
  store<u32>(to, DECODED_NUMBER, DECODED_AT_KIND);
  store<f64>(to, value, DECODED_AT_VALUE);
  // A message with a metric that has no number yet is decoded again once it has one.
  if (metric != UNKNOWN) entry = to + DECODED_READING_BYTES;
  return true;
}

/** Well-formed UTF-8, in the payload or at textRoom. Answers whether it can be stored. */
export function putText(metric: u32, at: usize, bytes: u32, mayHoldNul: bool): bool {
  if (bytes > TEXT_BYTES_MAX) return refuse(CODE_TEXT_OVERSIZE) != 0;
  if (mayHoldNul) {
    for (let i: u32 = 0; i < bytes; i++) {
      if (load<u8>(at + i) == 0) return refuse(CODE_TEXT_NUL) != 0;
    }
  }
  if (at == textRoom) textRoom += bytes;
  const to = entry;
  store<u32>(to, metric, DECODED_AT_METRIC);
  store<u32>(to, DECODED_TEXT, DECODED_AT_KIND);
  store<u32>(to, <u32>at, DECODED_AT_TEXT_OFFSET);
  store<u32>(to, bytes, DECODED_AT_TEXT_BYTES);
  if (metric != UNKNOWN) entry = to + DECODED_READING_BYTES;
  return true;
}

/** No value: a metric that is there and says nothing. */
@inline
export function putNull(): void {
  nulls++;
}

/** A value is left out, for the reason that was given last. */
export function skipReading(): void {
  if (skippedReadings++ != 0) return;
  skippedCode = failure;
  skippedAt = reachedAt;
}

/**
 * Takes a text that is a time but for its zone: as one of the message's time zone, else it is that of no moment, and the sample has its
 * receive time. Answers whether it is such a text and not refused.
 */
export function takeZoneless(at: usize, bytes: u32): bool {
  const answer = acceptZoneless(at, bytes, textRoom, receivedUs);
  if (answer == ZONED) {
    takeTs();
    zonedTimes++;
  } else if (answer == ZONELESS) zonelessTimes++;
  return answer != 0;
}

/** The message's time is the one that a reader of time.ts accepted last. */
@inline
export function takeTs(): void {
  hasTs = true;
  tsUs = timeUs;
}

/** The time of the open sample is `us` unless it names another: the time of the message around it, which was accepted. */
export function inheritTs(us: u64): void {
  hasTs = true;
  tsUs = us;
}

@inline
export function takeSeq(value: u64): bool {
  if (value > SEQ_MAX) return refuse(CODE_SEQ_MALFORMED) != 0;
  if (isUnsequenced) return true;
  hasSeq = true;
  seq = value;
  return true;
}
