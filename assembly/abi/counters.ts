// Counters of both modules, by their place in the region COUNTERS: the first CODES_MAX count refusals by code.

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
