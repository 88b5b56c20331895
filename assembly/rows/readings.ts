import { POSTGRES_EPOCH_US } from '../abi/limits';
import { BATCH_READINGS_BYTES, READINGS_MAX, READINGS_OFFSET, READING_BYTES, READING_ROW_BYTES } from '../abi/pipeline';
import { AT_DEVICE, AT_METRIC, AT_TIME, AT_VALUE, readingOf, sortReadings, sortRun } from './sort';

// The open batch's readings in order of arrival; their rows are written in order when the batch is sealed.

let end: usize = READINGS_OFFSET;

export function clearReadings(): void {
  end = READINGS_OFFSET;
}

@inline
export function readingCount(): u32 {
  return <u32>(end - READINGS_OFFSET) / READING_BYTES;
}

@inline
export function appendReading(device: u32, metric: u32, tsUs: u64, value: f64): void {
  store<u32>(end, device, AT_DEVICE);
  store<u32>(end, metric, AT_METRIC);
  store<u64>(end, tsUs - POSTGRES_EPOCH_US, AT_TIME);
  store<f64>(end, value, AT_VALUE);
  end += READING_BYTES;
}

/**
 * readings (device_id int4, metric_id int4, ts timestamptz, value float8), 42 bytes:
 *
 *   0  i16 4     2  i32 4, device     10  i32 4, metric     18  i32 8, ts     30  i32 8, value
 *
 * Each store may write bytes after its field, which the next store overwrites.
 */
@inline
function writeRow(at: usize, reading: usize): void {
  store<u64>(at, 0x0000040000000400);
  store<u64>(at, <u64>bswap<u32>(load<u32>(reading, AT_DEVICE)) | 0x0400000000000000, 6);
  store<u64>(at, <u64>bswap<u32>(load<u32>(reading, AT_METRIC)) | 0x0800000000000000, 14);
  store<u64>(at, bswap<u64>(load<u64>(reading, AT_TIME)), 22);
  store<u32>(at, 0x08000000, 30);
  store<u64>(at, bswap<u64>(load<u64>(reading, AT_VALUE)), 34);
}

/** Writes the rows of all readings to `at`, by (device, metric, time), equal ones in order of arrival; answers the position after them. */
export function writeReadings(at: usize): usize {
  const readings = readingCount();
  assert(readings <= READINGS_MAX, 'more readings than a batch holds');
  assert(readings * READING_ROW_BYTES <= BATCH_READINGS_BYTES, 'the rows reach into the texts');
  const words = sortReadings(readings);
  if (words != 0) return writeSorted(at, words, readings);
  for (let reading: usize = READINGS_OFFSET; reading < end; reading += READING_BYTES) {
    writeRow(at, reading);
    at += READING_ROW_BYTES;
  }
  return at;
}

function writeSorted(start: usize, words: usize, readings: u32): usize {
  let run: u32 = 0;
  let runKey: u64 = 0;
  let time: i64 = 0;
  let i: u32 = 0;
  while (i < readings) {
    const reading = readingOf(load<u64>(words + (<usize>i << 3)));
    const key = load<u64>(reading, AT_DEVICE); // device and metric in one
    const next = load<i64>(reading, AT_TIME);
    if (i == 0 || key != runKey) {
      run = i;
      runKey = key;
    } else if (next < time) {
      sortRun(words, run, runEnd(words, readings, i) - run);
      i = run;
      time = i64.MIN_VALUE;
      continue;
    }
    time = next;
    writeRow(start + i * READING_ROW_BYTES, reading);
    i++;
  }
  return start + readings * READING_ROW_BYTES;
}

function runEnd(words: usize, readings: u32, within: u32): u32 {
  const key = load<u64>(readingOf(load<u64>(words + (<usize>within << 3))), AT_DEVICE);
  while (within < readings && load<u64>(readingOf(load<u64>(words + (<usize>within << 3))), AT_DEVICE) == key) within++;
  return within;
}
