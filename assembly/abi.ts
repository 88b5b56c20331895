/**
 * The border between the kernels and TypeScript: layouts, regions, limits and codes, typed once.
 * Both `asc` and `tsc` compile this file, so it holds integer constants and nothing else.
 * A region is `NAME_OFFSET` (bytes from the start of linear memory) and `NAME_BYTES`.
 */

export const ABI_VERSION: u32 = 1;

// ---------------------------------------------------------------------------------------------
// Limits
// ---------------------------------------------------------------------------------------------

export const KIB: u32 = 1024;
export const MIB: u32 = 1048576;

/** A block's bytes, header included. */
export const BLOCK_BYTES_MAX: u32 = 256 * KIB;
/** Records in one block. */
export const BLOCK_RECORDS_MAX: u32 = 8192;
/** An open block is sealed at this age even if it is nearly empty. */
export const BLOCK_AGE_US_MAX: u32 = 5000;
/** A message's payload. MQTT packets may be larger by their topic and properties. */
export const PAYLOAD_BYTES_MAX: u32 = 128 * KIB;
/** A whole MQTT packet, fixed header included; announced in CONNACK as Maximum Packet Size. */
export const PACKET_BYTES_MAX: u32 = 132 * KIB;
export const DEVICE_ID_BYTES_MAX: u32 = 128;
export const TENANT_ID_BYTES_MAX: u32 = 64;
export const METRIC_NAME_BYTES_MAX: u32 = 128;
/** Metrics in one message. */
export const MESSAGE_METRICS_MAX: u32 = 1024;
/** Bytes of one string value. */
export const TEXT_BYTES_MAX: u32 = 8 * KIB;
/** Nesting depth of a payload, ignored members included. */
export const JSON_DEPTH_MAX: u32 = 32;
export const PARTITIONS_MAX: u32 = 64;

export const CONNECTIONS_MAX: u32 = 65536;
/** Devices of one deployment; each gateway knows them all. */
export const DEVICES_MAX: u32 = 1048576;
/** Distinct metric names of one deployment. */
export const METRICS_MAX: u32 = 65536;
/** Devices whose state one partition holds. */
export const PARTITION_DEVICES_MAX: u32 = 524288;
/** (device, metric) pairs whose latest value one partition holds. */
export const PARTITION_SERIES_MAX: u32 = 2097152;

/** Device times are accepted from 2000-01-01 on, in microseconds of the Unix epoch. */
export const TS_US_MIN: u64 = 946684800000000;
/** A device time may be ahead of its receive time by one day. */
export const TS_AHEAD_US_MAX: u64 = 86400000000;
/** PostgreSQL counts its timestamps from 2000-01-01: the Unix time of that moment. */
export const POSTGRES_EPOCH_US: u64 = 946684800000000;

// ---------------------------------------------------------------------------------------------
// Block: what passes from gateway to log to pipeline
// ---------------------------------------------------------------------------------------------
//
//   0  u32 magic "SPWB"      16  u32 body bytes           40  u64 xxh64(body), seed 0
//   4  u16 version           20  u32 reserved, 0          48  u64 xxh64(bytes 0..48), seed 0
//   6  u16 header bytes      24  u64 first receive, µs    56  u64 place: its offset in the file log + 1, or 0
//   8  u32 partition         32  u64 last receive, µs     64  records, back to back
//  12  u32 record count
//
// Record:
//   0  u32 payload bytes      8  u64 receive time, µs     18  u16 reserved, 0
//   4  u32 device number     16  u8 channel, u8 flags     20  payload

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
/** Written by the log, outside both hashes: a block that was copied to another place is known by it. */
export const BLOCK_AT_PLACE: u32 = 56;

export const RECORD_HEADER_BYTES: u32 = 20;
export const RECORD_AT_PAYLOAD_BYTES: u32 = 0;
export const RECORD_AT_DEVICE: u32 = 4;
export const RECORD_AT_RECEIVE_US: u32 = 8;
export const RECORD_AT_CHANNEL: u32 = 16;
export const RECORD_AT_FLAGS: u32 = 17;

export const CHANNEL_TELEMETRY: u32 = 0;

export const FLAG_QOS_MASK: u32 = 3;
export const FLAG_DUP: u32 = 4;
export const FLAG_BUFFERED: u32 = 8;
export const FLAG_TRANSPORT_MASK: u32 = 0x70;
export const FLAG_TRANSPORT_MQTT: u32 = 0x00;
export const FLAG_TRANSPORT_HTTP: u32 = 0x10;
export const FLAG_TRANSPORT_COAP: u32 = 0x20;

// ---------------------------------------------------------------------------------------------
// Codes: why a message or a connection was refused. Texts are in src/contract/codes.ts.
// ---------------------------------------------------------------------------------------------

export const CODE_NONE: u32 = 0;
// Gateway
export const CODE_MQTT_MALFORMED: u32 = 1;
export const CODE_MQTT_CONNECT_EXPECTED: u32 = 2;
export const CODE_MQTT_CONNECT_REPEATED: u32 = 3;
export const CODE_MQTT_LENGTH_MALFORMED: u32 = 4;
export const CODE_MQTT_PACKET_OVERSIZE: u32 = 5;
export const CODE_MQTT_QOS_INVALID: u32 = 6;
export const CODE_MQTT_PACKET_ID_IN_USE: u32 = 7;
export const CODE_MQTT_TOPIC_MALFORMED: u32 = 8;
export const CODE_MQTT_TOPIC_ALIAS_INVALID: u32 = 9;
export const CODE_MQTT_RETAIN_UNSUPPORTED: u32 = 10;
export const CODE_MQTT_VERSION_UNSUPPORTED: u32 = 11;
export const CODE_TOPIC_UNKNOWN: u32 = 12;
export const CODE_TOPIC_FORBIDDEN: u32 = 13;
export const CODE_DEVICE_UNKNOWN: u32 = 14;
export const CODE_DEVICE_INACTIVE: u32 = 15;
export const CODE_CREDENTIALS_INVALID: u32 = 16;
export const CODE_PAYLOAD_OVERSIZE: u32 = 17;
export const CODE_KEEP_ALIVE_EXPIRED: u32 = 18;
export const CODE_CONNECT_TIMEOUT: u32 = 19;
export const CODE_SESSION_TAKEN_OVER: u32 = 20;
export const CODE_CONNECTIONS_EXHAUSTED: u32 = 21;
export const CODE_SHUTTING_DOWN: u32 = 22;
export const CODE_MQTT_AUTH_UNSUPPORTED: u32 = 23;
export const CODE_TLS_HANDSHAKE_FAILED: u32 = 24;
export const CODE_PEER_NOT_READING: u32 = 25;
export const CODE_MQTT_UNRELEASED_EXHAUSTED: u32 = 26;
export const CODE_LOG_FULL: u32 = 30;
export const CODE_LOG_FAILING: u32 = 31;
// Pipeline: the message goes to dead_letters under this reason
export const CODE_JSON_MALFORMED: u32 = 32;
export const CODE_JSON_DEPTH_EXCEEDED: u32 = 33;
export const CODE_JSON_DUPLICATE_KEY: u32 = 34;
export const CODE_JSON_UTF8_MALFORMED: u32 = 35;
export const CODE_NUMBER_OUT_OF_RANGE: u32 = 36;
export const CODE_METRICS_MISSING: u32 = 37;
export const CODE_METRICS_TOO_MANY: u32 = 38;
export const CODE_METRIC_NAME_INVALID: u32 = 39;
export const CODE_METRIC_VALUE_INVALID: u32 = 40;
export const CODE_METRIC_UNKNOWN: u32 = 41;
export const CODE_TS_MALFORMED: u32 = 42;
export const CODE_TS_OUT_OF_RANGE: u32 = 43;
export const CODE_SEQ_MALFORMED: u32 = 44;
export const CODE_TEXT_NUL: u32 = 45;
export const CODE_TEXT_OVERSIZE: u32 = 46;
export const CODE_STATE_EXHAUSTED: u32 = 47;
/** Counted by the store, a row: no kernel gives it. */
export const CODE_ROW_REFUSED: u32 = 48;
export const CODES_MAX: u32 = 64;
/** A code's name in kernel memory: one length byte, then at most 31 bytes of ASCII. */
export const CODE_NAME_BYTES: u32 = 32;

// ---------------------------------------------------------------------------------------------
// Memory common to both modules: [0, 256 KiB) holds the module's own statics, then these
// ---------------------------------------------------------------------------------------------

export const STATICS_BYTES: u32 = 256 * KIB;

/** u64 counters, read by other threads while they run; the first CODES_MAX count refusals by code. */
export const COUNTERS_OFFSET: u32 = STATICS_BYTES;
export const COUNTERS_MAX: u32 = 256;
export const COUNTERS_BYTES: u32 = COUNTERS_MAX * 8;

/** Where the host lays what it hands to a call: one device, one metric name. */
export const STAGE_OFFSET: u32 = COUNTERS_OFFSET + COUNTERS_BYTES;
export const STAGE_BYTES: u32 = 256 * KIB;

// A device in the stage: its token hash, then "tenant\0id".
export const STAGE_DEVICE_AT_TOKEN_HASH: u32 = 0;
export const STAGE_DEVICE_AT_NAME: u32 = 32;

export const CODE_NAMES_OFFSET: u32 = STAGE_OFFSET + STAGE_BYTES;
export const CODE_NAMES_BYTES: u32 = CODES_MAX * CODE_NAME_BYTES;

/** First byte after the common regions, rounded up to a page. */
export const COMMON_END: u32 = 640 * KIB;

// Gateway counters, after the codes
export const COUNTER_GATEWAY_BYTES_IN: u32 = 64;
export const COUNTER_GATEWAY_PACKETS: u32 = 65;
/** Messages that arrived as PUBLISH, CoAP POST or HTTP POST, whatever became of them. */
export const COUNTER_GATEWAY_RECEIVED: u32 = 66;
/** Messages laid into a block. received = sealed or open + refused, always. */
export const COUNTER_GATEWAY_ACCEPTED: u32 = 67;
export const COUNTER_GATEWAY_REFUSED: u32 = 68;
export const COUNTER_GATEWAY_BLOCKS: u32 = 69;
export const COUNTER_GATEWAY_BLOCK_BYTES: u32 = 70;
export const COUNTER_GATEWAY_ACKED: u32 = 71;
export const COUNTER_GATEWAY_CONNECTIONS_OPENED: u32 = 72;
export const COUNTER_GATEWAY_CONNECTIONS_CLOSED: u32 = 73;
/** How often the host stopped reading sockets because no block slot was free; and 1 while it does. The host counts these. */
export const COUNTER_GATEWAY_PAUSES: u32 = 74;
export const COUNTER_GATEWAY_PAUSED: u32 = 75;
/** Messages of blocks that the log has made durable. */
export const COUNTER_GATEWAY_DURABLE: u32 = 76;
/** Of refused messages alone, by code: this and the CODES_MAX - 1 behind it; together they are COUNTER_GATEWAY_REFUSED. */
export const COUNTER_GATEWAY_REFUSED_BY_CODE: u32 = 128;

// Pipeline counters: records = stored + duplicate + dead, always
export const COUNTER_PIPELINE_RECORDS: u32 = 64;
export const COUNTER_PIPELINE_STORED: u32 = 65;
export const COUNTER_PIPELINE_DUPLICATE: u32 = 66;
export const COUNTER_PIPELINE_DEAD: u32 = 67;
export const COUNTER_PIPELINE_READINGS: u32 = 68;
export const COUNTER_PIPELINE_TEXT_READINGS: u32 = 69;
export const COUNTER_PIPELINE_BLOCKS: u32 = 70;
export const COUNTER_PIPELINE_REPLAYED: u32 = 71;
export const COUNTER_PIPELINE_REBOOTS: u32 = 72;
export const COUNTER_PIPELINE_RUNS_FORGOTTEN: u32 = 73;
export const COUNTER_PIPELINE_LIVE_SKIPPED: u32 = 74;
export const COUNTER_PIPELINE_LATEST_UNTRACKED: u32 = 75;
export const COUNTER_PIPELINE_NULLS: u32 = 76;

// ---------------------------------------------------------------------------------------------
// Gateway memory
// ---------------------------------------------------------------------------------------------

/** Event table: what the reactor saw in one turn; the kernel writes back `consumed` and `needed`. */
export const EVENTS_OFFSET: u32 = COMMON_END;
export const EVENTS_MAX: u32 = 4096;
export const EVENT_BYTES: u32 = 24;
export const EVENT_AT_CONNECTION: u32 = 0;
export const EVENT_AT_KIND: u32 = 4;
export const EVENT_AT_OFFSET: u32 = 8;
export const EVENT_AT_LENGTH: u32 = 12;
/** Bytes of the event's data that the kernel took; the reactor presents the rest again. */
export const EVENT_AT_CONSUMED: u32 = 16;
/** The rest is worth presenting again only when it has grown to this many bytes. */
export const EVENT_AT_NEEDED: u32 = 20;
export const EVENT_OPENED: u32 = 1;
export const EVENT_DATA: u32 = 2;
export const EVENT_CLOSED: u32 = 3;
/** A whole datagram; its connection is CONNECTIONS_MAX + the number of the socket, and it is never presented again. */
export const EVENT_DATAGRAM: u32 = 4;

// Datagram, in the read region and in what is sent: its peer, then its bytes.
//
//   0  u16 family: 4 or 6     2  u16 port     4  address, 16 bytes; of IPv4 the first four, then 0     20  bytes
export const DATAGRAM_HEADER_BYTES: u32 = 20;
export const DATAGRAM_AT_FAMILY: u32 = 0;
export const DATAGRAM_AT_PORT: u32 = 2;
export const DATAGRAM_AT_ADDRESS: u32 = 4;
/** A longer datagram is dropped and counted; RFC 7252 §4.6 expects 1152 bytes where nothing else is known. */
export const DATAGRAM_BYTES_MAX: u32 = 4 * KIB;

/** Where the reactor lays the bytes it read. */
export const READ_OFFSET: u32 = COMMON_END + 128 * KIB;
export const READ_BYTES: u32 = 4 * MIB;

/** What the kernel asks the reactor to send: connection, offset, length. */
export const SENDS_OFFSET: u32 = READ_OFFSET + READ_BYTES;
export const SENDS_MAX: u32 = 16384;
export const SEND_BYTES: u32 = 12;
export const SEND_AT_CONNECTION: u32 = 0;
export const SEND_AT_OFFSET: u32 = 4;
export const SEND_AT_LENGTH: u32 = 8;
export const SENDS_BYTES: u32 = SENDS_MAX * SEND_BYTES;
/** The bytes of those sends. */
export const SEND_DATA_OFFSET: u32 = SENDS_OFFSET + SENDS_BYTES;
export const SEND_DATA_BYTES: u32 = 1 * MIB;

/** What the kernel hands to the session layer: control packets and connections to end. */
export const CALLS_OFFSET: u32 = SEND_DATA_OFFSET + SEND_DATA_BYTES;
export const CALLS_MAX: u32 = 8192;
export const CALL_BYTES: u32 = 20;
export const CALL_AT_CONNECTION: u32 = 0;
export const CALL_AT_KIND: u32 = 4;
export const CALL_AT_CODE: u32 = 8;
export const CALL_AT_OFFSET: u32 = 12;
export const CALL_AT_LENGTH: u32 = 16;
export const CALLS_BYTES: u32 = 256 * KIB;
/** A whole packet for the session layer: CONNECT, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, AUTH. */
export const CALL_PACKET: u32 = 1;
/** The kernel refused something that ends the connection; `code` says why. */
export const CALL_REFUSED: u32 = 2;
/** A message handed in by the host (HTTP) is durable; `offset` is its token. */
export const CALL_DURABLE: u32 = 3;
/** The reactor delivered EVENT_CLOSED; it comes after every other call of that connection. */
export const CALL_CLOSED: u32 = 4;

export const CONNECTIONS_OFFSET: u32 = CALLS_OFFSET + CALLS_BYTES;
export const CONNECTION_BYTES: u32 = 64;
export const CONNECTIONS_BYTES: u32 = CONNECTIONS_MAX * CONNECTION_BYTES;

/** Devices, their ids and the index over (tenant, id). */
export const DEVICES_OFFSET: u32 = CONNECTIONS_OFFSET + CONNECTIONS_BYTES;
export const DEVICE_BYTES: u32 = 64;
export const DEVICES_BYTES: u32 = DEVICES_MAX * DEVICE_BYTES;
export const DEVICE_INDEX_OFFSET: u32 = DEVICES_OFFSET + DEVICES_BYTES;
export const DEVICE_INDEX_SLOTS: u32 = DEVICES_MAX * 2;
export const DEVICE_INDEX_BYTES: u32 = DEVICE_INDEX_SLOTS * 4;
export const DEVICE_NAMES_OFFSET: u32 = DEVICE_INDEX_OFFSET + DEVICE_INDEX_BYTES;
export const DEVICE_NAMES_BYTES: u32 = 128 * MIB;

// Device entry. `via` is the number of the gateway device that may publish for it, or 0.
export const DEVICE_AT_NUMBER: u32 = 0;
export const DEVICE_AT_VIA: u32 = 4;
export const DEVICE_AT_NAME_OFFSET: u32 = 8; // "tenant\0id"
export const DEVICE_AT_TENANT_BYTES: u32 = 12; // u8
export const DEVICE_AT_ID_BYTES: u32 = 13; // u8
export const DEVICE_AT_STATUS: u32 = 14; // u8
export const DEVICE_AT_PARTITION: u32 = 15; // u8
export const DEVICE_AT_TOKEN_HASH: u32 = 16; // 32 bytes, HMAC-SHA256
export const DEVICE_TOKEN_HASH_BYTES: u32 = 32;
export const DEVICE_AT_CONNECTION: u32 = 48; // its live connection + 1, or 0
export const DEVICE_AT_NEXT: u32 = 52; // address of the device that a connection spoke for after it last time, or 0
export const DEVICE_AT_AHEAD: u32 = 56; // the same some messages later
export const DEVICE_AT_ACCEPTED: u32 = 60; // its messages laid into blocks since the start, modulo 2^32

export const DEVICE_ACTIVE: u32 = 1;
export const DEVICE_INACTIVE: u32 = 2;
export const DEVICE_QUARANTINED: u32 = 3;
export const DEVICE_DECOMMISSIONED: u32 = 4;

/** Blocks being filled, waiting for the log, or free. The log thread reads them where they lie. */
export const BLOCKS_OFFSET: u32 = DEVICE_NAMES_OFFSET + DEVICE_NAMES_BYTES;
export const BLOCK_SLOTS: u32 = 128;
export const BLOCKS_BYTES: u32 = BLOCK_SLOTS * BLOCK_BYTES_MAX;

/** Whom to answer once blocks are durable: one ring, in the order in which the messages came. */
export const ACKS_OFFSET: u32 = BLOCKS_OFFSET + BLOCKS_BYTES;
export const ACK_BYTES: u32 = 12;
/** A power of two; as many as all blocks together can hold. */
export const ACKS_MAX: u32 = BLOCK_SLOTS * BLOCK_RECORDS_MAX;
export const ACKS_BYTES: u32 = ACKS_MAX * ACK_BYTES;

/** Packet ids of messages at QoS 2 that their clients have not released yet: tables, taken by the connections that need one. */
export const UNRELEASED_OFFSET: u32 = ACKS_OFFSET + ACKS_BYTES;
export const UNRELEASED_BYTES: u32 = 32 * MIB;

/** Refused messages by whose they were and why; laid out in ledger-abi.ts, as the accounts below. */
export const REFUSALS_OFFSET: u32 = UNRELEASED_OFFSET + UNRELEASED_BYTES;
export const REFUSALS_BYTES: u32 = 1 * MIB;

export const GATEWAY_END: u32 = REFUSALS_OFFSET + REFUSALS_BYTES;

// ---------------------------------------------------------------------------------------------
// Pipeline memory (one instance a partition)
// ---------------------------------------------------------------------------------------------

/** Blocks as read from the log. */
export const INPUT_OFFSET: u32 = COMMON_END;
export const INPUT_BYTES: u32 = 512 * KIB;

/** 128-bit truncated powers of five, exponents -342..308, for number parsing: low u64, high u64. */
export const POWERS_OFFSET: u32 = INPUT_OFFSET + INPUT_BYTES;
export const POWERS_MIN: i32 = -342;
export const POWERS_MAX: i32 = 308;
export const POWERS_BYTES: u32 = 16 * KIB;

/** Metric names the kernel met and does not know: u32 count, then (u16 length, bytes) each. */
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
export const METRIC_NAMES_BYTES: u32 = 8 * MIB;

/** Shapes of messages: what lies between the values of a payload, as some devices send it again and again. */
export const SHAPES_OFFSET: u32 = METRIC_NAMES_OFFSET + METRIC_NAMES_BYTES;
export const SHAPES_MAX: u32 = 256;
export const SHAPE_BYTES: u32 = 1 * KIB;
export const SHAPES_BYTES: u32 = SHAPES_MAX * SHAPE_BYTES;

/** The readings of the message being decoded; also scratch for its strings and for long numbers. */
export const DECODED_OFFSET: u32 = SHAPES_OFFSET + SHAPES_BYTES;
export const DECODED_READING_BYTES: u32 = 24;
export const DECODED_BYTES: u32 = 64 * KIB;
export const DECODED_TEXT_OFFSET: u32 = DECODED_OFFSET + DECODED_BYTES;
export const DECODED_TEXT_BYTES: u32 = 256 * KIB;

/**
 * Row batches: each slot holds three COPY streams. A sealed slot belongs to the store thread. Its readings
 * are sorted by (device, metric, time), as PostgreSQL compares them; its texts and dead letters are in the
 * order in which they came. One slot fills while the store has one and another waits for it.
 */
export const BATCHES_OFFSET: u32 = DECODED_TEXT_OFFSET + DECODED_TEXT_BYTES;
export const BATCH_SLOTS: u32 = 3;
export const BATCH_READINGS_BYTES: u32 = 12 * MIB;
export const BATCH_TEXT_BYTES: u32 = 4 * MIB;
export const BATCH_DEAD_BYTES: u32 = 4 * MIB;
export const BATCH_BYTES: u32 = BATCH_READINGS_BYTES + BATCH_TEXT_BYTES + BATCH_DEAD_BYTES;
export const BATCHES_BYTES: u32 = BATCH_SLOTS * BATCH_BYTES;
/** A block opens only in a batch with this much room left in each stream: more than it can fill. */
export const BATCH_RESERVE_BYTES: u32 = 2 * MIB;

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

/** Readings of watched devices since the host last looked: u32 count at LIVE_OFFSET, then entries. */
export const LIVE_OFFSET: u32 = BATCH_HEAD_OFFSET + BATCH_HEAD_BYTES;
export const LIVE_MAX: u32 = 4096;
export const LIVE_HEADER_BYTES: u32 = 64;
export const LIVE_BYTES: u32 = 128 * KIB + LIVE_HEADER_BYTES;
// Live and latest entry
export const POINT_BYTES: u32 = 32;
export const POINT_AT_DEVICE: u32 = 0; // u32 device number
export const POINT_AT_METRIC: u32 = 4; // u32 metric number
export const POINT_AT_TS_US: u32 = 8; // u64, Unix epoch
export const POINT_AT_VALUE: u32 = 16; // f64
export const POINT_AT_RECEIVE_US: u32 = 24; // u64

/** Answer to latest(): entries as above, without a count. Answer to account(): STATEMENT_AT_… in ledger-abi.ts. */
export const LATEST_OFFSET: u32 = LIVE_OFFSET + LIVE_BYTES;
export const LATEST_MAX: u32 = 8192;
export const LATEST_BYTES: u32 = LATEST_MAX * POINT_BYTES;

/** State of the partition's devices: index from number to slot, slots, sequence runs, series. */
export const STATE_OFFSET: u32 = LATEST_OFFSET + LATEST_BYTES;
export const STATE_INDEX_SLOTS: u32 = PARTITION_DEVICES_MAX * 2;
export const STATE_INDEX_BYTES: u32 = STATE_INDEX_SLOTS * 4;
export const STATE_DEVICES_OFFSET: u32 = STATE_OFFSET + STATE_INDEX_BYTES;
export const STATE_DEVICE_BYTES: u32 = 192;
export const STATE_DEVICES_BYTES: u32 = PARTITION_DEVICES_MAX * STATE_DEVICE_BYTES;
export const RUN_PAGES_OFFSET: u32 = STATE_DEVICES_OFFSET + STATE_DEVICES_BYTES;
export const RUN_PAGES_MAX: u32 = 16384;
export const RUN_PAGE_BYTES: u32 = 2048;
export const RUN_PAGES_BYTES: u32 = RUN_PAGES_MAX * RUN_PAGE_BYTES;
export const SERIES_INDEX_OFFSET: u32 = RUN_PAGES_OFFSET + RUN_PAGES_BYTES;
export const SERIES_INDEX_SLOTS: u32 = PARTITION_SERIES_MAX * 2;
export const SERIES_INDEX_BYTES: u32 = SERIES_INDEX_SLOTS * 4;
export const SERIES_OFFSET: u32 = SERIES_INDEX_OFFSET + SERIES_INDEX_BYTES;
export const SERIES_BYTES: u32 = 40;
export const SERIES_REGION_BYTES: u32 = PARTITION_SERIES_MAX * SERIES_BYTES;
/** Fingerprints of recent payloads, two generations. */
export const FINGERPRINTS_OFFSET: u32 = SERIES_OFFSET + SERIES_REGION_BYTES;
export const FINGERPRINT_SLOTS: u32 = 262144;
export const FINGERPRINTS_BYTES: u32 = FINGERPRINT_SLOTS * 8 * 2;

/** What became of the messages of devices besides being stored; part of the state. */
export const ACCOUNTS_OFFSET: u32 = FINGERPRINTS_OFFSET + FINGERPRINTS_BYTES;
export const ACCOUNTS_HEADER_BYTES: u32 = 64;
export const ACCOUNT_BYTES: u32 = 160;
export const ACCOUNTS_BYTES: u32 = ACCOUNTS_HEADER_BYTES + PARTITION_DEVICES_MAX * ACCOUNT_BYTES;
/** By device of the state: how many of its messages, modulo 2^32, were run before this process took messages in; u32 each. */
export const BASES_OFFSET: u32 = ACCOUNTS_OFFSET + ACCOUNTS_BYTES;
export const BASES_BYTES: u32 = PARTITION_DEVICES_MAX * 4;

/** Readings of the open batch in the order in which they came; their rows are laid into its slot when it is sealed. */
export const READINGS_OFFSET: u32 = BASES_OFFSET + BASES_BYTES;
export const READING_BYTES: u32 = 24;
/** A row of readings: four fields with their lengths, and how many they are. */
export const READING_ROW_BYTES: u32 = 42;
/** More than fit the slot; a power of two, so that a reading's place takes a fixed number of bits. */
export const READINGS_MAX: u32 = 524288;
export const READINGS_BYTES: u32 = READINGS_MAX * READING_BYTES;
/** Two arrays of u64 in which their order is found. */
export const SORT_OFFSET: u32 = READINGS_OFFSET + READINGS_BYTES;
export const SORT_BYTES: u32 = READINGS_MAX * 8 * 2;

/**
 * What decides about later messages and lies in no table: laid here by describeState for a checkpoint, read by adoptState.
 * Raise the version with every change to what any byte of the state means, so that no older checkpoint is taken for this one.
 */
export const STATE_VERSION: u32 = 2;
export const STATE_HEAD_OFFSET: u32 = SORT_OFFSET + SORT_BYTES;
export const STATE_HEAD_BYTES: u32 = 64;
/** Where the state lies, the head included: u32 count, then u32 offset and u32 bytes each. The indexes are not there: they follow from the tables. */
export const STATE_SECTIONS_OFFSET: u32 = STATE_HEAD_OFFSET + STATE_HEAD_BYTES;
export const STATE_SECTIONS_MAX: u32 = 15;
export const STATE_SECTION_BYTES: u32 = 8;
export const STATE_SECTIONS_BYTES: u32 = 8 + STATE_SECTIONS_MAX * STATE_SECTION_BYTES;

export const SOURCES_OFFSET: u32 = STATE_SECTIONS_OFFSET + STATE_SECTIONS_BYTES;
export const SOURCES_BYTES: u32 = 6144;
export const PIPELINE_END: u32 = SOURCES_OFFSET + SOURCES_BYTES;

// What processBlocks answers
export const BLOCK_DONE: i32 = 0;
/** Unknown metric names are listed; add or deny them, then call again from where it stopped. */
export const BLOCK_NEEDS_METRICS: i32 = -1;
export const BLOCK_HASH_MISMATCH: i32 = -2;
export const BLOCK_OF_OTHER_VERSION: i32 = -3;
export const BLOCK_OF_OTHER_PARTITION: i32 = -4;
export const BLOCK_MALFORMED: i32 = -5;
/** The open batch has no room for a worst-case block: seal it first. */
export const BLOCK_NEEDS_BATCH: i32 = -6;
/** The log wrote it to another offset: it is here twice, or out of order. */
export const BLOCK_OUT_OF_PLACE: i32 = -7;
