// Why a message or a connection was refused. Texts are in src/contract/codes.ts.

// Each stage has a range of its own, so that no stage has to renumber for another. From the first code of DECODE up to that of
// COMMAND, a code is the reason of a dead letter.
export const GATEWAY_CODE_FIRST: u32 = 0;
export const DECODE_CODE_FIRST: u32 = 64;
export const SCHEMA_CODE_FIRST: u32 = 128;
export const STORE_CODE_FIRST: u32 = 192;
export const COMMAND_CODE_FIRST: u32 = 224;
/** A code fits one byte: accounts keep it beside its count in one word. */
export const CODES_MAX: u32 = 256;
/** A code's name in kernel memory: one length byte, then at most 31 bytes of ASCII. */
export const CODE_NAME_BYTES: u32 = 32;

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
export const CODE_ADDRESS_EXHAUSTED: u32 = 27;
export const CODE_REGISTRY_INCOMPLETE: u32 = 28;
export const CODE_MQTT_PROTOCOL_ERROR: u32 = 29;
export const CODE_LOG_FULL: u32 = 30;
export const CODE_LOG_FAILING: u32 = 31;
export const CODE_MQTT_FILTER_MALFORMED: u32 = 32;
export const CODE_PROXY_HEADER_INVALID: u32 = 33;
export const CODE_WEBSOCKET_REFUSED: u32 = 34;
export const CODE_WEBSOCKET_MALFORMED: u32 = 35;
export const CODE_SESSIONS_EXHAUSTED: u32 = 45;
export const CODE_SESSION_DROPPED: u32 = 46;
export const CODE_MQTT_ALIASES_EXHAUSTED: u32 = 47;
export const CODE_MQTT_RECEIVE_MAXIMUM_EXCEEDED: u32 = 48;
export const CODE_MQTT_ANSWER_OVERSIZE: u32 = 55;
export const CODE_MQTT_PAYLOAD_FORMAT_INVALID: u32 = 36;
export const CODE_COAP_MALFORMED: u32 = 37;
export const CODE_COAP_PATH_UNKNOWN: u32 = 38;
export const CODE_COAP_METHOD_UNSUPPORTED: u32 = 39;
export const CODE_COAP_OPTION_UNSUPPORTED: u32 = 40;
export const CODE_COAP_FORMAT_UNSUPPORTED: u32 = 41;
export const CODE_COAP_PROXYING: u32 = 42;
export const CODE_COAP_OVERLOADED: u32 = 43;
export const CODE_COAP_BLOCKS_INCOMPLETE: u32 = 44;
export const CODE_DEVICE_OVER_RATE: u32 = 49;
export const CODE_TENANT_OVER_RATE: u32 = 50;
// Handshakes of DTLS, in the order of native/reactor/src/dtls/failure.rs
export const CODE_DTLS_HANDSHAKE_FAILED: u32 = 56;
export const CODE_DTLS_SUITE_UNSUPPORTED: u32 = 57;
export const CODE_DTLS_IDENTITY_UNKNOWN: u32 = 58;
export const CODE_DTLS_KEY_WRONG: u32 = 59;
export const CODE_DTLS_CERTIFICATE_REFUSED: u32 = 60;
export const CODE_DTLS_TIMED_OUT: u32 = 61;
export const CODE_DTLS_ENDED_BY_CLIENT: u32 = 62;
export const CODE_DTLS_EXHAUSTED: u32 = 63;

// Decode: the message goes to dead_letters under this reason
export const CODE_JSON_MALFORMED: u32 = 64;
export const CODE_JSON_DEPTH_EXCEEDED: u32 = 65;
export const CODE_JSON_DUPLICATE_KEY: u32 = 66;
export const CODE_JSON_UTF8_MALFORMED: u32 = 67;
export const CODE_NUMBER_OUT_OF_RANGE: u32 = 68;
export const CODE_METRICS_MISSING: u32 = 69;
export const CODE_METRICS_TOO_MANY: u32 = 70;
export const CODE_METRIC_NAME_INVALID: u32 = 71;
export const CODE_METRIC_VALUE_INVALID: u32 = 72;
export const CODE_METRIC_UNKNOWN: u32 = 73;
export const CODE_TS_MALFORMED: u32 = 74;
export const CODE_TS_OUT_OF_RANGE: u32 = 75;
export const CODE_SEQ_MALFORMED: u32 = 76;
export const CODE_TEXT_NUL: u32 = 77;
export const CODE_TEXT_OVERSIZE: u32 = 78;
export const CODE_STATE_EXHAUSTED: u32 = 79;
export const CODE_PAYLOAD_EMPTY: u32 = 80;
export const CODE_JSON_BYTE_ORDER_MARK: u32 = 83;
export const CODE_JSON_NUL_AT_END: u32 = 84;
export const CODE_METRIC_DUPLICATE: u32 = 85;
export const CODE_FORMAT_UNKNOWN: u32 = 86;
export const CODE_CBOR_MALFORMED: u32 = 88;
export const CODE_CBOR_UNSUPPORTED: u32 = 89;
export const CODE_MSGPACK_MALFORMED: u32 = 90;
export const CODE_RECORDS_UNSUPPORTED: u32 = 91;
export const CODE_MEMBER_DUPLICATE: u32 = 92;
export const CODE_SENML_MALFORMED: u32 = 93;
export const CODE_SENML_UNSUPPORTED: u32 = 94;
export const CODE_SENML_DEVICES_MIXED: u32 = 95;
export const CODE_DEPTH_EXCEEDED: u32 = 96;
export const CODE_PROTOBUF_MALFORMED: u32 = 100;
export const CODE_PROTOBUF_PLAN_MISSING: u32 = 101;
export const CODE_PROTOBUF_MESSAGE_REPEATED: u32 = 102;
export const CODE_SPARKPLUG_TOPIC_INVALID: u32 = 103;
export const CODE_SPARKPLUG_COMPRESSED: u32 = 104;
export const CODE_SPARKPLUG_ALIAS_UNKNOWN: u32 = 105;
export const CODE_SPARKPLUG_TYPE_UNKNOWN: u32 = 106;
export const CODE_LINE_MALFORMED: u32 = 111;
export const CODE_CAYENNE_MALFORMED: u32 = 112;
export const CODE_CAYENNE_TYPE_UNKNOWN: u32 = 113;
export const CODE_TEXT_UTF8_MALFORMED: u32 = 114;
// Known before anything of the message is decoded
export const CODE_CONTEXT_MALFORMED: u32 = 119;
export const CODE_DEVICE_LOST: u32 = 120;
export const CODE_TOPIC_NOT_TAKEN: u32 = 121;
// Why a codec of the tenant gave no readings
export const CODE_CODEC_TRAPPED: u32 = 122;
export const CODE_CODEC_FUEL_EXHAUSTED: u32 = 123;
export const CODE_CODEC_REFUSED: u32 = 124;
export const CODE_CODEC_OUTPUT_INVALID: u32 = 125;
export const CODE_CODEC_OUTPUT_OVERSIZE: u32 = 126;

// Schema: the readings of a decoded message are not as its schema has them
export const CODE_SCHEMA_VERSION_MISSING: u32 = 128;
export const CODE_FIELD_MISSING: u32 = 129;
export const CODE_FIELD_TYPE_INVALID: u32 = 130;
export const CODE_FIELD_OUT_OF_RANGE: u32 = 131;
export const CODE_FIELD_UNEXPECTED: u32 = 132;
export const CODE_READINGS_TOO_MANY: u32 = 133;

// Store: counted by row, and no kernel gives it
export const CODE_ROW_REFUSED: u32 = 192;
