import { READINGS_MAX, READINGS_OFFSET, READING_BYTES, SORT_OFFSET } from '../abi/pipeline';

// Finds the order of the open batch's readings without moving them. It sorts words, one a reading: the reading's place
// in the low bits, and above them as many bits of a key as one pass sorts by. A radix sort, least
// significant digit first, keeps equal keys in order of arrival. Devices send their readings in
// rising order of time, so the key is (device, metric), and time is looked at only where it falls within a run
// of equal keys: see rows/readings.ts.

const PLACE_BITS: u64 = 19;
const PLACE_MASK: u64 = READINGS_MAX - 1;
const KEY_BITS_MAX: u32 = 64 - <u32>PLACE_BITS;

/** Bits of a digit: its counters must stay in the nearest cache, and few words are not worth so many counters. */
const DIGIT_BITS_MAX: u32 = 11;
const DIGIT_BITS_OF_FEW: u32 = 8;
const FEW: u32 = 4096;
/** Up to so many words are sorted by insertion. */
const INSERTION_MAX: u32 = 24;

const counters = memory.data((1 << DIGIT_BITS_MAX) * 4, 64);

const FIRST: usize = SORT_OFFSET;
const SECOND: usize = SORT_OFFSET + READINGS_MAX * 8;

// A reading, READING_BYTES: the fields as its row has them, so that their order as signed numbers is PostgreSQL's order.
export const AT_DEVICE: usize = 0; // i32
export const AT_METRIC: usize = 4; // i32
export const AT_TIME: usize = 8; // i64, µs from 2000-01-01
export const AT_VALUE: usize = 16; // f64

/** The reading that a word stands for. */
@inline
export function readingOf(word: u64): usize {
  return <usize>(READINGS_OFFSET + <u32>(word & PLACE_MASK) * READING_BYTES);
}

@inline
function readingAt(place: u32): usize {
  return <usize>(READINGS_OFFSET + place * READING_BYTES);
}

@inline
function timeOf(word: u64): i64 {
  return load<i64>(readingOf(word), AT_TIME);
}

@inline
function bitsOf(range: u64): u32 {
  return 64 - <u32>clz<u64>(range);
}

/** Orders the words by the lowest `bits` bits of their keys; answers the address where they lie then, `from` or `to`. */
function radix(from: usize, to: usize, words: u32, bits: u32): usize {
  const digitMax = words < FEW ? DIGIT_BITS_OF_FEW : DIGIT_BITS_MAX;
  const passes = (bits + digitMax - 1) / digitMax;
  if (passes == 0) return from;
  const digit = (bits + passes - 1) / passes;
  const mask: u64 = (1 << digit) - 1;
  for (let pass: u32 = 0; pass < passes; pass++) {
    const shift: u64 = PLACE_BITS + <u64>(pass * digit);
    const end = from + (words << 3);
    memory.fill(counters, 0, 4 << digit);
    for (let at = from; at < end; at += 8) {
      const counter = counters + (<usize>((load<u64>(at) >> shift) & mask) << 2);
      store<u32>(counter, load<u32>(counter) + 1);
    }
    // A counter becomes the address of its digit's next word.
    let next = <u32>to;
    for (let counter = counters; counter < counters + (4 << digit); counter += 4) {
      const count = load<u32>(counter);
      store<u32>(counter, next);
      next += count << 3;
    }
    for (let at = from; at < end; at += 8) {
      const word = load<u64>(at);
      const counter = counters + (<usize>((word >> shift) & mask) << 2);
      const target = load<u32>(counter);
      store<u64>(target, word);
      store<u32>(counter, target + 8);
    }
    const other = from;
    from = to;
    to = other;
  }
  return from;
}

/** Whether the readings are in order already. */
function isInOrder(readings: u32): bool {
  for (let place: u32 = 1; place < readings; place++) {
    const at = readingAt(place);
    const device = load<i32>(at, AT_DEVICE);
    const metric = load<i32>(at, AT_METRIC);
    const deviceBefore = load<i32>(at - READING_BYTES, AT_DEVICE);
    const metricBefore = load<i32>(at - READING_BYTES, AT_METRIC);
    if (device < deviceBefore) return false;
    if (device > deviceBefore) continue;
    if (metric < metricBefore) return false;
    if (metric == metricBefore && load<i64>(at, AT_TIME) < load<i64>(at - READING_BYTES, AT_TIME)) return false;
  }
  return true;
}

/** Orders the readings by (device, metric); answers the address of their words, or 0: the readings are in full order already. */
export function sortReadings(readings: u32): usize {
  if (isInOrder(readings)) return 0;
  // Device and metric are the first two lanes.
  let least = v128.load(READINGS_OFFSET);
  let most = least;
  for (let place: u32 = 1; place < readings; place++) {
    const reading = v128.load(readingAt(place));
    least = i32x4.min_s(least, reading);
    most = i32x4.max_s(most, reading);
  }
  const deviceMin = i32x4.extract_lane(least, 0);
  const deviceMax = i32x4.extract_lane(most, 0);
  const metricMin = i32x4.extract_lane(least, 1);
  const metricMax = i32x4.extract_lane(most, 1);
  // As unsigned numbers, the differences are right however far apart the signed ones are.
  const metricBits = bitsOf(<u64>(<u32>metricMax - <u32>metricMin));
  const deviceBits = bitsOf(<u64>(<u32>deviceMax - <u32>deviceMin));
  if (deviceBits + metricBits > KEY_BITS_MAX) return sortTwice(readings, deviceMin, deviceBits, metricMin, metricBits);
  for (let place: u32 = 0; place < readings; place++) {
    const at = readingAt(place);
    const metricPart = <u64>(load<u32>(at, AT_METRIC) - <u32>metricMin);
    const devicePart = <u64>(load<u32>(at, AT_DEVICE) - <u32>deviceMin);
    const key = (devicePart << <u64>metricBits) | metricPart;
    store<u64>(FIRST + (<usize>place << 3), (key << PLACE_BITS) | <u64>place);
  }
  return radix(FIRST, SECOND, readings, deviceBits + metricBits);
}

/** Orders the readings where device and metric together do not fit one word: by metric first, then by device. */
function sortTwice(readings: u32, deviceMin: i32, deviceBits: u32, metricMin: i32, metricBits: u32): usize {
  for (let place: u32 = 0; place < readings; place++) {
    const key = <u64>(load<u32>(readingAt(place), AT_METRIC) - <u32>metricMin);
    store<u64>(FIRST + (<usize>place << 3), (key << PLACE_BITS) | <u64>place);
  }
  const words = radix(FIRST, SECOND, readings, metricBits);
  for (let i: u32 = 0; i < readings; i++) {
    const at = words + (<usize>i << 3);
    const word = load<u64>(at);
    const key = <u64>(load<u32>(readingOf(word), AT_DEVICE) - <u32>deviceMin);
    store<u64>(at, (key << PLACE_BITS) | (word & PLACE_MASK));
  }
  return radix(words, words == FIRST ? SECOND : FIRST, readings, deviceBits);
}

/** Orders a run of words, whose readings have device and metric in common, by time; `words` is what sortReadings answered. */
export function sortRun(words: usize, first: u32, count: u32): void {
  const run = words + (<usize>first << 3);
  if (count <= INSERTION_MAX) insertByTime(run, count);
  else radixByTime(run, (words == FIRST ? SECOND : FIRST) + (<usize>first << 3), count);
}

function insertByTime(run: usize, count: u32): void {
  const end = run + (count << 3);
  for (let at = run + 8; at < end; at += 8) {
    const word = load<u64>(at);
    const time = timeOf(word);
    let to = at;
    while (to > run && timeOf(load<u64>(to - 8)) > time) {
      store<u64>(to, load<u64>(to - 8));
      to -= 8;
    }
    store<u64>(to, word);
  }
}

function radixByTime(run: usize, other: usize, count: u32): void {
  const end = run + (count << 3);
  let timeMin = i64.MAX_VALUE;
  let timeMax = i64.MIN_VALUE;
  for (let at = run; at < end; at += 8) {
    const time = timeOf(load<u64>(at));
    timeMin = min(timeMin, time);
    timeMax = max(timeMax, time);
  }
  const bits = bitsOf(<u64>timeMax - <u64>timeMin);
  let sorted = run;
  for (let done: u32 = 0; done < bits; done += KEY_BITS_MAX) {
    for (let i: u32 = 0; i < count; i++) {
      const at = sorted + (<usize>i << 3);
      const word = load<u64>(at);
      const key = (<u64>timeOf(word) - <u64>timeMin) >> <u64>done;
      store<u64>(at, (key << PLACE_BITS) | (word & PLACE_MASK)); // bits that do not fit the word are for the next round
    }
    sorted = radix(sorted, sorted == run ? other : run, count, min(bits - done, KEY_BITS_MAX));
  }
  if (sorted == other) memory.copy(run, other, count << 3);
}
