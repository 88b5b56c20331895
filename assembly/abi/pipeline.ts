import { CODEC_ITEMS_AT, CODEC_ITEMS_BYTES_MAX, CODEC_MESSAGES_MAX, WANTED_CODEC_BYTES, WANTED_CODECS_AT } from './codecs.ts';
import { KIB, MESSAGE_READINGS_MAX, MESSAGE_SAMPLES_MAX, METRICS_MAX, MIB, PARTITION_DEVICES_MAX } from './limits.ts';
import { COMMON_END } from './regions.ts';

// Memory of the pipeline module (one instance a partition), after the common regions and up to its state

/** Blocks as read from the log. */
export const INPUT_OFFSET: u32 = COMMON_END;
export const INPUT_BYTES: u32 = 512 * KIB;

/** 128-bit truncated powers of five, exponents -342..308, for number parsing: low u64, high u64. */
export const POWERS_OFFSET: u32 = INPUT_OFFSET + INPUT_BYTES;
export const POWERS_MIN: i32 = -342;
export const POWERS_MAX: i32 = 308;
export const POWERS_BYTES: u32 = 16 * KIB;

/** Unknown metric names of the last block: u32 count, then (u16 length, bytes) each. */
export const UNKNOWN_METRICS_OFFSET: u32 = POWERS_OFFSET + POWERS_BYTES;
export const UNKNOWN_METRICS_BYTES: u32 = 256 * KIB;

/** Known metric names, and the index over them. */
export const METRICS_OFFSET: u32 = UNKNOWN_METRICS_OFFSET + UNKNOWN_METRICS_BYTES;
export const METRIC_BYTES: u32 = 16;
export const METRICS_BYTES: u32 = METRICS_MAX * METRIC_BYTES;
export const METRIC_INDEX_OFFSET: u32 = METRICS_OFFSET + METRICS_BYTES;
export const METRIC_INDEX_SLOTS: u32 = METRICS_MAX * 4;
export const METRIC_INDEX_BYTES: u32 = METRIC_INDEX_SLOTS * 4;
export const METRIC_NAMES_OFFSET: u32 = METRIC_INDEX_OFFSET + METRIC_INDEX_BYTES;
export const METRIC_NAMES_BYTES: u32 = 16 * MIB;

/** Shapes of messages: the bytes between the values of a payload, which many devices repeat in every message. */
export const SHAPES_OFFSET: u32 = METRIC_NAMES_OFFSET + METRIC_NAMES_BYTES;
export const SHAPES_MAX: u32 = 256;
export const SHAPE_BYTES: u32 = 1 * KIB;
export const SHAPES_BYTES: u32 = SHAPES_MAX * SHAPE_BYTES;

/** Profiles of documents: see profiles.ts. */
export const PROFILES_OFFSET: u32 = SHAPES_OFFSET + SHAPES_BYTES;
export const PROFILES_BYTES: u32 = 64 * KIB;

/** Schema versions: see schemas.ts. */
export const SCHEMAS_OFFSET: u32 = PROFILES_OFFSET + PROFILES_BYTES;
export const SCHEMAS_BYTES: u32 = 16 * MIB;
/** Versions that the kernel met and that are not laid: u32 count, then u32 numbers. */
export const WANTED_SCHEMAS_OFFSET: u32 = SCHEMAS_OFFSET + SCHEMAS_BYTES;
export const WANTED_SCHEMAS_BYTES: u32 = 1 * KIB;

/** Messages that codecs decode, and what these say of them: see codecs.ts. */
export const WANTED_CODECS_OFFSET: u32 = WANTED_SCHEMAS_OFFSET + WANTED_SCHEMAS_BYTES;
export const WANTED_CODECS_BYTES: u32 = WANTED_CODECS_AT + CODEC_MESSAGES_MAX * WANTED_CODEC_BYTES;
export const CODEC_ANSWERS_OFFSET: u32 = WANTED_CODECS_OFFSET + WANTED_CODECS_BYTES;
export const CODEC_ANSWERS_BYTES: u32 = CODEC_ITEMS_AT + CODEC_ITEMS_BYTES_MAX * 4;

/** The readings of the message being decoded; also scratch for its strings and for long numbers. */
export const DECODED_OFFSET: u32 = CODEC_ANSWERS_OFFSET + CODEC_ANSWERS_BYTES;
export const DECODED_READING_BYTES: u32 = 24;
export const DECODED_BYTES: u32 = MESSAGE_READINGS_MAX * DECODED_READING_BYTES;
export const DECODED_TEXT_OFFSET: u32 = DECODED_OFFSET + DECODED_BYTES;
export const DECODED_TEXT_BYTES: u32 = 256 * KIB;

/** The samples of a message that has several: which readings are of one moment. */
export const SAMPLES_OFFSET: u32 = DECODED_TEXT_OFFSET + DECODED_TEXT_BYTES;
export const SAMPLE_BYTES: u32 = 32;
export const SAMPLE_AT_READINGS_END: u32 = 0; // u32: the first reading after its own
export const SAMPLE_AT_FLAGS: u32 = 4; // u32
export const SAMPLE_AT_TS_US: u32 = 8; // u64
export const SAMPLE_AT_SEQ: u32 = 16; // u64
export const SAMPLE_AT_APPLIED_END: u32 = 24; // u32: the same of its readings in the region APPLIED
export const SAMPLE_HAS_TS: u32 = 1;
export const SAMPLE_HAS_SEQ: u32 = 2;
export const SAMPLES_BYTES: u32 = MESSAGE_SAMPLES_MAX * SAMPLE_BYTES;

/** The readings of a message that has a schema, as they are stored: laid out as those that were decoded. */
export const APPLIED_OFFSET: u32 = SAMPLES_OFFSET + SAMPLES_BYTES;
export const APPLIED_BYTES: u32 = DECODED_BYTES;

// Reading in the regions DECODED and APPLIED
export const DECODED_AT_METRIC: u32 = 0; // u32 metric number
export const DECODED_AT_KIND: u32 = 4; // u32
export const DECODED_AT_VALUE: u32 = 8; // f64
export const DECODED_AT_TEXT_OFFSET: u32 = 16; // u32
export const DECODED_AT_TEXT_BYTES: u32 = 20; // u32
export const DECODED_NUMBER: u32 = 0;
export const DECODED_TEXT: u32 = 1;

/**
 * Row batches: each slot holds three COPY streams. A sealed slot belongs to the store thread. Its readings
 * are sorted by (device, metric, time), as PostgreSQL compares them; its texts and dead letters are in
 * order of arrival. One slot fills while the store has one and another waits for it.
 */
export const BATCHES_OFFSET: u32 = APPLIED_OFFSET + APPLIED_BYTES;
export const BATCH_SLOTS: u32 = 3;
export const BATCH_READINGS_BYTES: u32 = 21 * MIB;
export const BATCH_TEXT_BYTES: u32 = 12 * MIB;
export const BATCH_DEAD_BYTES: u32 = 4 * MIB;
export const BATCH_BYTES: u32 = BATCH_READINGS_BYTES + BATCH_TEXT_BYTES + BATCH_DEAD_BYTES;
export const BATCHES_BYTES: u32 = BATCH_SLOTS * BATCH_BYTES;
// A block opens only in a batch with this much room left in each stream: more than it can fill before the kernel asks for a part. The
// densest payloads have one byte a value, such as a small number or an empty text in an array of CBOR.
export const BATCH_READINGS_RESERVE_BYTES: u32 = 12 * MIB;
export const BATCH_TEXT_RESERVE_BYTES: u32 = 10 * MIB;
export const BATCH_DEAD_RESERVE_BYTES: u32 = 2 * MIB;

/** The open batch, as the host reads it before it hands the slot over; all u32. */
export const BATCH_HEAD_OFFSET: u32 = BATCHES_OFFSET + BATCHES_BYTES;
export const BATCH_HEAD_BYTES: u32 = 64;
export const BATCH_AT_SLOT: u32 = 0;
export const BATCH_AT_READINGS: u32 = 4; // rows
export const BATCH_AT_READINGS_BYTES: u32 = 8;
export const BATCH_AT_TEXTS: u32 = 12;
export const BATCH_AT_TEXTS_BYTES: u32 = 16;
export const BATCH_AT_DEADS: u32 = 20;
export const BATCH_AT_DEADS_BYTES: u32 = 24;
export const BATCH_AT_RECORDS: u32 = 28;
export const BATCH_AT_REPLAYED: u32 = 32; // ids of letters

/** Of each batch slot: ids of the dead letters that its rows were tried again from, u64 each. */
export const BATCH_REPLAYED_OFFSET: u32 = BATCH_HEAD_OFFSET + BATCH_HEAD_BYTES;
export const BATCH_REPLAYED_MAX: u32 = 65536;
export const BATCH_REPLAYED_SLOT_BYTES: u32 = BATCH_REPLAYED_MAX * 8;
export const BATCH_REPLAYED_BYTES: u32 = BATCH_REPLAYED_SLOT_BYTES * BATCH_SLOTS;

/** Readings of watched devices since the host last looked: u32 bytes at LIVE_OFFSET, then entries. */
export const LIVE_OFFSET: u32 = BATCH_REPLAYED_OFFSET + BATCH_REPLAYED_BYTES;
export const LIVE_HEADER_BYTES: u32 = 64;
export const LIVE_ENTRIES_BYTES: u32 = 256 * KIB;
export const LIVE_BYTES: u32 = LIVE_HEADER_BYTES + LIVE_ENTRIES_BYTES;
// Live and latest entry: a point, then the bytes of its text, if it has one, up to a multiple of POINT_ALIGN_BYTES
export const POINT_BYTES: u32 = 40;
export const POINT_ALIGN_BYTES: u32 = 8;
export const POINT_AT_DEVICE: u32 = 0; // u32 device number
export const POINT_AT_METRIC: u32 = 4; // u32 metric number; 0: metrics of the device of which there is no point
export const POINT_AT_TS_US: u32 = 8; // u64, Unix epoch
export const POINT_AT_VALUE: u32 = 16; // f64, of a number
export const POINT_AT_TEXT_BYTES: u32 = 16; // u32, of a text
export const POINT_AT_RECEIVE_US: u32 = 24; // u64
export const POINT_AT_KIND: u32 = 32; // u32
export const POINT_NUMBER: u32 = 0;
export const POINT_TEXT: u32 = 1;
/** There was no room for the value: only the database has it. */
export const POINT_UNHELD: u32 = 2;

/** What edge nodes of Sparkplug did since the host last looked: see sparkplug.ts. */
export const EDGE_SIGNALS_OFFSET: u32 = LIVE_OFFSET + LIVE_BYTES;
export const EDGE_SIGNALS_BYTES: u32 = 64 * KIB;

/** What became of messages whose senders wait for it, since the host last looked: see verdicts.ts. */
export const VERDICTS_OFFSET: u32 = EDGE_SIGNALS_OFFSET + EDGE_SIGNALS_BYTES;
export const VERDICTS_BYTES: u32 = 512 * KIB;

/** Messages of captured devices since the host last looked, with what became of them: a header, the numbers of the devices, then entries. */
export const CAPTURES_OFFSET: u32 = VERDICTS_OFFSET + VERDICTS_BYTES;
export const CAPTURES_AT_BYTES: u32 = 0; // u32, of all entries; the host sets this, entries and skipped to 0
export const CAPTURES_AT_ENTRIES: u32 = 4; // u32
export const CAPTURES_AT_SKIPPED: u32 = 8; // u32, messages that found no room
export const CAPTURES_AT_DEVICES: u32 = 12; // u32 each
export const CAPTURED_DEVICES_MAX: u32 = 16;
export const CAPTURES_HEADER_BYTES: u32 = 128;
/** So few fit between two looks of the host that a device that sends without end costs no more than this. */
export const CAPTURES_ENTRIES_MAX: u32 = 64;
export const CAPTURES_ENTRIES_BYTES: u32 = 256 * KIB;
export const CAPTURES_BYTES: u32 = CAPTURES_HEADER_BYTES + CAPTURES_ENTRIES_BYTES;
// Entry: this header, the record with its context and payload, cut at CAPTURE_RECORD_BYTES, then its readings as points, cut at
// CAPTURE_POINTS_BYTES; each part is a multiple of POINT_ALIGN_BYTES long
export const CAPTURE_HEADER_BYTES: u32 = 16;
export const CAPTURE_AT_BYTES: u32 = 0; // u32, of the whole entry
export const CAPTURE_AT_VERDICT: u32 = 4; // u32: 0: stored; the code of a dead letter; or CAPTURE_DUPLICATE
export const CAPTURE_AT_READINGS: u32 = 8; // u32, of the message
export const CAPTURE_AT_RECORD_BYTES: u32 = 12; // u32, kept of the record
export const CAPTURE_DUPLICATE: u32 = 0xffff;
export const CAPTURE_RECORD_BYTES: u32 = 16 * KIB;
export const CAPTURE_POINTS_BYTES: u32 = 32 * KIB;

/** Versions of firmware that devices reported since the host last looked: u32 bytes, then entries at FIRMWARE_AT_ENTRIES. */
export const FIRMWARE_OFFSET: u32 = CAPTURES_OFFSET + CAPTURES_BYTES;
export const FIRMWARE_BYTES: u32 = 64 * KIB;
export const FIRMWARE_AT_ENTRIES: u32 = 8;
// Entry: u32 device number, u32 bytes of the text or FIRMWARE_IS_NUMBER; then the text up to a multiple of 8, or an f64
export const FIRMWARE_ENTRY_BYTES: u32 = 8;
export const FIRMWARE_ENTRY_AT_BYTES: u32 = 4;
export const FIRMWARE_IS_NUMBER: u32 = 0xffffffff;
/** A longer text is no version. */
export const FIRMWARE_TEXT_BYTES_MAX: u32 = 128;
/** By device of the state, u64 each: hash of the version that was reported last in this process, or 0. */
export const FIRMWARE_HASHES_OFFSET: u32 = FIRMWARE_OFFSET + FIRMWARE_BYTES;
export const FIRMWARE_HASHES_BYTES: u32 = PARTITION_DEVICES_MAX * 8;

/** Units that the message at hand states, and their texts. */
export const STATED_UNITS_OFFSET: u32 = FIRMWARE_HASHES_OFFSET + FIRMWARE_HASHES_BYTES;
export const STATED_UNITS_MAX: u32 = 1024;
export const STATED_UNIT_BYTES: u32 = 12;
export const STATED_UNITS_BYTES: u32 = STATED_UNITS_MAX * STATED_UNIT_BYTES;
export const UNIT_TEXTS_OFFSET: u32 = STATED_UNITS_OFFSET + STATED_UNITS_BYTES;
export const UNIT_TEXTS_BYTES: u32 = 16 * KIB;
/** A longer text is no unit. */
export const UNIT_BYTES_MAX: u32 = 64;
/** Units that messages stated since the host last looked: u32 bytes, then entries at UNITS_AT_ENTRIES. */
export const UNITS_OFFSET: u32 = UNIT_TEXTS_OFFSET + UNIT_TEXTS_BYTES;
export const UNITS_BYTES: u32 = 32 * KIB;
export const UNITS_AT_ENTRIES: u32 = 8;
// Entry: these three words, then the text up to a multiple of 4
export const UNIT_ENTRY_AT_DEVICE: u32 = 0; // u32 device number
export const UNIT_ENTRY_AT_METRIC: u32 = 4; // u32 metric number
export const UNIT_ENTRY_AT_BYTES: u32 = 8; // u32
export const UNIT_ENTRY_BYTES: u32 = 12;
/** u64 each: what the host was given last of a series whose hash leads here. */
export const UNIT_HASHES_OFFSET: u32 = UNITS_OFFSET + UNITS_BYTES;
export const UNIT_HASH_SLOTS: u32 = 262144;
export const UNIT_HASHES_BYTES: u32 = UNIT_HASH_SLOTS * 8;

/** Answer to latest(): entries as above. Answer to account(): STATEMENT_AT_… in state.ts. */
export const LATEST_OFFSET: u32 = UNIT_HASHES_OFFSET + UNIT_HASHES_BYTES;
export const LATEST_MAX: u32 = 8191;
export const LATEST_TEXT_BYTES: u32 = 1 * MIB;
/** One point more than LATEST_MAX says that there are others. */
export const LATEST_BYTES: u32 = (LATEST_MAX + 1) * POINT_BYTES + LATEST_TEXT_BYTES;

/** Readings of the open batch in order of arrival; sealing the batch writes their rows into its slot. */
export const READINGS_OFFSET: u32 = LATEST_OFFSET + LATEST_BYTES;
export const READING_BYTES: u32 = 24;
/** A row of a reading: the number of its fields, then four fields with their lengths. */
export const READING_ROW_BYTES: u32 = 42;
/** More readings than fit a slot; a power of two, so that a reading's place takes a fixed number of bits. */
export const READINGS_MAX: u32 = 524288;
export const READINGS_BYTES: u32 = READINGS_MAX * READING_BYTES;
/** Two arrays of u64 for sorting the readings. */
export const SORT_OFFSET: u32 = READINGS_OFFSET + READINGS_BYTES;
export const SORT_BYTES: u32 = READINGS_MAX * 8 * 2;
