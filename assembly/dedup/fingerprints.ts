import {
  FINGERPRINTS_OFFSET,
  FINGERPRINT_SLOTS,
  HEAD_AT_NEWER_GENERATION,
  HEAD_AT_NEWER_STARTED_US,
  HEAD_AT_NEWER_USED,
  HEAD_AT_OLDER_USED,
  STATE_HEAD_OFFSET,
} from '../abi/state';

// Two generations of 64-bit payload fingerprints in open-addressed tables. The older one is forgotten
// when the newer one is a minute old or three quarters full, so a resend within a minute is found
// unless more than FINGERPRINT_SLOTS messages that need fingerprints came between.

const GENERATION_US: u64 = 60_000_000;
const GENERATION_BYTES: u32 = FINGERPRINT_SLOTS * 8;
const GENERATION_USED_MAX: u32 = FINGERPRINT_SLOTS / 4 * 3;

let newer: usize = FINGERPRINTS_OFFSET;
let older: usize = FINGERPRINTS_OFFSET + GENERATION_BYTES;
let used: u32 = 0;
let olderUsed: u32 = 0;
let startedUs: u64 = 0;

@inline
function slotOf(generation: usize, fingerprint: u64): usize {
  let slot = <u32>fingerprint & (FINGERPRINT_SLOTS - 1);
  while (true) {
    const at = generation + (<usize>slot << 3);
    const held = load<u64>(at);
    if (held == 0 || held == fingerprint) return at;
    slot = (slot + 1) & (FINGERPRINT_SLOTS - 1);
  }
}

/** Whether the fingerprint was seen in the last one or two generations; adds it to the newer one. */
export function sawFingerprint(fingerprint: u64, receiveUs: u64): bool {
  if (fingerprint == 0) fingerprint = 1; // 0 marks a free slot
  if (used >= GENERATION_USED_MAX || receiveUs >= startedUs + GENERATION_US) {
    const oldest = older;
    older = newer;
    newer = oldest;
    assert(used <= GENERATION_USED_MAX, 'a generation of fingerprints is too full');
    memory.fill(newer, 0, GENERATION_BYTES);
    olderUsed = used;
    used = 0;
    startedUs = receiveUs;
  }
  const at = slotOf(newer, fingerprint);
  if (load<u64>(at) == fingerprint) return true;
  store<u64>(at, fingerprint);
  used++;
  return load<u64>(slotOf(older, fingerprint)) == fingerprint;
}

export function describeFingerprints(): void {
  store<u32>(STATE_HEAD_OFFSET, newer == FINGERPRINTS_OFFSET ? 0 : 1, HEAD_AT_NEWER_GENERATION);
  store<u32>(STATE_HEAD_OFFSET, used, HEAD_AT_NEWER_USED);
  store<u64>(STATE_HEAD_OFFSET, startedUs, HEAD_AT_NEWER_STARTED_US);
  store<u32>(STATE_HEAD_OFFSET, olderUsed, HEAD_AT_OLDER_USED);
}

export function adoptFingerprints(): bool {
  const generation = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_NEWER_GENERATION);
  if (generation > 1) return false;
  newer = FINGERPRINTS_OFFSET + generation * GENERATION_BYTES;
  older = FINGERPRINTS_OFFSET + (1 - generation) * GENERATION_BYTES;
  used = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_NEWER_USED);
  startedUs = load<u64>(STATE_HEAD_OFFSET, HEAD_AT_NEWER_STARTED_US);
  olderUsed = load<u32>(STATE_HEAD_OFFSET, HEAD_AT_OLDER_USED);
  return used <= GENERATION_USED_MAX && olderUsed <= GENERATION_USED_MAX;
}
