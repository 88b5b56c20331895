import { CODES_MAX } from './codes.ts';

// Counters of both modules, by their place in the region COUNTERS: the first CODES_MAX count refusals by code.

// Gateway counters, after the codes
export const COUNTER_GATEWAY_BYTES_IN: u32 = CODES_MAX;
export const COUNTER_GATEWAY_PACKETS: u32 = CODES_MAX + 1;
/** Messages that arrived as PUBLISH, CoAP POST or HTTP POST, accepted or refused. */
export const COUNTER_GATEWAY_RECEIVED: u32 = CODES_MAX + 2;
/** Messages laid into a block. received = sealed or open + refused, always. */
export const COUNTER_GATEWAY_ACCEPTED: u32 = CODES_MAX + 3;
export const COUNTER_GATEWAY_REFUSED: u32 = CODES_MAX + 4;
export const COUNTER_GATEWAY_BLOCKS: u32 = CODES_MAX + 5;
export const COUNTER_GATEWAY_BLOCK_BYTES: u32 = CODES_MAX + 6;
export const COUNTER_GATEWAY_ACKED: u32 = CODES_MAX + 7;
export const COUNTER_GATEWAY_CONNECTIONS_OPENED: u32 = CODES_MAX + 8;
export const COUNTER_GATEWAY_CONNECTIONS_CLOSED: u32 = CODES_MAX + 9;
/** How often the host stopped reading sockets because no block slot was free; PAUSED is 1 while it does. The host counts these. */
export const COUNTER_GATEWAY_PAUSES: u32 = CODES_MAX + 10;
export const COUNTER_GATEWAY_PAUSED: u32 = CODES_MAX + 11;
/** Messages of blocks that the log has made durable. */
export const COUNTER_GATEWAY_DURABLE: u32 = CODES_MAX + 12;
/** Open connections by transport: this counter and TRANSPORTS - 1 more. */
export const COUNTER_GATEWAY_CONNECTIONS_OF: u32 = CODES_MAX + 13;
/** Messages of the broker that a client was not sent: it does not read, or takes none of their size. */
export const COUNTER_GATEWAY_UNDELIVERED: u32 = CODES_MAX + 18;
/** Clients of DTLS that are associated and that shake hands now; handshakes done, records dropped, associations given up, moves: 6 counters. */
export const COUNTER_GATEWAY_DTLS_OPEN: u32 = CODES_MAX + 19;
/** Refused messages by code, without refused connections: this counter and CODES_MAX - 1 more; their sum is COUNTER_GATEWAY_REFUSED. */
export const COUNTER_GATEWAY_REFUSED_BY_CODE: u32 = CODES_MAX * 2;

// Pipeline counters: records + extra samples = stored + duplicate + dead, always
export const COUNTER_PIPELINE_RECORDS: u32 = CODES_MAX;
export const COUNTER_PIPELINE_STORED: u32 = CODES_MAX + 1;
export const COUNTER_PIPELINE_DUPLICATE: u32 = CODES_MAX + 2;
export const COUNTER_PIPELINE_DEAD: u32 = CODES_MAX + 3;
export const COUNTER_PIPELINE_READINGS: u32 = CODES_MAX + 4;
export const COUNTER_PIPELINE_TEXT_READINGS: u32 = CODES_MAX + 5;
export const COUNTER_PIPELINE_BLOCKS: u32 = CODES_MAX + 6;
export const COUNTER_PIPELINE_REPLAYED: u32 = CODES_MAX + 7;
export const COUNTER_PIPELINE_REBOOTS: u32 = CODES_MAX + 8;
export const COUNTER_PIPELINE_RUNS_FORGOTTEN: u32 = CODES_MAX + 9;
export const COUNTER_PIPELINE_LIVE_SKIPPED: u32 = CODES_MAX + 10;
export const COUNTER_PIPELINE_LATEST_UNTRACKED: u32 = CODES_MAX + 11;
export const COUNTER_PIPELINE_NULLS: u32 = CODES_MAX + 12;
/** Readings whose whole number no double holds: the nearest double is stored. */
export const COUNTER_PIPELINE_ROUNDED: u32 = CODES_MAX + 13;
/** Samples of records besides their first: each is counted as a message of its own. */
export const COUNTER_PIPELINE_EXTRA_SAMPLES: u32 = CODES_MAX + 14;
/** Values of stored messages that could not be read or kept, and were left out. */
export const COUNTER_PIPELINE_SKIPPED: u32 = CODES_MAX + 15;
/** Times of stored messages that name no zone, in whose place the receive time stands. */
export const COUNTER_PIPELINE_ZONELESS: u32 = CODES_MAX + 16;
/** Stored messages whose format nobody named and their bytes showed. */
export const COUNTER_PIPELINE_RECOGNISED: u32 = CODES_MAX + 17;
/** Births and deaths of Sparkplug's edge nodes and devices. */
export const COUNTER_PIPELINE_BIRTHS: u32 = CODES_MAX + 18;
export const COUNTER_PIPELINE_DEATHS: u32 = CODES_MAX + 19;
/** Births whose definitions the state has no room for. */
export const COUNTER_PIPELINE_BIRTHS_UNTRACKED: u32 = CODES_MAX + 20;
/** Metrics named by an alias that no birth defines. */
export const COUNTER_PIPELINE_ALIASES_UNKNOWN: u32 = CODES_MAX + 21;
/** Steps in the sequence of an edge node's messages that leave numbers out. */
export const COUNTER_PIPELINE_EDGE_GAPS: u32 = CODES_MAX + 22;
/** Rebirths that an edge node should be asked for. */
export const COUNTER_PIPELINE_REBIRTHS_WANTED: u32 = CODES_MAX + 23;
/** Values of stored messages that their schema set to an end of their range. */
export const COUNTER_PIPELINE_CLAMPED: u32 = CODES_MAX + 24;
/** Those that lie outside of their range and were stored as they are. */
export const COUNTER_PIPELINE_FLAGGED: u32 = CODES_MAX + 25;
/** Readings that stored messages have by default. */
export const COUNTER_PIPELINE_DEFAULTED: u32 = CODES_MAX + 26;
/** Values of stored messages that were left out because they are not as their schema has them. */
export const COUNTER_PIPELINE_FIELD_FAULTS: u32 = CODES_MAX + 27;
/** Times of stored messages that name no zone, read as of the time zone of their device or tenant. */
export const COUNTER_PIPELINE_ZONED: u32 = CODES_MAX + 28;
