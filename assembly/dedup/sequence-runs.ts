import { COUNTER_PIPELINE_REBOOTS, COUNTER_PIPELINE_RUNS_FORGOTTEN } from '../abi/counters';
import { HEAD_AT_FREE_RUN_PAGE, HEAD_AT_RUN_PAGES, RUN_PAGES_MAX, RUN_PAGES_OFFSET, RUN_PAGE_BYTES, STATE_HEAD_OFFSET } from '../abi/state';
import { count } from '../memory';
import { countForgotten, countReboot } from '../series/accounts';
import { DEVICE_AT_INLINE_RUNS, DEVICE_AT_RUNS, DEVICE_AT_RUN_PAGE, INLINE_RUNS } from '../series/devices';
import { decodedPrint, forgetPrints, isPrinted, keepPrint, printOf } from './prints';

// The sequence numbers received from a device, as runs ascending by number and never adjacent:
//
//   0  u64 first     8  u64 last     16  u64 earliest event time, µs     24  u64 latest event time
//
// A resent message carries the number and the time of its first sending, so it falls into a run and
// into the run's span of times. A number in a run with a time outside the run's span is used a second time:
// the device has rebooted, and its runs start again. A device without a clock chip may boot with a time
// inside the span: then the prints of some numbers show that its readings differ.

const RUN_BYTES: u32 = 32;
const RUN_AT_LAST: usize = 8;
const RUN_AT_EARLIEST: usize = 16;
const RUN_AT_LATEST: usize = 24;
const PAGE_RUNS: u32 = RUN_PAGE_BYTES / RUN_BYTES;

let pages: u32 = 0;
/** Head of the list of freed pages, each linked through its first word: page + 1, or 0. */
let freePage: u32 = 0;

@inline
function runsOf(device: usize): usize {
  const page = load<u32>(device, DEVICE_AT_RUN_PAGE);
  return page == 0 ? device + DEVICE_AT_INLINE_RUNS : <usize>(RUN_PAGES_OFFSET + (page - 1) * RUN_PAGE_BYTES);
}

/** Index of the first run whose last number is not below `seq`; `runs` when there is none. */
function search(at: usize, runs: u32, seq: u64): u32 {
  // Numbers ascend in the usual case, so the last run is looked at first.
  if (runs > 0 && seq > load<u64>(at + (runs - 1) * RUN_BYTES, RUN_AT_LAST)) return runs;
  let low: u32 = 0;
  let high = runs;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u64>(at + middle * RUN_BYTES, RUN_AT_LAST) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Notes that the device sent `seq` at the device time `tsUs`, and answers whether the message was received before.
 * The decoded readings of the message lie from `from` to before `to`.
 */
export function receivedBefore(device: usize, seq: u64, tsUs: u64, from: usize, to: usize): bool {
  const at = runsOf(device);
  const runs = <u32>load<u8>(device, DEVICE_AT_RUNS);
  const index = search(at, runs, seq);
  const run = at + index * RUN_BYTES;
  if (index == runs || load<u64>(run) > seq) {
    note(device, at, runs, index, seq, tsUs);
  } else {
    if (tsUs >= load<u64>(run, RUN_AT_EARLIEST) && tsUs <= load<u64>(run, RUN_AT_LATEST)) {
      const known = printOf(device, seq);
      if (known == 0 || known == decodedPrint(tsUs, from, to)) return true;
    }
    reboot(device, seq, tsUs);
  }
  const distance = seq - load<u64>(runsOf(device));
  if (isPrinted(distance)) keepPrint(device, seq, decodedPrint(tsUs, from, to));
  return false;
}

/**
 * Notes that the device sent `seq` without a device time, and answers whether the message was received before. For a known number
 * `seen` decides: whether the same payload arrived within the last minute.
 */
export function receivedBeforeUntimed(device: usize, seq: u64, receiveUs: u64, seen: bool): bool {
  const at = runsOf(device);
  const runs = <u32>load<u8>(device, DEVICE_AT_RUNS);
  const index = search(at, runs, seq);
  if (index == runs || load<u64>(at + index * RUN_BYTES) > seq) {
    note(device, at, runs, index, seq, receiveUs);
    return false;
  }
  if (seen) return true;
  reboot(device, seq, receiveUs);
  return false;
}

/** Notes a number that is in no run; `index` is that of the first run above it. */
@inline
function note(device: usize, at: usize, runs: u32, index: u32, seq: u64, tsUs: u64): void {
  const run = at + index * RUN_BYTES;
  const joinsBefore = index > 0 && load<u64>(run - RUN_BYTES, RUN_AT_LAST) + 1 == seq;
  const joinsAfter = index < runs && load<u64>(run) == seq + 1;
  if (joinsBefore) {
    const before = run - RUN_BYTES;
    store<u64>(before, seq, RUN_AT_LAST);
    widen(before, tsUs, tsUs);
    if (joinsAfter) {
      store<u64>(before, load<u64>(run, RUN_AT_LAST), RUN_AT_LAST);
      widen(before, load<u64>(run, RUN_AT_EARLIEST), load<u64>(run, RUN_AT_LATEST));
      remove(device, at, runs, index);
    }
  } else if (joinsAfter) {
    store<u64>(run, seq);
    widen(run, tsUs, tsUs);
  } else {
    insert(device, index, seq, tsUs);
  }
}

/** Starts the device's runs again after a reboot, with the first message of its new sequence. */
function reboot(device: usize, seq: u64, tsUs: u64): void {
  count(COUNTER_PIPELINE_REBOOTS);
  countReboot(device, tsUs);
  releasePage(device);
  forgetPrints(device);
  store<u8>(device, 1, DEVICE_AT_RUNS);
  write(device + DEVICE_AT_INLINE_RUNS, seq, tsUs);
}

@inline
function widen(run: usize, earliest: u64, latest: u64): void {
  if (earliest < load<u64>(run, RUN_AT_EARLIEST)) store<u64>(run, earliest, RUN_AT_EARLIEST);
  if (latest > load<u64>(run, RUN_AT_LATEST)) store<u64>(run, latest, RUN_AT_LATEST);
}

@inline
function write(run: usize, seq: u64, tsUs: u64): void {
  store<u64>(run, seq);
  store<u64>(run, seq, RUN_AT_LAST);
  store<u64>(run, tsUs, RUN_AT_EARLIEST);
  store<u64>(run, tsUs, RUN_AT_LATEST);
}

/** Removes a run; the runs move back into the device's state when they fit there again. */
function remove(device: usize, at: usize, runs: u32, index: u32): void {
  assert(index < runs, 'there is no such run');
  const run = at + index * RUN_BYTES;
  memory.copy(run, run + RUN_BYTES, (runs - index - 1) * RUN_BYTES);
  store<u8>(device, <u8>(runs - 1), DEVICE_AT_RUNS);
  if (runs - 1 == INLINE_RUNS >> 1 && load<u32>(device, DEVICE_AT_RUN_PAGE) != 0) {
    memory.copy(device + DEVICE_AT_INLINE_RUNS, at, (runs - 1) * RUN_BYTES);
    releasePage(device);
  }
}

/**
 * Inserts a run of one number. Without room the lowest run is forgotten: a message of it that is sent
 * again would be stored again, which is counted; nothing is ever dropped for want of room.
 */
function insert(device: usize, index: u32, seq: u64, tsUs: u64): void {
  let runs = <u32>load<u8>(device, DEVICE_AT_RUNS);
  const paged = load<u32>(device, DEVICE_AT_RUN_PAGE) != 0;
  if (runs == (paged ? PAGE_RUNS : INLINE_RUNS) && (paged || !takePage(device))) {
    count(COUNTER_PIPELINE_RUNS_FORGOTTEN);
    countForgotten(device);
    if (index == 0) return;
    const at = runsOf(device);
    memory.copy(at, at + RUN_BYTES, (runs - 1) * RUN_BYTES);
    runs--;
    index--;
  }
  assert(index <= runs && runs < PAGE_RUNS, 'there is no room for a run');
  const run = runsOf(device) + index * RUN_BYTES;
  memory.copy(run + RUN_BYTES, run, (runs - index) * RUN_BYTES);
  write(run, seq, tsUs);
  store<u8>(device, <u8>(runs + 1), DEVICE_AT_RUNS);
}

/** Moves the inline runs to a page; false when no page is left. */
function takePage(device: usize): bool {
  let page = freePage;
  if (page != 0) {
    freePage = load<u32>(RUN_PAGES_OFFSET + (page - 1) * RUN_PAGE_BYTES);
  } else {
    if (pages == RUN_PAGES_MAX) return false;
    page = ++pages;
  }
  assert(page <= RUN_PAGES_MAX, 'there is no such page of runs');
  const at = <usize>(RUN_PAGES_OFFSET + (page - 1) * RUN_PAGE_BYTES);
  memory.copy(at, device + DEVICE_AT_INLINE_RUNS, INLINE_RUNS * RUN_BYTES);
  store<u32>(device, page, DEVICE_AT_RUN_PAGE);
  return true;
}

function releasePage(device: usize): void {
  const page = load<u32>(device, DEVICE_AT_RUN_PAGE);
  if (page == 0) return;
  assert(page <= pages, 'the page of runs was never handed out');
  store<u32>(RUN_PAGES_OFFSET + (page - 1) * RUN_PAGE_BYTES, freePage);
  freePage = page;
  store<u32>(device, 0, DEVICE_AT_RUN_PAGE);
}

export function describeRunPages(): void {
  store<u32>(STATE_HEAD_OFFSET, pages, HEAD_AT_RUN_PAGES);
  store<u32>(STATE_HEAD_OFFSET, freePage, HEAD_AT_FREE_RUN_PAGE);
}

export function adoptRunPages(): bool {
  pages = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_RUN_PAGES);
  freePage = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_FREE_RUN_PAGE);
  return pages <= RUN_PAGES_MAX && freePage <= pages;
}

/** Writes the first and the last number of each run to `to`, two u64 a run; answers how many runs there are. */
export function listRuns(device: usize, to: usize): u32 {
  const runs = <u32>load<u8>(device, DEVICE_AT_RUNS);
  const at = runsOf(device);
  for (let i: u32 = 0; i < runs; i++) memory.copy(to + i * 16, at + i * RUN_BYTES, 16);
  return runs;
}
