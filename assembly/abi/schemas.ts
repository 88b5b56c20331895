// Laid schemas: how the messages of a schema version are read. The host makes one image of each version, in which metrics have their
// numbers, and lays it between two blocks when a kernel asks for it. An image names no address: its offsets count from its own start.
//
// Region: SCHEMA_SLOTS slots of u32 version and u32 offset of its image from the start of the region; free where the version is 0. Offset 0:
// there is no such version. A version's slot is that of its number modulo SCHEMA_SLOTS, or the next free one after it. Then the images,
// each at a multiple of 8. Time zones lie in the region as well: the slot of one has TIME_ZONE_KEY and its number.

export const SCHEMA_SLOTS: u32 = 4096;
/** No number of a schema version has this bit. */
export const TIME_ZONE_KEY: u32 = 0x8000_0000;
/** So many leave free slots between the taken ones, where a search ends. */
export const SCHEMAS_MAX: u32 = 2048;
export const SCHEMA_SLOT_BYTES: u32 = 8;
export const SCHEMA_SLOT_AT_OFFSET: u32 = 4;
export const SCHEMAS_AT: u32 = SCHEMA_SLOTS * SCHEMA_SLOT_BYTES;
/** Versions that a kernel asks for at once. */
export const WANTED_SCHEMAS_MAX: u32 = 255;

// Image: head, fields, index over them, wanted fields, texts, nodes of its members (profiles.ts), plan of its messages (plans.ts)
export const SCHEMA_AT_FLAGS: u32 = 0; // u32
export const SCHEMA_AT_FORMAT: u32 = 4; // u32: FORMAT_…, or FORMAT_BY_SHAPE
export const SCHEMA_AT_PLAN: u32 = 8; // u32 offset of its plan, or 0
export const SCHEMA_AT_MEMBERS: u32 = 12; // u32 offset of the node of a whole document, or 0
export const SCHEMA_AT_INDEX: u32 = 16; // u32 offset of the index
export const SCHEMA_AT_INDEX_MASK: u32 = 20; // u32
export const SCHEMA_AT_WANTED: u32 = 24; // u32 offset of the u32 offsets of fields that are required or have a default
export const SCHEMA_AT_WANTED_COUNT: u32 = 28; // u32
export const SCHEMA_AT_FIRMWARE: u32 = 32; // u32 metric whose value is the version of the firmware, or 0
/** Offset of the field that came first in the last sample, or 0. The kernel keeps it. */
export const SCHEMA_AT_FIRST: u32 = 36; // u32
/** Number of the codec that decodes its messages, or 0. */
export const SCHEMA_AT_CODEC: u32 = 40; // u32
export const SCHEMA_HEAD_BYTES: u32 = 48;

/** A fault of any field refuses its message. */
export const SCHEMA_STRICT: u32 = 1;
/** Metrics without a field are left out. */
export const SCHEMA_SKIPS_OTHERS: u32 = 2;
/** They are faults. */
export const SCHEMA_REFUSES_OTHERS: u32 = 4;

// Index: u32 offsets of fields by decoded metric, open-addressed with linear probing; 0: free. At most half of it is taken.
export const SCHEMA_HASH: u32 = 0x9e3779b1;
export const SCHEMA_HASH_SHIFT: u32 = 16;

// Field
export const FIELD_BYTES: u32 = 80;
export const FIELD_AT_METRIC: u32 = 0; // u32: as the decoder names it
export const FIELD_AT_TARGET: u32 = 4; // u32: as it is stored; 0: its name has no number
export const FIELD_AT_TYPE: u32 = 8; // u8
export const FIELD_AT_OUTSIDE: u32 = 9; // u8
export const FIELD_AT_FLAGS: u32 = 10; // u16
/** Offset of the field that came after it last time, or 0. The kernel keeps it. */
export const FIELD_AT_NEXT: u32 = 12; // u32
/** Number of the sample that had it last, which the kernel keeps. */
export const FIELD_AT_SAMPLE: u32 = 16; // u64
/** Of an alias, offset of the field whose target its metric is. */
export const FIELD_AT_ALIASED: u32 = 24; // u32
export const FIELD_AT_DEFAULT_BYTES: u32 = 28; // u32, of a default that is a text
export const FIELD_AT_SCALE: u32 = 32; // f64
export const FIELD_AT_OFFSET: u32 = 40; // f64
export const FIELD_AT_DIVISOR: u32 = 48; // f64
export const FIELD_AT_MIN: u32 = 56; // f64
export const FIELD_AT_MAX: u32 = 64; // f64
export const FIELD_AT_DEFAULT: u32 = 72; // f64, or u32 offset of a text

export const FIELD_NUMBER: u32 = 0;
export const FIELD_INTEGER: u32 = 1;
export const FIELD_BOOLEAN: u32 = 2;
export const FIELD_TEXT: u32 = 3;
export const FIELD_ANY: u32 = 4;

export const OUTSIDE_REJECT: u32 = 0;
export const OUTSIDE_CLAMP: u32 = 1;
export const OUTSIDE_FLAG: u32 = 2;

/** A number within the range is stored as it comes. */
export const FIELD_IS_PLAIN: u32 = 1;
/** A sample without it is refused. */
export const FIELD_REQUIRED: u32 = 2;
/** A fault refuses its message in flexible mode too. */
export const FIELD_CRITICAL: u32 = 4;
export const FIELD_HAS_DEFAULT: u32 = 8;
export const FIELD_DEFAULT_IS_TEXT: u32 = 16;
/** A text that is a number as a whole counts as that number. */
export const FIELD_READS_TEXT: u32 = 32;
export const FIELD_SCALED: u32 = 64;
export const FIELD_RANGED: u32 = 128;
/** It is no field: another field is stored under its metric, so that it is left alone only where that one is absent. */
export const FIELD_IS_ALIAS: u32 = 256;
/** FIELD_REQUIRED or FIELD_HAS_DEFAULT: the sample is looked at for it. */
export const FIELD_WANTED: u32 = 512;
