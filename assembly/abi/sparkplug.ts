import { MIB } from './limits.ts';

// Births of Sparkplug 3.0 in the state of a partition: which metrics an edge node or a device has, by alias and by name.
//
// Births: a header, then one birth after another; none is ever taken away.
//
//   header   0  u32 births     4  u32 bytes taken of the definitions     8  u32 first free block + 1 by size class, or 0
//
//   birth    0  u64 hash of "group/node" or "group/node/device"     24  u64 bdSeq
//            8  u32 device number that its messages come under      32  u64 when a rebirth was asked for, receive time, µs
//           12  u32 its block + 1, or 0: none is defined            40  u32 gaps in its sequence
//           16  u32 definitions     20  u8 size class of the block  44  u32 definitions with an alias
//           21  u8 sequence number of the last message, u8 flags
//
// A birth whose hash is 0 is none: it counts the births that come under its device number, in place of definitions, and the bytes of
// their blocks, in place of gaps.
//
// Block: its definitions, those with an alias first, ascending by it; then their names. A block of size class n has 2^n bytes; of a
// free one the first word is the next free one + 1, or 0.
//
//   definition   0  u64 alias     8  u32 offset of its name in the block     12  u16 bytes of the name     14  u8 datatype, u8 has alias

export const BIRTHS_HEADER_BYTES: u32 = 128;
export const BIRTHS_AT_USED: u32 = 0;
export const BIRTHS_AT_DEFINITIONS_END: u32 = 4;
export const BIRTHS_AT_FREE: u32 = 8;

export const BIRTH_BYTES: u32 = 48;
export const BIRTH_AT_HASH: u32 = 0;
export const BIRTH_AT_DEVICE: u32 = 8;
export const BIRTH_AT_BLOCK: u32 = 12;
export const BIRTH_AT_DEFINITIONS: u32 = 16;
export const BIRTH_AT_CLASS: u32 = 20;
export const BIRTH_AT_SEQ: u32 = 21;
export const BIRTH_AT_FLAGS: u32 = 22;
export const BIRTH_AT_BD_SEQ: u32 = 24;
export const BIRTH_AT_ASKED_US: u32 = 32;
export const BIRTH_AT_GAPS: u32 = 40;
export const BIRTH_AT_ALIASED: u32 = 44;

/** The messages after the birth are followed by their sequence numbers. */
export const BIRTH_FOLLOWED: u32 = 1;
/** The next message tells whether all messages of the edge node come under this device number. */
export const BIRTH_IS_NEW: u32 = 2;
export const BIRTH_OFFLINE: u32 = 4;
export const BIRTH_HAS_BD_SEQ: u32 = 8;

/** Births under one device number, and bytes of their blocks: one client cannot take the room of all. */
export const DEVICE_BIRTHS_MAX: u32 = 4096;
export const DEVICE_BLOCKS_BYTES_MAX: u32 = 4 * MIB;

export const BLOCK_CLASS_MIN: u32 = 6;
/** A birth of the largest payload fits. */
export const BLOCK_CLASS_MAX: u32 = 20;

export const DEFINITION_BYTES: u32 = 16;
export const DEFINITION_AT_ALIAS: u32 = 0;
export const DEFINITION_AT_NAME: u32 = 8;
export const DEFINITION_AT_NAME_BYTES: u32 = 12;
export const DEFINITION_AT_DATATYPE: u32 = 14;
export const DEFINITION_AT_HAS_ALIAS: u32 = 15;

// Signals: what the host may act on. The host sets both words to 0 once it has read them; what has no room is left out.
//
//   0  u32 signals     4  u32 bytes of them     8  signals, each at a multiple of 8
//
//   signal   0  u32 device number     4  u16 kind, u16 bytes of the topic     8  u64 receive time, µs     16  topic of the message
export const EDGE_SIGNALS_HEADER_BYTES: u32 = 8;
export const EDGE_SIGNAL_HEADER_BYTES: u32 = 16;
export const EDGE_SIGNAL_AT_DEVICE: u32 = 0;
export const EDGE_SIGNAL_AT_KIND: u32 = 4;
export const EDGE_SIGNAL_AT_TOPIC_BYTES: u32 = 6;
export const EDGE_SIGNAL_AT_RECEIVE_US: u32 = 8;
export const EDGE_BORN: u32 = 1;
export const EDGE_DIED: u32 = 2;
/** The edge node should be asked for a rebirth: an alias is unknown, or messages are missing. */
export const EDGE_REBIRTH_WANTED: u32 = 3;

// Datatypes: Sparkplug 3.0 §6.4.16
export const TYPE_INT8: u32 = 1;
export const TYPE_INT16: u32 = 2;
export const TYPE_INT32: u32 = 3;
export const TYPE_INT64: u32 = 4;
export const TYPE_UINT8: u32 = 5;
export const TYPE_UINT16: u32 = 6;
export const TYPE_UINT32: u32 = 7;
export const TYPE_UINT64: u32 = 8;
export const TYPE_FLOAT: u32 = 9;
export const TYPE_DOUBLE: u32 = 10;
export const TYPE_BOOLEAN: u32 = 11;
export const TYPE_STRING: u32 = 12;
export const TYPE_DATETIME: u32 = 13;
export const TYPE_TEXT: u32 = 14;
export const TYPE_UUID: u32 = 15;
export const TYPE_DATASET: u32 = 16;
export const TYPE_BYTES: u32 = 17;
export const TYPE_FILE: u32 = 18;
export const TYPE_TEMPLATE: u32 = 19;
export const TYPE_PROPERTY_SET: u32 = 20;
export const TYPE_PROPERTY_SET_LIST: u32 = 21;
export const TYPE_INT8_ARRAY: u32 = 22;
export const TYPE_INT16_ARRAY: u32 = 23;
export const TYPE_INT32_ARRAY: u32 = 24;
export const TYPE_INT64_ARRAY: u32 = 25;
export const TYPE_UINT8_ARRAY: u32 = 26;
export const TYPE_UINT16_ARRAY: u32 = 27;
export const TYPE_UINT32_ARRAY: u32 = 28;
export const TYPE_UINT64_ARRAY: u32 = 29;
export const TYPE_FLOAT_ARRAY: u32 = 30;
export const TYPE_DOUBLE_ARRAY: u32 = 31;
export const TYPE_BOOLEAN_ARRAY: u32 = 32;
export const TYPE_STRING_ARRAY: u32 = 33;
export const TYPE_DATETIME_ARRAY: u32 = 34;
