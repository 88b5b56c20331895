import {
  CODE_ADDRESS_EXHAUSTED,
  CODE_COAP_BLOCKS_INCOMPLETE,
  CODE_COAP_FORMAT_UNSUPPORTED,
  CODE_COAP_MALFORMED,
  CODE_COAP_METHOD_UNSUPPORTED,
  CODE_COAP_OPTION_UNSUPPORTED,
  CODE_COAP_OVERLOADED,
  CODE_COAP_PATH_UNKNOWN,
  CODE_COAP_PROXYING,
  CODE_CONNECT_TIMEOUT,
  CODE_CONNECTIONS_EXHAUSTED,
  CODE_CONTEXT_MALFORMED,
  CODE_CREDENTIALS_INVALID,
  CODE_DEPTH_EXCEEDED,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_LOST,
  CODE_DEVICE_OVER_RATE,
  CODE_DEVICE_UNKNOWN,
  CODE_FORMAT_UNKNOWN,
  CODE_JSON_BYTE_ORDER_MARK,
  CODE_JSON_DEPTH_EXCEEDED,
  CODE_JSON_DUPLICATE_KEY,
  CODE_JSON_MALFORMED,
  CODE_JSON_NUL_AT_END,
  CODE_JSON_UTF8_MALFORMED,
  CODE_KEEP_ALIVE_EXPIRED,
  CODE_LOG_FAILING,
  CODE_LOG_FULL,
  CODE_MEMBER_DUPLICATE,
  CODE_METRIC_DUPLICATE,
  CODE_METRIC_NAME_INVALID,
  CODE_METRIC_UNKNOWN,
  CODE_METRIC_VALUE_INVALID,
  CODE_METRICS_MISSING,
  CODE_METRICS_TOO_MANY,
  CODE_MQTT_ALIASES_EXHAUSTED,
  CODE_MQTT_ANSWER_OVERSIZE,
  CODE_MQTT_AUTH_UNSUPPORTED,
  CODE_MQTT_CONNECT_EXPECTED,
  CODE_MQTT_CONNECT_REPEATED,
  CODE_MQTT_FILTER_MALFORMED,
  CODE_MQTT_LENGTH_MALFORMED,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PACKET_ID_IN_USE,
  CODE_MQTT_PACKET_OVERSIZE,
  CODE_MQTT_PAYLOAD_FORMAT_INVALID,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_QOS_INVALID,
  CODE_MQTT_RECEIVE_MAXIMUM_EXCEEDED,
  CODE_MQTT_TOPIC_ALIAS_INVALID,
  CODE_MQTT_TOPIC_MALFORMED,
  CODE_MQTT_UNRELEASED_EXHAUSTED,
  CODE_MQTT_VERSION_UNSUPPORTED,
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_PAYLOAD_EMPTY,
  CODE_PAYLOAD_OVERSIZE,
  CODE_PEER_NOT_READING,
  CODE_PROXY_HEADER_INVALID,
  CODE_RECORDS_UNSUPPORTED,
  CODE_REGISTRY_INCOMPLETE,
  CODE_ROW_REFUSED,
  CODE_SEQ_MALFORMED,
  CODE_SESSION_DROPPED,
  CODE_SESSION_TAKEN_OVER,
  CODE_SESSIONS_EXHAUSTED,
  CODE_SHUTTING_DOWN,
  CODE_STATE_EXHAUSTED,
  CODE_TENANT_OVER_RATE,
  CODE_TEXT_NUL,
  CODE_TEXT_OVERSIZE,
  CODE_TEXT_UTF8_MALFORMED,
  CODE_TLS_HANDSHAKE_FAILED,
  CODE_TOPIC_FORBIDDEN,
  CODE_TOPIC_NOT_TAKEN,
  CODE_TOPIC_UNKNOWN,
  CODE_TS_MALFORMED,
  CODE_TS_OUT_OF_RANGE,
  CODE_WEBSOCKET_MALFORMED,
  CODE_WEBSOCKET_REFUSED,
  COMMAND_CODE_FIRST,
  DECODE_CODE_FIRST,
} from '../../assembly/abi/codes.js';
import { codecCodes } from './codecs/codec-codes.js';
import { dtlsCodes } from './dtls-codes.js';
import { formatCodes } from './format-codes.js';
import type { RefusalCode } from './refusal-code.js';
import { schemaCodes } from './schemas/schema-codes.js';

export type { RefusalCode };

const table: RefusalCode[] = [];

function code(number: number, name: string, cause: string, wayOut: string): RefusalCode {
  const entry = Object.freeze({ number, name, cause, wayOut });
  table.push(entry);
  return entry;
}

// Gateway: the protocol's own refusal tells the device, the counter tells the operator.
code(
  CODE_MQTT_MALFORMED,
  'mqtt_malformed',
  'the bytes are no well-formed MQTT packet',
  'check that the client speaks MQTT 3.1.1 or 5 on this port, without TLS on a plain port',
);
code(
  CODE_MQTT_PROTOCOL_ERROR,
  'mqtt_protocol_error',
  'a packet is well formed and not allowed: a property twice or with a forbidden value, packet id 0, a packet of servers, an unknown reason',
  'fix the client: the section of MQTT 5 on that packet lists the values that it allows',
);
code(CODE_MQTT_CONNECT_EXPECTED, 'mqtt_connect_expected', 'a packet came before CONNECT', 'send CONNECT first');
code(
  CODE_MQTT_CONNECT_REPEATED,
  'mqtt_connect_repeated',
  'a second CONNECT came on one connection',
  'open a new connection to connect again',
);
code(
  CODE_MQTT_LENGTH_MALFORMED,
  'mqtt_length_malformed',
  'a Remaining Length runs over four bytes',
  'fix the client: MQTT 5 §1.5.5 allows four bytes',
);
code(
  CODE_MQTT_PACKET_OVERSIZE,
  'mqtt_packet_oversize',
  'a packet is larger than the announced maximum',
  'send smaller messages or split them',
);
code(CODE_MQTT_QOS_INVALID, 'mqtt_qos_invalid', 'a PUBLISH asks for QoS 3', 'use QoS 0, 1 or 2');
code(
  CODE_MQTT_PACKET_ID_IN_USE,
  'mqtt_packet_id_in_use',
  'a new PUBLISH at QoS 2 has the packet id of one that was not released by PUBREL',
  'use another packet id, or set DUP where the message is sent again',
);
code(
  CODE_MQTT_TOPIC_MALFORMED,
  'mqtt_topic_malformed',
  'a topic is empty, not UTF-8, or holds a wildcard or NUL',
  'publish to devices/{id}/telemetry or tenant/{tenant}/device/{id}/data',
);
code(
  CODE_MQTT_FILTER_MALFORMED,
  'mqtt_filter_malformed',
  'a topic filter is empty, or a wildcard in it is no level of its own, or # is not its last level',
  'subscribe with + and # as whole levels, and with # at the end only',
);
code(
  CODE_PROXY_HEADER_INVALID,
  'proxy_header_invalid',
  'a connection of a proxy in SPILLWAY_PROXY_FROM does not begin with a good PROXY header, or the header did not come within 5 s',
  'let the proxy send it (HAProxy: send-proxy-v2), or take its address out of SPILLWAY_PROXY_FROM',
);
code(
  CODE_WEBSOCKET_REFUSED,
  'websocket_refused',
  'a request on a port of WebSockets does not open one, or did not come within 5 s',
  'ask for the path /mqtt with version 13 and the subprotocol mqtt; the answer to the request says what is missing',
);
code(
  CODE_WEBSOCKET_MALFORMED,
  'websocket_malformed',
  'a WebSocket was closed over its frames: a text message (1003), a message of more than 1 MiB (1009), or another breach of RFC 6455 (1002)',
  'send MQTT packets in binary messages of at most 1 MiB, masked, with no extension',
);
code(
  CODE_COAP_MALFORMED,
  'coap_malformed',
  'a datagram on the CoAP port is no well-formed message of CoAP version 1, or neither a request nor an answer to anything',
  'fix the client; a CON gets RST, anything else no answer (RFC 7252 section 4.2)',
);
code(
  CODE_COAP_PATH_UNKNOWN,
  'coap_path_unknown',
  'there is nothing at this path',
  'POST to devices/{id}/telemetry or v1/ingest/{id}; GET .well-known/core lists all paths',
);
code(CODE_COAP_METHOD_UNSUPPORTED, 'coap_method_unsupported', 'the path does not take this method', 'POST or PUT telemetry, GET the rest');
code(
  CODE_COAP_OPTION_UNSUPPORTED,
  'coap_option_unsupported',
  'a critical option or a query is not known here, is there twice, or is malformed',
  'of queries only token= and tenant= are known',
);
code(
  CODE_COAP_FORMAT_UNSUPPORTED,
  'coap_format_unsupported',
  'the Content-Format is none that is taken in',
  'send 0, 42, 50 (JSON), 60 (CBOR), 110 or 112 (SenML), 65001 (MessagePack), 65002 (Protobuf), or none',
);
code(CODE_COAP_PROXYING, 'coap_proxying', 'a request asks for a forward to another server', 'send it without Proxy-Uri and Proxy-Scheme');
code(
  CODE_COAP_OVERLOADED,
  'coap_overloaded',
  'there is no room for another message, or for another transfer in blocks',
  'send it again after Max-Age; look at the lag of the log',
);
code(
  CODE_COAP_BLOCKS_INCOMPLETE,
  'coap_blocks_incomplete',
  'a block of a transfer is not the one that was expected, or the transfer was given up',
  'send the whole body again, from its first block',
);
code(
  CODE_MQTT_TOPIC_ALIAS_INVALID,
  'mqtt_topic_alias_invalid',
  'a topic alias is 0, or higher than the Topic Alias Maximum of CONNACK',
  'use no higher aliases, or send the topic name in each PUBLISH',
);
code(
  CODE_MQTT_RECEIVE_MAXIMUM_EXCEEDED,
  'mqtt_receive_maximum_exceeded',
  'more messages at QoS 2 are under way than the Receive Maximum of CONNACK allows',
  'answer each PUBREC with PUBREL, and send no more messages before that than the Receive Maximum',
);
code(
  CODE_MQTT_ALIASES_EXHAUSTED,
  'mqtt_aliases_exhausted',
  'there is no room for another topic alias, or its topic is longer than 1024 bytes',
  'use fewer aliases, or none for long topics',
);
code(
  CODE_MQTT_ANSWER_OVERSIZE,
  'mqtt_answer_oversize',
  'an answer that the client waits for is larger than its Maximum Packet Size',
  'raise the Maximum Packet Size of the client, or subscribe to fewer filters in one packet',
);
code(
  CODE_MQTT_VERSION_UNSUPPORTED,
  'mqtt_version_unsupported',
  'CONNECT names a protocol other than MQTT 3.1.1 or 5',
  'use protocol level 4 or 5',
);
code(
  CODE_TOPIC_UNKNOWN,
  'topic_unknown',
  'no data is accepted on this topic: no topic rule matches it',
  'publish to devices/{id}/telemetry or tenant/{tenant}/device/{id}/data, on a topic of a known convention, or add a topic rule',
);
code(
  CODE_TOPIC_FORBIDDEN,
  'topic_forbidden',
  'the topic names a device that the connection may not publish for, or a rule denies it',
  "publish to the device's own topic, register the device with via = this gateway, or see which rule decides: npx spillway acl check",
);
code(CODE_DEVICE_UNKNOWN, 'device_unknown', 'the device is not in the registry', 'register it: npx spillway device add --id ID');
code(CODE_DEVICE_INACTIVE, 'device_inactive', 'the device is inactive, quarantined or decommissioned', 'set its status to active');
code(
  CODE_CREDENTIALS_INVALID,
  'credentials_invalid',
  'the token does not belong to the device, or was replaced and its time of grace is over',
  'use the token shown when the device was registered or its token last replaced, the device id as client id and the tenant as user name',
);
code(CODE_PAYLOAD_OVERSIZE, 'payload_oversize', 'a payload is larger than 128 KiB', 'send smaller messages or split them');
code(
  CODE_KEEP_ALIVE_EXPIRED,
  'keep_alive_expired',
  'nothing came for one and a half keep-alive intervals',
  'send PINGREQ in time, or connect with a longer keep-alive',
);
code(CODE_CONNECT_TIMEOUT, 'connect_timeout', 'no CONNECT came in time', 'send CONNECT at once after the connection opens');
code(
  CODE_SESSIONS_EXHAUSTED,
  'sessions_exhausted',
  'there are as many MQTT sessions as there may be, those included whose clients are offline',
  'let clients that do not come back ask for a shorter session expiry, or drop their sessions',
);
code(CODE_SESSION_DROPPED, 'session_dropped', 'the operator dropped the MQTT session', 'connect again: a new session begins');
code(CODE_SESSION_TAKEN_OVER, 'session_taken_over', 'the same device connected again', 'give each device an id of its own');
code(
  CODE_CONNECTIONS_EXHAUSTED,
  'connections_exhausted',
  'there is no room for another connection',
  'raise the open-file limit, add a gateway thread, or raise SPILLWAY_HTTP_CONNECTIONS for the HTTP port',
);
code(
  CODE_DEVICE_OVER_RATE,
  'device_over_rate',
  'the device sends more messages than its rate allows',
  'send more slowly, or several readings in one message; or raise SPILLWAY_DEVICE_RATE',
);
code(
  CODE_TENANT_OVER_RATE,
  'tenant_over_rate',
  'the devices of the tenant send more messages or bytes together than it may',
  'send again later; or raise SPILLWAY_TENANT_RATE or SPILLWAY_TENANT_KIB_PER_SECOND',
);
code(
  CODE_ADDRESS_EXHAUSTED,
  'address_exhausted',
  'the address has too many connections that have not authenticated',
  'send CONNECT at once after the connection opens; look for a client that opens connections and says nothing; or raise SPILLWAY_UNAUTHENTICATED_PER_ADDRESS',
);
code(CODE_SHUTTING_DOWN, 'shutting_down', 'the gateway is shutting down', 'connect again with backoff');
code(
  CODE_MQTT_AUTH_UNSUPPORTED,
  'mqtt_auth_unsupported',
  'the client asks for extended authentication',
  'connect with client id, user name and password, without an Authentication Method',
);
code(
  CODE_TLS_HANDSHAKE_FAILED,
  'tls_handshake_failed',
  'a client of the TLS port did not get through the handshake',
  'check that it speaks TLS 1.2 or 1.3 on this port, trusts the certificate, and shows one of its own where that is demanded',
);
code(
  CODE_PEER_NOT_READING,
  'peer_not_reading',
  'a client took nothing of what it was sent, until its time or the room for more was over',
  'read from the connection while publishing',
);
code(
  CODE_MQTT_UNRELEASED_EXHAUSTED,
  'mqtt_unreleased_exhausted',
  'too many messages at QoS 2 were not released by PUBREL, over all connections of the gateway',
  'answer each PUBREC with PUBREL, have fewer messages under way, or use QoS 1 with a sequence number',
);
code(
  CODE_MQTT_PAYLOAD_FORMAT_INVALID,
  'mqtt_payload_format_invalid',
  'the Payload Format Indicator of a message says that its payload is UTF-8, and it is not',
  'set the indicator to 0, or leave it out, where payloads are binary',
);
code(
  CODE_REGISTRY_INCOMPLETE,
  'registry_incomplete',
  'the database is away, and before it went no such device or token was known',
  'connect again with backoff; the operator has to bring the database back, and /readyz tells since when it is away',
);
code(
  CODE_LOG_FULL,
  'log_full',
  'the disk of the log is full',
  'send again later with the same seq; the operator has to make room on the disk of SPILLWAY_STATE, then the log takes messages again by itself',
);
code(
  CODE_LOG_FAILING,
  'log_failing',
  'the disk of the log refuses to write',
  'send again later with the same seq; the operator finds the cause in /readyz and in the event log-failing',
);

// Pipeline: the message is kept in dead_letters under this reason.
code(
  CODE_JSON_MALFORMED,
  'json_malformed',
  'the payload is not JSON, and of no other format that its first bytes show',
  'correct the sender, or name the format: by Content-Type, or by a topic rule',
);
code(
  CODE_PAYLOAD_EMPTY,
  'payload_empty',
  'the payload is empty, or white space alone',
  'send {"ts": …, "metrics": {…}, "seq": …}, or nothing',
);
code(
  CODE_JSON_BYTE_ORDER_MARK,
  'json_byte_order_mark',
  'the payload is JSON after a byte order mark, the bytes EF BB BF',
  'write UTF-8 without a byte order mark: RFC 8259 §8.1 forbids it',
);
code(
  CODE_JSON_NUL_AT_END,
  'json_nul_at_end',
  'the payload is JSON, and after it comes a NUL byte',
  'send strlen(payload) bytes: without the byte that ends a string in C',
);
code(CODE_JSON_DEPTH_EXCEEDED, 'json_depth_exceeded', 'the payload nests deeper than 32 levels', 'send a flat object of metrics');
code(
  CODE_JSON_DUPLICATE_KEY,
  'json_duplicate_key',
  'ts, metrics or seq is named twice, so its value is ambiguous',
  'name each member once',
);
code(CODE_METRIC_DUPLICATE, 'metric_duplicate', 'a metric is named twice, so its value is ambiguous', 'name each metric once');
code(
  CODE_FORMAT_UNKNOWN,
  'format_unknown',
  'the message is of a content format that this build does not decode: a newer one took it in',
  'run the newer build again; the payload is kept in dead_letters',
);
code(CODE_DEPTH_EXCEEDED, 'depth_exceeded', 'the payload nests deeper than 32 levels', 'send messages that nest less');
code(CODE_JSON_UTF8_MALFORMED, 'json_utf8_malformed', 'a string is not UTF-8 or holds a lone surrogate', 'encode the payload as UTF-8');
code(
  CODE_RECORDS_UNSUPPORTED,
  'records_unsupported',
  'the payload uses the record definitions of cbor-x or msgpackr, which other decoders cannot read',
  'encode with the option useRecords: false',
);
code(
  CODE_MEMBER_DUPLICATE,
  'member_duplicate',
  'the time or the sequence number is there twice, in CBOR or MessagePack, so its value is ambiguous',
  'name each member once',
);
code(CODE_NUMBER_OUT_OF_RANGE, 'number_out_of_range', 'a number does not fit a 64-bit float', 'send numbers up to 1.797e308');
code(
  CODE_METRICS_MISSING,
  'metrics_missing',
  'the payload has no "metrics" object, or an empty one',
  'send {"ts": …, "metrics": {"temperature": 21.5}}',
);
code(CODE_METRICS_TOO_MANY, 'metrics_too_many', 'the message holds more than 1,024 metrics', 'split the message');
code(
  CODE_METRIC_NAME_INVALID,
  'metric_name_invalid',
  'a metric name is empty, longer than 256 bytes with its tags or holds a control character',
  'use short printable names',
);
code(CODE_METRIC_VALUE_INVALID, 'metric_value_invalid', 'a metric is an object or an array', 'send a number, a boolean, a string or null');
code(
  CODE_METRIC_UNKNOWN,
  'metric_unknown',
  'the metric is new, and its device, class or tenant, or the deployment, has no room for more names',
  'check the firmware for generated names; GET /v1/metric-names shows the limits',
);
code(
  CODE_TS_MALFORMED,
  'ts_malformed',
  'ts is neither a number nor an ISO 8601 time with a zone',
  'send seconds or milliseconds since 1970, or ISO 8601 with a zone, or leave ts out',
);
code(
  CODE_TS_OUT_OF_RANGE,
  'ts_out_of_range',
  'ts lies before the year 2000 or more than a day ahead of the server',
  "set the device's clock, or leave ts out to use the receive time",
);
code(CODE_SEQ_MALFORMED, 'seq_malformed', 'seq is not a whole number from 0 to 2^53 - 1', 'count messages in a whole number');
code(CODE_TEXT_NUL, 'text_nul', 'a string value holds a NUL character, which PostgreSQL cannot store', 'strip NUL characters');
code(CODE_TEXT_OVERSIZE, 'text_oversize', 'a string value is longer than 8 KiB', 'send shorter strings');
code(
  CODE_STATE_EXHAUSTED,
  'state_exhausted',
  'the partition has no room for another device',
  'raise SPILLWAY_PARTITIONS on a new deployment',
);
code(
  CODE_TEXT_UTF8_MALFORMED,
  'text_utf8_malformed',
  'a text is not well-formed UTF-8, or is a plain value that holds a NUL',
  'send UTF-8; or name the format of the payload in the topic rule',
);
code(
  CODE_CONTEXT_MALFORMED,
  'context_malformed',
  'what the gateway wrote about the topic before the payload cannot be read: another version wrote it, or it is damaged',
  'run the version that wrote the log; the bytes are kept as a dead letter',
);
code(
  CODE_DEVICE_LOST,
  'device_lost',
  'the database no longer knows the device: it was restored from a backup, or another database took the log over',
  'register the device again; its messages are kept as dead letters',
);
code(
  CODE_TOPIC_NOT_TAKEN,
  'topic_not_taken',
  'an MQTT 3.1.1 client published on a topic that no rule takes or that its device may not use, and can be told so only by closing its connection',
  'make a topic rule for it and replay the dead letter, fix the topic in the client, or set SPILLWAY_MQTT_REFUSED_PUBLISH=disconnect',
);
code(
  CODE_ROW_REFUSED,
  'row_refused',
  'the database refused this one row of a message; its SQLSTATE and words are kept beside it',
  'look for a constraint, trigger, domain or index that was added to the table, and insert the row from its payload once that is mended',
);

/** All codes that kernels use, by number ascending. */
export const refusalCodes: readonly RefusalCode[] = Object.freeze(
  [...table, ...dtlsCodes, ...formatCodes, ...codecCodes, ...schemaCodes].sort((a, b) => a.number - b.number),
);

const byNumber = new Map(refusalCodes.map((entry) => [entry.number, entry]));

/** The code of a number out of a kernel; a number not in the table is a broken build, so it throws. */
export function refusalCode(number: number): RefusalCode {
  const entry = byNumber.get(number);
  if (!entry) throw new Error(`code ${number} is not in the table`);
  return entry;
}

/** Whether messages of this code are kept as dead letters; those of any other were refused before the log took them in. */
export function isDeadLetter({ number }: RefusalCode): boolean {
  return number >= DECODE_CODE_FIRST && number < COMMAND_CODE_FIRST;
}
