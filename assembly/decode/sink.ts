import {
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_SEQ_MALFORMED,
  CODE_TEXT_NUL,
  CODE_TEXT_OVERSIZE,
} from '../abi/codes';
import { TEXT_BYTES_MAX } from '../abi/limits';
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
} from '../abi/pipeline';
import { clearRounded } from './double';
import { beginMessageMetrics, UNKNOWN, unknownNames, unlistUnknown } from './metrics';
import { timeUs } from './time';
import { failure, refuse } from './verdict';

// Where every decoder puts what a message holds. A decoder calls beginMessage, then for each metric resolveMetric and one of the put…
// functions, takeTs and takeSeq where they are, and endMessage; or, when it refuses the message, giveUp.

/** What the last message held: readings in the DECODED region; they and their texts last until the next one. */
export let decodedReadings: u32 = 0;
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

/** Where the next reading goes. */
let entry: usize = 0;

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
  clearRounded();
  receivedUs = receiveUs;
  textRoom = DECODED_TEXT_OFFSET;
  entry = DECODED_OFFSET;
  decodedReadings = 0;
}

/** All readings are there. */
@inline
export function endMessage(): void {
  decodedReadings = <u32>(entry - DECODED_OFFSET) / DECODED_READING_BYTES;
}

/** Forgets a message that its decoder refuses, and answers why it did: a refused message names no metrics. */
export function giveUp(): u32 {
  if (unknownNames != 0) unlistUnknown();
  return failure;
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

/** The message's time is the one that a reader of time.ts accepted last. */
@inline
export function takeTs(): void {
  hasTs = true;
  tsUs = timeUs;
}

@inline
export function takeSeq(value: u64): bool {
  if (value > SEQ_MAX) return refuse(CODE_SEQ_MALFORMED) != 0;
  hasSeq = true;
  seq = value;
  return true;
}
