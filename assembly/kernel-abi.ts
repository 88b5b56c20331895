// Layouts that concern the pipeline's kernel and its tests alone. As abi.ts: both compilers read it, and it holds integers alone.

// Head of the state, which a checkpoint brings from one instance to the next
export const HEAD_AT_DEVICES: u32 = 0; // u32 each, but for the time
export const HEAD_AT_SERIES: u32 = 4;
export const HEAD_AT_RUN_PAGES: u32 = 8;
export const HEAD_AT_FREE_RUN_PAGE: u32 = 12;
export const HEAD_AT_NEWER_GENERATION: u32 = 16;
export const HEAD_AT_NEWER_USED: u32 = 20;
export const HEAD_AT_NEWER_STARTED_US: u32 = 24; // u64
export const HEAD_AT_OLDER_USED: u32 = 32;
export const HEAD_AT_SHAPES: u32 = 36;
export const HEAD_AT_OLDEST_SHAPE: u32 = 40;
export const HEAD_AT_SHAPE_MISSES: u32 = 44;
export const HEAD_AT_NEWEST_SHAPE: u32 = 48;
export const HEAD_AT_SOURCES: u32 = 52;

// Who wrote blocks that came as records
export const SOURCE_BYTES: u32 = 24;
export const SOURCE_AT_NUMBER: u32 = 8; // u64, behind the u64 that names it
export const SOURCE_AT_USED: u32 = 16; // u64

// Decoded reading
export const DECODED_AT_METRIC: u32 = 0; // u32 metric number
export const DECODED_AT_KIND: u32 = 4; // u32
export const DECODED_AT_VALUE: u32 = 8; // f64
export const DECODED_AT_TEXT_OFFSET: u32 = 16; // u32
export const DECODED_AT_TEXT_BYTES: u32 = 20; // u32
export const DECODED_NUMBER: u32 = 0;
export const DECODED_TEXT: u32 = 1;
