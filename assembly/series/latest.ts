import { COUNTER_PIPELINE_LATEST_UNTRACKED, COUNTER_PIPELINE_LIVE_SKIPPED } from '../abi/counters';
import { PARTITION_SERIES_MAX } from '../abi/limits';
import {
  LATEST_MAX,
  LATEST_OFFSET,
  LIVE_HEADER_BYTES,
  LIVE_MAX,
  LIVE_OFFSET,
  POINT_AT_DEVICE,
  POINT_AT_METRIC,
  POINT_AT_RECEIVE_US,
  POINT_AT_TS_US,
  POINT_AT_VALUE,
  POINT_BYTES,
} from '../abi/pipeline';
import { HEAD_AT_SERIES, SERIES_ENTRY_BYTES, SERIES_INDEX_OFFSET, SERIES_INDEX_SLOTS, SERIES_OFFSET, STATE_HEAD_OFFSET } from '../abi/state';
import { count } from '../memory';
import { DEVICE_AT_SERIES, findDevice, mix } from './devices';

// A series is a (device, metric) pair; its entry is a point (POINT_AT_…) and a link:
//
//   0  point, 32 bytes        32  u32 the device's next series + 1, or 0        36  reserved

const SERIES_AT_NEXT: usize = 32;

let series: u32 = 0;

@inline
export function seriesAt(index: u32): usize {
  return <usize>(SERIES_OFFSET + index * SERIES_ENTRY_BYTES);
}

/**
 * Keeps the newest value of a series by event time; an equal time replaces, so a correction wins. `device` is
 * the device's state, `before` the series that this message's previous metric led to, or 0; answers the series,
 * or 0 when there is no room to track it. A device names its metrics in the same order again and again, and its
 * list is kept in that order, so the next series is nearly always the right one and the index is not asked.
 */
@inline
export function updateLatest(device: usize, before: usize, number: u32, metric: u32, tsUs: u64, receiveUs: u64, value: f64): usize {
  const next = before == 0 ? load<u32>(device, DEVICE_AT_SERIES) : load<u32>(before, SERIES_AT_NEXT);
  let at: usize = next == 0 ? 0 : seriesAt(next - 1);
  if (at == 0 || load<u32>(at, POINT_AT_METRIC) != metric) {
    at = obtainSeries(device, before, number, metric);
    if (at == 0) return before;
  }
  if (tsUs >= load<u64>(at, POINT_AT_TS_US)) storePoint(at, number, metric, tsUs, receiveUs, value);
  return at;
}

@inline
function firstSlotOf(number: u32, metric: u32): u32 {
  return mix(number ^ (metric * 0x9e3779b1)) & (SERIES_INDEX_SLOTS - 1);
}

export function describeSeries(): void {
  store<u32>(STATE_HEAD_OFFSET, series, HEAD_AT_SERIES);
}

/** Lays the index over the series of a checkpoint, in the order in which they were made, so each entry is where it was. */
export function adoptSeries(): bool {
  series = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_SERIES);
  if (series > PARTITION_SERIES_MAX) return false;
  for (let index: u32 = 0; index < series; index++) {
    const at = seriesAt(index);
    let slot = firstSlotOf(load<u32>(at, POINT_AT_DEVICE), load<u32>(at, POINT_AT_METRIC));
    while (load<u32>(SERIES_INDEX_OFFSET + (slot << 2)) != 0) slot = (slot + 1) & (SERIES_INDEX_SLOTS - 1);
    store<u32>(SERIES_INDEX_OFFSET + (slot << 2), index + 1);
  }
  return true;
}

/** The series of (device, metric), made and linked behind `before` when it is new; 0 when there is no room. */
function obtainSeries(device: usize, before: usize, number: u32, metric: u32): usize {
  let slot = firstSlotOf(number, metric);
  while (true) {
    const entry = <usize>(SERIES_INDEX_OFFSET + (slot << 2));
    const known = load<u32>(entry);
    if (known == 0) {
      if (series == PARTITION_SERIES_MAX) {
        count(COUNTER_PIPELINE_LATEST_UNTRACKED);
        return 0;
      }
      const at = seriesAt(series++);
      store<u32>(entry, series);
      const link = before == 0 ? device + DEVICE_AT_SERIES : before + SERIES_AT_NEXT;
      store<u32>(at, load<u32>(link), SERIES_AT_NEXT);
      store<u32>(link, series);
      return at;
    }
    const at = seriesAt(known - 1);
    if (load<u32>(at, POINT_AT_METRIC) == metric && load<u32>(at, POINT_AT_DEVICE) == number) return at;
    slot = (slot + 1) & (SERIES_INDEX_SLOTS - 1);
  }
}

@inline
function storePoint(at: usize, number: u32, metric: u32, tsUs: u64, receiveUs: u64, value: f64): void {
  store<u32>(at, number, POINT_AT_DEVICE);
  store<u32>(at, metric, POINT_AT_METRIC);
  store<u64>(at, tsUs, POINT_AT_TS_US);
  store<f64>(at, value, POINT_AT_VALUE);
  store<u64>(at, receiveUs, POINT_AT_RECEIVE_US);
}

/** Lays the device's latest points at LATEST_OFFSET and answers how many, LATEST_MAX at most. */
export function latest(number: u32): u32 {
  const device = findDevice(number);
  if (device == 0) return 0;
  let points: u32 = 0;
  let next = load<u32>(device, DEVICE_AT_SERIES);
  while (next != 0 && points < LATEST_MAX) {
    assert(next <= series, 'a device links to a series that there is none of');
    const at = seriesAt(next - 1);
    memory.copy(LATEST_OFFSET + points * POINT_BYTES, at, POINT_BYTES);
    points++;
    next = load<u32>(at, SERIES_AT_NEXT);
  }
  return points;
}

/** Appends a reading of a watched device for the host to fetch; the live view may skip, rows may not. */
export function appendLive(number: u32, metric: u32, tsUs: u64, receiveUs: u64, value: f64): void {
  const points = load<u32>(LIVE_OFFSET);
  if (points == LIVE_MAX) {
    count(COUNTER_PIPELINE_LIVE_SKIPPED);
    return;
  }
  storePoint(LIVE_OFFSET + LIVE_HEADER_BYTES + points * POINT_BYTES, number, metric, tsUs, receiveUs, value);
  store<u32>(LIVE_OFFSET, points + 1);
}
