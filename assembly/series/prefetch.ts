import { RECORD_AT_DEVICE, RECORD_AT_PAYLOAD_BYTES, RECORD_HEADER_BYTES } from '../abi/block';
import { STATE_DEVICE_AT_STORED } from '../abi/state';
import { DEVICE_AT_PRINTS, DEVICE_AT_SERIES, deviceAt, firstEntryOf } from './devices';
import { seriesAt } from './latest';

// The state of many devices does not fit the processor's caches, and each step to it (index, device, series)
// waits for the one before. So the state of the next few records is loaded before they are run, one step for all of
// them at a time: these loads do not wait for one another. There is no prefetch instruction in WebAssembly.

const GROUP: u32 = 16;
const CACHE_LINE: usize = 64;
/** While no more messages than these are stored, the next one may need a print. */
const FEW_STORED: u32 = 64;

const steps = memory.data(GROUP * 4, 64);
/** Keeps the loads from being optimized away. */
export let loaded: u64 = 0;

/** Loads the state that the records from `at` on need; answers the position of the first one that was left out. */
export function prefetchRecords(at: usize, end: usize): usize {
  let group = steps;
  let sum: u64 = 0;
  while (group < steps + GROUP * 4 && at + RECORD_HEADER_BYTES <= end) {
    const entry = firstEntryOf(load<u32>(at, RECORD_AT_DEVICE));
    store<u32>(group, <u32>entry);
    sum += <u64>load<u32>(entry);
    group += 4;
    at += RECORD_HEADER_BYTES + load<u32>(at, RECORD_AT_PAYLOAD_BYTES);
  }
  for (let step = steps; step < group; step += 4) {
    const device = load<u32>(load<u32>(step));
    if (device != 0) sum += <u64>load<u32>(deviceAt(device - 1), DEVICE_AT_SERIES);
  }
  for (let step = steps; step < group; step += 4) {
    const device = load<u32>(load<u32>(step));
    const series = device == 0 ? 0 : load<u32>(deviceAt(device - 1), DEVICE_AT_SERIES);
    if (series != 0) sum += load<u64>(seriesAt(series - 1)) + load<u64>(seriesAt(series - 1), CACHE_LINE);
    // Only the first messages of a device need its prints.
    if (device != 0 && load<u32>(deviceAt(device - 1), STATE_DEVICE_AT_STORED) <= FEW_STORED) {
      sum += load<u64>(deviceAt(device - 1), DEVICE_AT_PRINTS);
    }
  }
  loaded = sum;
  return at;
}
