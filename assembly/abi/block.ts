// Block: messages on their way from a gateway to the log and to a pipeline
//
//   0  u32 magic "SPWB"      16  u32 body bytes           40  u64 xxh64(body), seed 0
//   4  u16 version           20  u32 reserved, 0          48  u64 xxh64(bytes 0..48), seed 0
//   6  u16 header bytes      24  u64 first receive, µs    56  u64 place: its offset in the file log + 1, or 0
//   8  u32 partition         32  u64 last receive, µs     64  records, back to back
//  12  u32 record count
//
// Record:
//   0  u32 payload bytes      8  u64 receive time, µs     18  u8 content format
//   4  u32 device number     16  u8 channel, u8 flags     19  u8: RECORD_CONTEXT, and above it the time zone
//                                                         20  context, payload; payload bytes count both

export const BLOCK_MAGIC: u32 = 0x42575053;
export const BLOCK_VERSION: u32 = 1;
export const BLOCK_HEADER_BYTES: u32 = 64;
export const BLOCK_AT_MAGIC: u32 = 0;
export const BLOCK_AT_VERSION: u32 = 4;
export const BLOCK_AT_HEADER_BYTES: u32 = 6;
export const BLOCK_AT_PARTITION: u32 = 8;
export const BLOCK_AT_RECORDS: u32 = 12;
export const BLOCK_AT_BODY_BYTES: u32 = 16;
export const BLOCK_AT_FIRST_US: u32 = 24;
export const BLOCK_AT_LAST_US: u32 = 32;
export const BLOCK_AT_BODY_HASH: u32 = 40;
export const BLOCK_AT_HEADER_HASH: u32 = 48;
/** Written by the log, outside both hashes: shows that a block was copied to another place. */
export const BLOCK_AT_PLACE: u32 = 56;

export const RECORD_HEADER_BYTES: u32 = 20;
export const RECORD_AT_PAYLOAD_BYTES: u32 = 0;
export const RECORD_AT_DEVICE: u32 = 4;
export const RECORD_AT_RECEIVE_US: u32 = 8;
export const RECORD_AT_CHANNEL: u32 = 16;
export const RECORD_AT_FLAGS: u32 = 17;
export const RECORD_AT_FORMAT: u32 = 18;

export const CHANNEL_TELEMETRY: u32 = 0;

export const RECORD_AT_CONTEXT: u32 = 19;
/** A context comes before the payload. */
export const RECORD_CONTEXT: u32 = 1;
/** Above that bit: number of the time zone in which times are read that name none, or 0. */
export const RECORD_TIME_ZONE_SHIFT: u32 = 1;
export const TIME_ZONES_MAX: u32 = 127;
/** In the word of channel, flags, content format, context and time zone, which is written as one. */
export const RECORD_FORMAT_SHIFT: u32 = 16;
export const RECORD_HAS_CONTEXT: u32 = RECORD_CONTEXT << 24;
export const RECORD_HEAD_TIME_ZONE_SHIFT: u32 = 24 + RECORD_TIME_ZONE_SHIFT;

// What a payload is written in, as its record says it
/** Nobody said it: JSON, or what the payload's first bytes show it to be. */
export const FORMAT_BY_SHAPE: u32 = 0;
export const FORMAT_JSON: u32 = 1;
export const FORMAT_CBOR: u32 = 2;
export const FORMAT_MSGPACK: u32 = 3;
export const FORMAT_PROTOBUF: u32 = 4;
export const FORMAT_SENML_JSON: u32 = 5;
export const FORMAT_SENML_CBOR: u32 = 6;
export const FORMAT_SPARKPLUG: u32 = 7;
export const FORMAT_CAYENNE: u32 = 8;
export const FORMAT_LINE_PROTOCOL: u32 = 9;
export const FORMAT_TEXT: u32 = 10;
export const FORMAT_NDJSON: u32 = 11;
/** The first number that is no format. */
export const FORMATS_END: u32 = 12;
/** A codec of the tenant knows it: schemas name it, and no record does. */
export const FORMAT_CODEC: u32 = 255;

// Context of a message whose topic says more than whose it is, or whose device has a schema. It lies before the payload:
//
//   0  u16 bytes of the context     4  u32 schema version, or 0     10  u8 bytes of the prefix     12  prefix, name, topic
//   2  u8 profile, u8 flags         8  u16 bytes of the topic       11  u8 bytes of the name
//
// With CONTEXT_HAS_OWN_TAG, u8 bytes and the key of a tag come after the texts; then, with CONTEXT_OF_LETTER, what it says.
export const CONTEXT_HEADER_BYTES: u32 = 12;
export const CONTEXT_AT_BYTES: u32 = 0;
/** Which members of a document are its time, its sequence and its readings: a number of the table of profiles. */
export const CONTEXT_AT_PROFILE: u32 = 2;
export const CONTEXT_AT_FLAGS: u32 = 3;
export const CONTEXT_AT_SCHEMA: u32 = 4;
export const CONTEXT_AT_TOPIC_BYTES: u32 = 8;
/** Metric names of the message begin with the prefix, which ends with its dot. */
export const CONTEXT_AT_PREFIX_BYTES: u32 = 10;
/** Metric of a value that has no name of its own. */
export const CONTEXT_AT_NAME_BYTES: u32 = 11;
/** The message came with MQTT's retain flag. */
export const CONTEXT_RETAINED: u32 = 1;
/** Its readings are of a device that is not registered: its sequence numbers are not those of the record's device. */
export const CONTEXT_UNSEQUENCED: u32 = 2;
/** A tag of the payload names the device: it is left out of the names of metrics. */
export const CONTEXT_HAS_OWN_TAG: u32 = 16;
/** The message is a dead letter that is tried again: u64 id of the letter, u64 receive time of the message, µs. */
export const CONTEXT_OF_LETTER: u32 = 4;
export const CONTEXT_LETTER_BYTES: u32 = 16;
/** The record's content format is that of a topic rule, before which that of a schema goes. */
export const CONTEXT_FORMAT_OF_RULE: u32 = 8;

export const FLAG_QOS_MASK: u32 = 3;
export const FLAG_DUP: u32 = 4;
export const FLAG_BUFFERED: u32 = 8;
export const FLAG_TRANSPORT_MASK: u32 = 0x70;
export const FLAG_TRANSPORT_MQTT: u32 = 0x00;
export const FLAG_TRANSPORT_HTTP: u32 = 0x10;
export const FLAG_TRANSPORT_COAP: u32 = 0x20;
/** The sender waits for what becomes of the message: see verdicts.ts. */
export const FLAG_AWAITED: u32 = 0x80;

// Answers of processBlocks
export const BLOCK_DONE: i32 = 0;
/** Unknown metric names are listed; add or deny them, then call again from blocksEnd on. */
export const BLOCK_NEEDS_METRICS: i32 = -1;
export const BLOCK_HASH_MISMATCH: i32 = -2;
export const BLOCK_OF_OTHER_VERSION: i32 = -3;
export const BLOCK_OF_OTHER_PARTITION: i32 = -4;
export const BLOCK_MALFORMED: i32 = -5;
/** The open batch has no room for a worst-case block: seal it first. */
export const BLOCK_NEEDS_BATCH: i32 = -6;
/** The log wrote the block to another offset: it is there twice, or out of order. */
export const BLOCK_OUT_OF_PLACE: i32 = -7;
/** Schema versions are listed at WANTED_SCHEMAS_OFFSET: lay them, then call again from blocksEnd on. */
export const BLOCK_NEEDS_SCHEMAS: i32 = -8;
/** Messages are listed at WANTED_CODECS_OFFSET: lay what their codecs say, then call again from blocksEnd on. */
export const BLOCK_NEEDS_CODECS: i32 = -9;
/** The open batch is full in the middle of a block: seal what it holds as a part of it and open it again, then call again from blocksEnd on. */
export const BLOCK_NEEDS_PART: i32 = -10;
