import { VERDICTS_BYTES } from './pipeline.ts';

// Verdicts: what became of messages whose senders wait for it (FLAG_AWAITED), for the host to fetch after a round.
//
// Region: u32 entries, up to a multiple of 64 bytes, then the entries. A message for which there is no room has no verdict, and its
// sender is answered that nothing is known.
//
// Entry:
//   0  u64 xxh64(payload), seed: the device     16  u32 samples stored        24  u32 values left out
//   8  u32 device number                        20  u32 samples duplicate     28  u32 why the first was, or CODE_NONE
//  12  u32 code of the dead letter, or CODE_NONE

export const VERDICTS_HEADER_BYTES: u32 = 64;
export const VERDICT_BYTES: u32 = 32;
/** More than a body of HTTP has items, so that no body fills it alone. */
export const VERDICTS_MAX: u32 = (VERDICTS_BYTES - VERDICTS_HEADER_BYTES) / VERDICT_BYTES;
export const VERDICT_AT_HASH: u32 = 0; // u64
export const VERDICT_AT_DEVICE: u32 = 8; // u32
export const VERDICT_AT_CODE: u32 = 12; // u32
export const VERDICT_AT_STORED: u32 = 16; // u32
export const VERDICT_AT_DUPLICATE: u32 = 20; // u32
export const VERDICT_AT_SKIPPED: u32 = 24; // u32
export const VERDICT_AT_SKIPPED_CODE: u32 = 28; // u32
