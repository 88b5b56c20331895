// Why a message or a connection was refused. Texts are in src/contract/codes.ts.

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
