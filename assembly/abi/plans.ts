// Plan: how messages of Protobuf are read. It lies in the image of a schema version (schemas.ts), at a multiple of 8, and the kernel only reads
// it. A plan names no address: its offsets count from its own start.
//
// Head, message types (the first is that of the payload), then their fields, values of enums, and names
export const PLAN_AT_BYTES: u32 = 0; // u32
export const PLAN_AT_FLAGS: u32 = 4; // u32
export const PLAN_AT_TYPES: u32 = 8; // u32: how many there are
export const PLAN_HEAD_BYTES: u32 = 16;
/** A message without readings is no fault. */
export const PLAN_MAY_BE_EMPTY: u32 = 1;
/** The payload's own fields are read first, then its samples. */
export const PLAN_HAS_SAMPLES: u32 = 2;

// Message type
export const PLAN_TYPE_BYTES: u32 = 8;
export const PLAN_TYPE_AT_FIELDS: u32 = 0; // u32, offset of its first field; they ascend by number
export const PLAN_TYPE_AT_FIELD_COUNT: u32 = 4; // u16
export const PLAN_TYPE_AT_FLAGS: u32 = 6; // u8
export const PLAN_TYPE_AT_ONEOFS: u32 = 7; // u8: how many it has
/** Some of its fields are as good as there when they are absent. */
export const PLAN_TYPE_HAS_IMPLICIT: u32 = 1;

// Field. A field that says nothing has no entry, and is passed over as an unknown one is, unless it is a member of a oneof.
export const PLAN_FIELD_BYTES: u32 = 24;
export const PLAN_FIELD_AT_NUMBER: u32 = 0; // u32
export const PLAN_FIELD_AT_KIND: u32 = 4; // u8
export const PLAN_FIELD_AT_ACTION: u32 = 5; // u8
export const PLAN_FIELD_AT_FLAGS: u32 = 6; // u8
export const PLAN_FIELD_AT_ONEOF: u32 = 7; // u8: number of the oneof that it is a member of, from 1 on; 0: of none
/** Unit of a time: microseconds times it, or 0 where its size tells it. Nanoseconds: PLAN_UNIT_NS. */
export const PLAN_FIELD_AT_UNIT: u32 = 8; // u32
export const PLAN_FIELD_AT_NAME: u32 = 12; // u32, offset
export const PLAN_FIELD_AT_NAME_BYTES: u32 = 16; // u16; 0: the field has the name of the message around it
/** Type of a message or of a map's entry. */
export const PLAN_FIELD_AT_TYPE: u32 = 18; // u16
/** Offset of the values of an enum whose names are its texts; 0: its numbers are read. */
export const PLAN_FIELD_AT_ENUM: u32 = 20; // u32

// Kinds of fields
export const PLAN_DOUBLE: u32 = 0;
export const PLAN_FLOAT: u32 = 1;
export const PLAN_INT32: u32 = 2;
export const PLAN_INT64: u32 = 3;
export const PLAN_UINT32: u32 = 4;
export const PLAN_UINT64: u32 = 5;
export const PLAN_SINT32: u32 = 6;
export const PLAN_SINT64: u32 = 7;
export const PLAN_FIXED32: u32 = 8;
export const PLAN_FIXED64: u32 = 9;
export const PLAN_SFIXED32: u32 = 10;
export const PLAN_SFIXED64: u32 = 11;
export const PLAN_BOOL: u32 = 12;
export const PLAN_ENUM: u32 = 13;
export const PLAN_STRING: u32 = 14;
/** No reading; counted as one that is left out. */
export const PLAN_BYTES: u32 = 15;
export const PLAN_MESSAGE: u32 = 16;
/** google.protobuf.Timestamp and Duration: seconds and nanoseconds. */
export const PLAN_SECONDS: u32 = 17;

// What a field means
export const PLAN_READ: u32 = 0;
/** A message or map whose fields are named without it. */
export const PLAN_OPEN: u32 = 1;
export const PLAN_IS_TS: u32 = 2;
export const PLAN_IS_SEQ: u32 = 3;
/** Repeated messages of the payload's type, each a sample. */
export const PLAN_SAMPLES: u32 = 4;
/** Nothing, but that the other members of its oneof are not set. */
export const PLAN_PASS: u32 = 5;
/** Oneofs of a message type at most. */
export const PLAN_ONEOFS_MAX: u32 = 255;

// Flags of a field
export const PLAN_REPEATED: u32 = 1;
/** An absent field is 0, false, the enum's first value or the empty text. */
export const PLAN_IMPLICIT: u32 = 2;
/** A map: the entry has its key as field 1, its value as field 2, and its name is the key. */
export const PLAN_MAP: u32 = 4;

export const PLAN_UNIT_BY_SIZE: u32 = 0;
export const PLAN_UNIT_US: u32 = 1;
export const PLAN_UNIT_MS: u32 = 1000;
export const PLAN_UNIT_S: u32 = 1000000;
export const PLAN_UNIT_NS: u32 = 0xffffffff;

// Values of an enum: u32 how many, then they, ascending
export const PLAN_VALUE_BYTES: u32 = 12;
export const PLAN_VALUE_AT_NUMBER: u32 = 0; // i32
export const PLAN_VALUE_AT_NAME: u32 = 4; // u32, offset
export const PLAN_VALUE_AT_NAME_BYTES: u32 = 8; // u32
