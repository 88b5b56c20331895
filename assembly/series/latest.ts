import { COUNTER_PIPELINE_LATEST_UNTRACKED } from '../abi/counters';
import { PARTITION_SERIES_MAX } from '../abi/limits';
import {
  LATEST_BYTES,
  LATEST_MAX,
  LATEST_OFFSET,
  LATEST_TEXT_BYTES,
  POINT_ALIGN_BYTES,
  POINT_AT_DEVICE,
  POINT_AT_KIND,
  POINT_AT_METRIC,
  POINT_AT_TEXT_BYTES,
  POINT_AT_TS_US,
  POINT_BYTES,
  POINT_NUMBER,
  POINT_TEXT,
  POINT_UNHELD,
} from '../abi/pipeline';
import { HEAD_AT_SERIES, SERIES_ENTRY_BYTES, SERIES_INDEX_OFFSET, SERIES_INDEX_SLOTS, SERIES_OFFSET, STATE_HEAD_OFFSET } from '../abi/state';
import { count } from '../memory';
import { DEVICE_AT_FLAGS, DEVICE_AT_SERIES, DEVICE_UNTRACKED, findDevice, mix } from './devices';
import { storeNumber, storeText } from './points';
import { copyText, dropText, keepText } from './text-pages';

// A series is a (device, metric) pair; its entry is a point (POINT_AT_…), of which two words are the series' own:
//
//   20  u32 first page of a text + 1, or 0        36  u32 the device's next series + 1, or 0

const SERIES_AT_TEXT_PAGE: usize = 20;
const SERIES_AT_NEXT: usize = 36;

let series: u32 = 0;

@inline
export function seriesAt(index: u32): usize {
  return <usize>(SERIES_OFFSET + index * SERIES_ENTRY_BYTES);
}

/**
 * The series of a metric that the message has: `before` is the one that its previous metric led to, or 0; 0 when there is no room
 * to track it. A device names its metrics in the same order again and again, and its list is kept in that order, so the next series
 * is nearly always the right one and the index is not asked.
 */
@inline
function seriesAfter(device: usize, before: usize, number: u32, metric: u32): usize {
  const next = before == 0 ? load<u32>(device, DEVICE_AT_SERIES) : load<u32>(before, SERIES_AT_NEXT);
  const at: usize = next == 0 ? 0 : seriesAt(next - 1);
  return at == 0 || load<u32>(at, POINT_AT_METRIC) != metric ? obtainSeries(device, before, number, metric) : at;
}

// The newest value of a series by event time is kept. Of equal times a text is newer than a number, since the database, which has
// them in two tables, cannot tell which of them came first. Of two of one kind the last that comes replaces, so a correction wins.

/** `device`: its state. Answers the series, for the message's next metric. */
@inline
export function updateLatest(device: usize, before: usize, number: u32, metric: u32, tsUs: u64, receiveUs: u64, value: f64): usize {
  const at = seriesAfter(device, before, number, metric);
  if (at == 0) return before;
  if (tsUs >= load<u64>(at, POINT_AT_TS_US) && (load<u32>(at, POINT_AT_KIND) == POINT_NUMBER || replaceText(at, tsUs))) {
    storeNumber(at, number, metric, tsUs, receiveUs, value);
  }
  return at;
}

/** The same with a text of `bytes` bytes. */
export function updateLatestText(device: usize, before: usize, number: u32, metric: u32, tsUs: u64, receiveUs: u64, text: usize, bytes: u32): usize {
  const at = seriesAfter(device, before, number, metric);
  if (at == 0) return before;
  if (tsUs < load<u64>(at, POINT_AT_TS_US)) return at;
  if (load<u32>(at, POINT_AT_KIND) != POINT_NUMBER) dropText(load<u32>(at, SERIES_AT_TEXT_PAGE));
  storeText(at, number, metric, tsUs, receiveUs, bytes);
  const page = bytes == 0 ? 0 : keepText(text, bytes);
  store<u32>(at, page, SERIES_AT_TEXT_PAGE);
  if (page == 0 && bytes != 0) {
    store<u32>(at, POINT_UNHELD, POINT_AT_KIND);
    count(COUNTER_PIPELINE_LATEST_UNTRACKED);
  }
  return at;
}

/** Makes way for a number in a series whose newest value is a text; false: the text stays. */
function replaceText(at: usize, tsUs: u64): bool {
  if (tsUs == load<u64>(at, POINT_AT_TS_US)) return false;
  dropText(load<u32>(at, SERIES_AT_TEXT_PAGE));
  return true;
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
        store<u8>(device, load<u8>(device, DEVICE_AT_FLAGS) | DEVICE_UNTRACKED, DEVICE_AT_FLAGS);
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

/** Lays the device's latest points at LATEST_OFFSET and answers their bytes. What has no room there is named as held elsewhere. */
export function latest(number: u32): u32 {
  const device = findDevice(number);
  if (device == 0) return 0;
  let to = <usize>LATEST_OFFSET;
  let texts: u32 = 0;
  let next = load<u32>(device, DEVICE_AT_SERIES);
  for (let points: u32 = 0; next != 0 && points < LATEST_MAX; points++) {
    assert(next <= series, 'a device links to a series that there is none of');
    const at = seriesAt(next - 1);
    memory.copy(to, at, POINT_BYTES);
    if (load<u32>(at, POINT_AT_KIND) == POINT_TEXT) {
      const bytes = load<u32>(at, POINT_AT_TEXT_BYTES);
      const room = (bytes + POINT_ALIGN_BYTES - 1) & ~(POINT_ALIGN_BYTES - 1);
      if (texts + room <= LATEST_TEXT_BYTES) {
        copyText(load<u32>(at, SERIES_AT_TEXT_PAGE), to + POINT_BYTES, bytes);
        texts += room;
        to += room;
      } else store<u32>(to, POINT_UNHELD, POINT_AT_KIND);
    }
    to += POINT_BYTES;
    next = load<u32>(at, SERIES_AT_NEXT);
  }
  if (next != 0 || (load<u8>(device, DEVICE_AT_FLAGS) & DEVICE_UNTRACKED) != 0) {
    memory.fill(to, 0, POINT_BYTES);
    store<u32>(to, number, POINT_AT_DEVICE);
    store<u32>(to, POINT_UNHELD, POINT_AT_KIND);
    to += POINT_BYTES;
  }
  assert(to <= <usize>(LATEST_OFFSET + LATEST_BYTES), 'the answer reaches past its region');
  return <u32>(to - LATEST_OFFSET);
}
