import {
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_BYTES,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_BYTES,
  DECODED_NUMBER,
  DECODED_OFFSET,
  DECODED_READING_BYTES,
} from '../abi/pipeline';
import { xxh64 } from '../memory';
import { DEVICE_AT_PRINTS, DEVICE_PRINTS } from '../series/devices';

// A print is a hash of a message's content: its device time and its readings, in any order. A device's state keeps the
// prints of eight numbers: the lowest one of its runs, and those 1, 2, 4, … 64 above it. A sequence that starts again with
// a clock set back meets one of them with other readings, which proves that the message is not a resend.
//
// Print, 8 bytes, ascending by number; 0: free.
//   0  u32 low word of the number     4  u32 hash, never 0

const PRINT_AT_HASH: usize = 4;

const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

@inline
function mix(value: u64): u64 {
  value = (value ^ (value >> 32)) * MULTIPLIER;
  return value ^ (value >> 29);
}

/** The print of a message of the time `tsUs` whose decoded readings lie from `at` to `end`. */
export function decodedPrint(tsUs: u64, at: usize, end: usize): u32 {
  assert(at >= DECODED_OFFSET && end <= DECODED_OFFSET + DECODED_BYTES, 'readings lie outside their region');
  let sum = mix(tsUs);
  for (; at < end; at += DECODED_READING_BYTES) {
    const kind = load<u32>(at, DECODED_AT_KIND);
    const value =
      kind == DECODED_NUMBER
        ? load<u64>(at, DECODED_AT_VALUE)
        : xxh64(load<u32>(at, DECODED_AT_TEXT_OFFSET), load<u32>(at, DECODED_AT_TEXT_BYTES));
    // A sum, as members of an object have no order.
    sum += mix(value ^ mix(((<u64>kind << 32) | <u64>load<u32>(at, DECODED_AT_METRIC)) + 1));
  }
  const hash = <u32>(mix(sum) >> 32);
  return hash == 0 ? 1 : hash;
}

/** Whether the print of a number is kept that is `distance` above the lowest known number. */
@inline
export function isPrinted(distance: u64): bool {
  return distance <= <u64>1 << (DEVICE_PRINTS - 2) && (distance & (distance - 1)) == 0;
}

/** Keeps the print of a number that has none. Without a free place the highest number loses its print: low numbers decide soonest. */
export function keepPrint(device: usize, seq: u64, print: u32): void {
  assert(print != 0, 'a print of 0 marks a free place');
  const end = device + DEVICE_AT_PRINTS + (DEVICE_PRINTS << 3);
  let at = device + DEVICE_AT_PRINTS;
  while (at < end && load<u32>(at, PRINT_AT_HASH) != 0 && load<u32>(at) < <u32>seq) at += 8;
  if (at == end) return;
  if (load<u32>(at, PRINT_AT_HASH) != 0) memory.copy(at + 8, at, end - 8 - at);
  store<u32>(at, <u32>seq);
  store<u32>(at, print, PRINT_AT_HASH);
}

/** The print of the first message with this number; 0: it is not kept. */
export function printOf(device: usize, seq: u64): u32 {
  const end = device + DEVICE_AT_PRINTS + (DEVICE_PRINTS << 3);
  for (let at = device + DEVICE_AT_PRINTS; at < end && load<u32>(at, PRINT_AT_HASH) != 0; at += 8) {
    if (load<u32>(at) == <u32>seq) return load<u32>(at, PRINT_AT_HASH);
  }
  return 0;
}

/** Forgets the device's prints, because its sequence starts again. */
export function forgetPrints(device: usize): void {
  memory.fill(device + DEVICE_AT_PRINTS, 0, DEVICE_PRINTS << 3);
}
