import { COUNTER_PIPELINE_LIVE_SKIPPED } from '../abi/counters';
import { LIVE_ENTRIES_BYTES, LIVE_HEADER_BYTES, LIVE_OFFSET, POINT_ALIGN_BYTES, POINT_BYTES } from '../abi/pipeline';
import { count } from '../memory';
import { storeNumber, storeText } from './points';

// Readings of watched devices, for the host to fetch. The live view may skip some, rows may not.

/** Room for an entry; 0: there is none, and the reading is skipped. */
function obtainEntry(bytes: u32): usize {
  const used = load<u32>(LIVE_OFFSET);
  if (used + bytes > LIVE_ENTRIES_BYTES) {
    count(COUNTER_PIPELINE_LIVE_SKIPPED);
    return 0;
  }
  store<u32>(LIVE_OFFSET, used + bytes);
  return <usize>(LIVE_OFFSET + LIVE_HEADER_BYTES + used);
}

export function appendLive(number: u32, metric: u32, tsUs: u64, receiveUs: u64, value: f64): void {
  const at = obtainEntry(POINT_BYTES);
  if (at != 0) storeNumber(at, number, metric, tsUs, receiveUs, value);
}

export function appendLiveText(number: u32, metric: u32, tsUs: u64, receiveUs: u64, text: usize, bytes: u32): void {
  const at = obtainEntry((POINT_BYTES + bytes + POINT_ALIGN_BYTES - 1) & ~(POINT_ALIGN_BYTES - 1));
  if (at == 0) return;
  storeText(at, number, metric, tsUs, receiveUs, bytes);
  memory.copy(at + POINT_BYTES, text, bytes);
}
