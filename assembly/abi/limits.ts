/**
 * The border between the kernels and TypeScript: the files of this folder hold limits, layouts, regions and codes, typed once.
 * Both `asc` and `tsc` compile them, so they hold integer constants and nothing else, and import one another with the ending
 * `.ts`, which both resolve.
 */

export const ABI_VERSION: u32 = 1;

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
/** Of a metric's name with its tags. */
export const METRIC_NAME_BYTES_MAX: u32 = 256;
/** Metrics in one sample: what a message says of one moment. */
export const MESSAGE_METRICS_MAX: u32 = 1024;
/** Readings in one message, over all its samples. */
export const MESSAGE_READINGS_MAX: u32 = 16384;
export const MESSAGE_SAMPLES_MAX: u32 = 4096;
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
