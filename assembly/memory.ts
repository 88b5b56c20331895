import { COUNTERS_OFFSET } from './abi/regions';

/** Adds to a counter. One thread writes each counter; others may read a value a moment old. */
@inline
export function count(counter: u32, amount: u64 = 1): void {
  const at = <usize>(COUNTERS_OFFSET + (counter << 3));
  store<u64>(at, load<u64>(at) + amount);
}

/** Whether two runs of `bytes` bytes are the same. */
export function sameBytes(a: usize, b: usize, bytes: u32): bool {
  let rest = bytes;
  while (rest >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    rest -= 8;
  }
  while (rest > 0) {
    if (load<u8>(a) != load<u8>(b)) return false;
    a++;
    b++;
    rest--;
  }
  return true;
}

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;

@inline
function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * PRIME_2, 31) * PRIME_1;
}

@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
}

// xxHash, 64 bits. xxHash specification 0.1.1, "XXH64 algorithm description": four lanes take stripes of 32 bytes, and the
// bytes after the last stripe go into the sum of the lanes. The lanes lie in memory, so that bytes are hashed as they arrive.

export const XXH64_LANES_BYTES: u32 = 32;
const STRIPE_BYTES: u32 = 32;

export function beginXxh64(lanes: usize, seed: u64 = 0): void {
  store<u64>(lanes, seed + PRIME_1 + PRIME_2);
  store<u64>(lanes, seed + PRIME_2, 8);
  store<u64>(lanes, seed, 16);
  store<u64>(lanes, seed - PRIME_1, 24);
}

/** Takes the whole stripes between `at` and `end`; answers where they end. */
export function addXxh64(lanes: usize, at: usize, end: usize): usize {
  let lane1 = load<u64>(lanes);
  let lane2 = load<u64>(lanes, 8);
  let lane3 = load<u64>(lanes, 16);
  let lane4 = load<u64>(lanes, 24);
  while (at + STRIPE_BYTES <= end) {
    lane1 = round(lane1, load<u64>(at));
    lane2 = round(lane2, load<u64>(at, 8));
    lane3 = round(lane3, load<u64>(at, 16));
    lane4 = round(lane4, load<u64>(at, 24));
    at += STRIPE_BYTES;
  }
  store<u64>(lanes, lane1);
  store<u64>(lanes, lane2, 8);
  store<u64>(lanes, lane3, 16);
  store<u64>(lanes, lane4, 24);
  return at;
}

/** The hash of `bytes` bytes that end at `end`; the lanes have taken the bytes before `at`. */
export function endXxh64(lanes: usize, at: usize, end: usize, bytes: u32): u64 {
  let hash = load<u64>(lanes, 16) + PRIME_5; // fewer than a stripe: the third lane is the seed
  if (bytes >= STRIPE_BYTES) {
    at = addXxh64(lanes, at, end);
    const lane1 = load<u64>(lanes);
    const lane2 = load<u64>(lanes, 8);
    const lane3 = load<u64>(lanes, 16);
    const lane4 = load<u64>(lanes, 24);
    hash = rotl<u64>(lane1, 1) + rotl<u64>(lane2, 7) + rotl<u64>(lane3, 12) + rotl<u64>(lane4, 18);
    hash = merge(hash, lane1);
    hash = merge(hash, lane2);
    hash = merge(hash, lane3);
    hash = merge(hash, lane4);
  }
  hash += <u64>bytes;
  while (at + 8 <= end) {
    hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
    at += 8;
  }
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  while (at < end) {
    hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * PRIME_5), 11) * PRIME_1;
    at++;
  }
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}

const lanesOfOne = memory.data(XXH64_LANES_BYTES, 16);

/** The hash of `bytes` bytes at `at`. */
export function xxh64(at: usize, bytes: u32, seed: u64 = 0): u64 {
  beginXxh64(lanesOfOne, seed);
  return endXxh64(lanesOfOne, at, at + bytes, bytes);
}
