import { CODE_NAME_BYTES, CODES_MAX } from './codes.ts';
import { KIB } from './limits.ts';

// Memory common to both modules: [0, 256 KiB) holds the module's own statics, then these. A region is `NAME_OFFSET` (bytes from
// the start of linear memory) and `NAME_BYTES`.

export const STATICS_BYTES: u32 = 256 * KIB;

/** u64 counters, read by other threads while they run; the first CODES_MAX count refusals by code. */
export const COUNTERS_OFFSET: u32 = STATICS_BYTES;
export const COUNTERS_MAX: u32 = CODES_MAX * 3;
export const COUNTERS_BYTES: u32 = COUNTERS_MAX * 8;

/** Arguments that the host writes for a call: one device, one metric name, one payload. */
export const STAGE_OFFSET: u32 = COUNTERS_OFFSET + COUNTERS_BYTES;
export const STAGE_BYTES: u32 = 256 * KIB;

// A device in the stage: its token hash, then "tenant\0id".
export const STAGE_DEVICE_AT_TOKEN_HASH: u32 = 0;
export const STAGE_DEVICE_AT_NAME: u32 = 32;

export const CODE_NAMES_OFFSET: u32 = STAGE_OFFSET + STAGE_BYTES;
export const CODE_NAMES_BYTES: u32 = CODES_MAX * CODE_NAME_BYTES;

/** First byte after the common regions, rounded up to a page. */
export const COMMON_END: u32 = 640 * KIB;
