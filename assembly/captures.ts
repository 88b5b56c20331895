import { RECORD_AT_CONTEXT, RECORD_CONTEXT, RECORD_AT_DEVICE, RECORD_AT_RECEIVE_US } from './abi/block';
import { CODE_NONE, CODES_MAX } from './abi/codes';
import {
  APPLIED_OFFSET,
  CAPTURE_AT_BYTES,
  CAPTURE_AT_READINGS,
  CAPTURE_AT_RECORD_BYTES,
  CAPTURE_AT_VERDICT,
  CAPTURE_DUPLICATE,
  CAPTURE_HEADER_BYTES,
  CAPTURE_POINTS_BYTES,
  CAPTURE_RECORD_BYTES,
  CAPTURED_DEVICES_MAX,
  CAPTURES_AT_BYTES,
  CAPTURES_AT_DEVICES,
  CAPTURES_AT_ENTRIES,
  CAPTURES_AT_SKIPPED,
  CAPTURES_ENTRIES_BYTES,
  CAPTURES_ENTRIES_MAX,
  CAPTURES_HEADER_BYTES,
  CAPTURES_OFFSET,
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_BYTES,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_NUMBER,
  DECODED_OFFSET,
  DECODED_READING_BYTES,
  POINT_ALIGN_BYTES,
  POINT_BYTES,
} from './abi/pipeline';
import { letterId, letterReceivedUs } from './decode/context';
import { decodedReadings, decodedSamples, hasTs, openSample, tsUs } from './decode/sink';
import { appliedEnd, appliedSampleEnd } from './schema/apply';
import { storeNumber, storeText } from './series/points';

// Whole messages of a few devices, with what became of them, for whoever debugs a device. Where none is captured, a message costs the
// look at `capturedDevices`. What finds no room is counted and left out: rows and counts do not depend on it.

/** How many devices are captured. */
export let capturedDevices: u32 = 0;

@inline
function deviceSlot(index: u32): usize {
  return <usize>(CAPTURES_OFFSET + CAPTURES_AT_DEVICES + index * 4);
}

function slotOf(number: u32): u32 {
  for (let index: u32 = 0; index < capturedDevices; index++) if (load<u32>(deviceSlot(index)) == number) return index;
  return capturedDevices;
}

/** Captures a device's messages, or no longer; answers whether there was room for another device. */
export function capture(number: u32, on: bool): bool {
  const index = slotOf(number);
  const isCaptured = index < capturedDevices;
  if (on == isCaptured) return true;
  if (on) {
    if (index == CAPTURED_DEVICES_MAX) return false;
    store<u32>(deviceSlot(index), number);
    capturedDevices++;
    return true;
  }
  capturedDevices--;
  store<u32>(deviceSlot(index), load<u32>(deviceSlot(capturedDevices)));
  return true;
}

/**
 * Keeps the record of `bytes` that was run last, if its device is captured. `verdict`: CODE_NONE, the code of a dead letter, or CAPTURE_DUPLICATE.
 * `isApplied`: its readings are as its schema has them.
 */
export function captureRecord(record: usize, bytes: u32, verdict: u32, isApplied: bool): void {
  assert(verdict < CODES_MAX || verdict == CAPTURE_DUPLICATE, 'there is no such verdict');
  const number = load<u32>(record, RECORD_AT_DEVICE);
  if (slotOf(number) == capturedDevices) return;
  const used = load<u32>(CAPTURES_OFFSET, CAPTURES_AT_BYTES);
  const entries = load<u32>(CAPTURES_OFFSET, CAPTURES_AT_ENTRIES);
  const kept = min(bytes, CAPTURE_RECORD_BYTES);
  const head = CAPTURE_HEADER_BYTES + aligned(kept);
  if (entries == CAPTURES_ENTRIES_MAX || used + head + CAPTURE_POINTS_BYTES > CAPTURES_ENTRIES_BYTES) {
    store<u32>(CAPTURES_OFFSET, load<u32>(CAPTURES_OFFSET, CAPTURES_AT_SKIPPED) + 1, CAPTURES_AT_SKIPPED);
    return;
  }
  const at = <usize>(CAPTURES_OFFSET + CAPTURES_HEADER_BYTES + used);
  const hasReadings = verdict == CODE_NONE || verdict == CAPTURE_DUPLICATE;
  memory.copy(at + CAPTURE_HEADER_BYTES, record, kept);
  const isLetter = (load<u8>(record, RECORD_AT_CONTEXT) & RECORD_CONTEXT) != 0 && letterId != 0;
  const receiveUs = isLetter ? letterReceivedUs : load<u64>(record, RECORD_AT_RECEIVE_US);
  const whole = head + (hasReadings ? storePoints(at + head, number, receiveUs, isApplied) : 0);
  store<u32>(at, whole, CAPTURE_AT_BYTES);
  store<u32>(at, verdict, CAPTURE_AT_VERDICT);
  const readings = isApplied ? <u32>(appliedEnd - APPLIED_OFFSET) / DECODED_READING_BYTES : decodedReadings;
  store<u32>(at, hasReadings ? readings : 0, CAPTURE_AT_READINGS);
  store<u32>(at, kept, CAPTURE_AT_RECORD_BYTES);
  store<u32>(CAPTURES_OFFSET, used + whole, CAPTURES_AT_BYTES);
  store<u32>(CAPTURES_OFFSET, entries + 1, CAPTURES_AT_ENTRIES);
}

/** Lays the readings of the message as points, as many as have room; answers their bytes. */
function storePoints(at: usize, number: u32, receiveUs: u64, isApplied: bool): u32 {
  const end = at + CAPTURE_POINTS_BYTES;
  const samples = max(decodedSamples, 1);
  let to = at;
  let from: usize = isApplied ? APPLIED_OFFSET : DECODED_OFFSET;
  for (let sample: u32 = 0; sample < samples; sample++) {
    let last = decodedSamples == 0 ? from + decodedReadings * DECODED_READING_BYTES : openSample(sample);
    if (isApplied) last = decodedSamples == 0 ? appliedEnd : appliedSampleEnd(sample);
    const eventUs = hasTs ? tsUs : receiveUs;
    for (; from < last; from += DECODED_READING_BYTES) {
      const isNumber = load<u32>(from, DECODED_AT_KIND) == DECODED_NUMBER;
      const metric = load<u32>(from, DECODED_AT_METRIC);
      const text = isNumber ? 0 : load<u32>(from, DECODED_AT_TEXT_BYTES);
      const whole = POINT_BYTES + aligned(text);
      if (to + whole > end) return <u32>(to - at);
      if (isNumber) storeNumber(to, number, metric, eventUs, receiveUs, load<f64>(from, DECODED_AT_VALUE));
      else {
        storeText(to, number, metric, eventUs, receiveUs, text);
        memory.copy(to + POINT_BYTES, load<u32>(from, DECODED_AT_TEXT_OFFSET), text);
      }
      to += whole;
    }
  }
  return <u32>(to - at);
}

@inline
function aligned(bytes: u32): u32 {
  return (bytes + POINT_ALIGN_BYTES - 1) & ~(POINT_ALIGN_BYTES - 1);
}
