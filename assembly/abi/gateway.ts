import { COAP_EXCHANGE_BYTES, COAP_EXCHANGES_MAX, COAP_VERIFIED_ENTRY_BYTES, COAP_VERIFIED_SLOTS } from './coap.ts';
import { BLOCK_BYTES_MAX, BLOCK_RECORDS_MAX, CONNECTIONS_MAX, DEVICES_MAX, KIB, MIB } from './limits.ts';
import { COMMON_END } from './regions.ts';

// Memory of the gateway module, after the common regions

/** Event table: the events of one turn of the reactor; the kernel writes back `consumed` and `needed`. */
export const EVENTS_OFFSET: u32 = COMMON_END;
export const EVENTS_MAX: u32 = 4096;
export const EVENT_BYTES: u32 = 24;
export const EVENTS_BYTES: u32 = EVENTS_MAX * EVENT_BYTES;
export const EVENT_AT_CONNECTION: u32 = 0;
export const EVENT_AT_KIND: u32 = 4;
export const EVENT_AT_OFFSET: u32 = 8;
export const EVENT_AT_LENGTH: u32 = 12;
/** Bytes of the event's data that the kernel took; the reactor presents the rest again. */
export const EVENT_AT_CONSUMED: u32 = 16;
/** The reactor presents the rest again only when it has grown to this many bytes. */
export const EVENT_AT_NEEDED: u32 = 20;
/** In place of a number of bytes: the reactor neither reads the connection nor presents its rest until it is asked to read it again. */
export const NEEDED_PAUSED: u32 = 0xffffffff;
/** Of EVENT_OPENED: TRANSPORT_…. */
export const EVENT_AT_TRANSPORT: u32 = 20;
export const EVENT_OPENED: u32 = 1;
export const EVENT_DATA: u32 = 2;
export const EVENT_CLOSED: u32 = 3;
/** A whole datagram; its connection is CONNECTIONS_MAX + the number of the socket, and it is never presented again. */
export const EVENT_DATAGRAM: u32 = 4;
/** The peer sends no more, and still reads: what waits to be sent to it can be. EVENT_CLOSED follows once the host has closed. */
export const EVENT_ENDED: u32 = 5;

// How a device's connection reaches its gateway.
export const TRANSPORT_MQTT: u32 = 0;
export const TRANSPORT_MQTTS: u32 = 1;
export const TRANSPORT_WS: u32 = 2;
export const TRANSPORT_WSS: u32 = 3;
/** A WebSocket that was opened on the HTTP port. */
export const TRANSPORT_HTTP: u32 = 4;
export const TRANSPORTS: u32 = 5;

// Datagram, received in the read region or queued to be sent: the address of the peer, then the bytes.
//
//   0  u16 family: 4 or 6     2  u16 port     4  address, 16 bytes; of IPv4 the first four, then 0     20  bytes
export const DATAGRAM_HEADER_BYTES: u32 = 20;
export const DATAGRAM_AT_FAMILY: u32 = 0;
export const DATAGRAM_AT_PORT: u32 = 2;
export const DATAGRAM_AT_ADDRESS: u32 = 4;
// Of an association of DTLS, which stays the same when its client goes on from another address:
//
//   0  u16 family: 12     4  u32 association     8  u32 its generation     12  u32 entry of its device + 1, 0: of nobody     20  bytes
export const DATAGRAM_FAMILY_DTLS: u32 = 12;
export const DATAGRAM_AT_ASSOCIATION: u32 = 4;
export const DATAGRAM_AT_GENERATION: u32 = 8;
export const DATAGRAM_AT_OWNER: u32 = 12;
/** A longer datagram is dropped and counted; RFC 7252 §4.6 expects 1152 bytes unless the path is known. */
export const DATAGRAM_BYTES_MAX: u32 = 4 * KIB;

/** Bytes that the reactor has read. */
export const READ_OFFSET: u32 = COMMON_END + 128 * KIB;
export const READ_BYTES: u32 = 4 * MIB;

/** Send table, the kernel's bytes for peers: connection, offset, length. */
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

/** Call table, the kernel's calls of the session layer: control packets and connections to end. */
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
/** The kernel refuses a packet or a deadline has passed, and the connection must end; `code` is the reason. */
export const CALL_REFUSED: u32 = 2;
/** A message handed in by the host (HTTP) is durable; `offset` is its token. */
export const CALL_DURABLE: u32 = 3;
/** The reactor has delivered EVENT_CLOSED: the last call of that connection. */
export const CALL_CLOSED: u32 = 4;
/** Nobody has said yet what the topic at `offset` means on this connection: the host adds its route, and the packet is looked at again. */
export const CALL_ROUTE: u32 = 5;
/** A whole PUBLISH that the host takes in itself, or refuses; the kernel has taken its bytes. */
export const CALL_MESSAGE: u32 = 6;
/** A connection that is leaving has all its acknowledgements. */
export const CALL_SETTLED: u32 = 7;
/** The peer sends no more: the session layer ends the connection once its acknowledgements are sent. */
export const CALL_ENDED: u32 = 8;
/** Whether the token at `offset` is that of the device whose entry + 1 is `code`, 0: of none. coapJudged answers, before the datagram is looked at again. */
export const CALL_COAP_TOKEN: u32 = 9;
/** A datagram that the host answers: its header is at `offset`, and the socket is the connection. */
export const CALL_COAP_REQUEST: u32 = 10;
/** The exchange at `offset` is durable, and its client has had an empty acknowledgement. */
export const CALL_COAP_SEPARATE: u32 = 11;
/** The client answers a message that it was sent: `code` is the type of its packet, `offset` the packet id, `length` the reason. */
export const CALL_ANSWERED: u32 = 12;
/**
 * A message was taken in that subscribers or the session want as well: `code` is the first byte of the PUBLISH, at `offset` lie `length`
 * bytes of its variable header and payload until the turn is over. Its acknowledgement is held.
 */
export const CALL_TAPPED: u32 = 13;
/** A client has released the packet id of a message at QoS 2, `offset`; its session outlives the connection. */
export const CALL_RELEASED: u32 = 14;
/** The connection has a message over the rate of its device or tenant, `code`: it is read again in `offset` ms at the earliest. */
export const CALL_PACED: u32 = 15;
/** A message of the device `offset`, an entry, was refused because it is over a rate, `code`; it may come in `length` ms. At most once a second for a device. */
export const CALL_OVER_RATE: u32 = 16;

/** Flags of a connection: its session outlives it, so that the host keeps the packet ids of its messages at QoS 2. */
export const CONNECTION_KEEPS: u32 = 2;
/** Somebody may have subscribed to what it publishes. */
export const CONNECTION_TAPS: u32 = 4;

export const CONNECTIONS_OFFSET: u32 = CALLS_OFFSET + CALLS_BYTES;
export const CONNECTION_BYTES: u32 = 64;
export const CONNECTIONS_BYTES: u32 = CONNECTIONS_MAX * CONNECTION_BYTES;

/** Devices, their ids and the index over (tenant, id). */
export const DEVICES_OFFSET: u32 = CONNECTIONS_OFFSET + CONNECTIONS_BYTES;
export const DEVICE_BYTES: u32 = 64;
export const DEVICES_BYTES: u32 = DEVICES_MAX * DEVICE_BYTES;
/** By entry: the HMAC-SHA256 of the device's token. */
export const DEVICE_TOKENS_OFFSET: u32 = DEVICES_OFFSET + DEVICES_BYTES;
export const DEVICE_TOKEN_HASH_BYTES: u32 = 32;
export const DEVICE_TOKENS_BYTES: u32 = DEVICES_MAX * DEVICE_TOKEN_HASH_BYTES;
/** By entry: the device's open connection + 1, or 0; u32 each. Only the host reads them. */
export const DEVICE_CONNECTIONS_OFFSET: u32 = DEVICE_TOKENS_OFFSET + DEVICE_TOKENS_BYTES;
export const DEVICE_CONNECTIONS_BYTES: u32 = DEVICES_MAX * 4;
export const DEVICE_INDEX_OFFSET: u32 = DEVICE_CONNECTIONS_OFFSET + DEVICE_CONNECTIONS_BYTES;
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
export const DEVICE_AT_ARRIVAL: u32 = 16; // f64, ms: when its next message may come, by its rate alone; GCRA's theoretical arrival time
export const DEVICE_AT_INTERVAL: u32 = 24; // f32, ms a message; 0: no limit
export const DEVICE_AT_SLACK: u32 = 28; // f32, ms that a message may come before its time
export const DEVICE_AT_TENANT: u32 = 32; // address of its tenant's entry; 0: tenants have no limits
export const DEVICE_AT_DENIALS: u32 = 36; // u8, DENIALS_…: what rules deny it to publish as telemetry
export const DEVICE_AT_TIME_ZONE: u32 = 37; // u8 number of the zone of times that name none, or 0
export const DEVICE_AT_NOTED: u32 = 40; // f64, ms: when a message over its rate was reported last
export const DEVICE_AT_SCHEMA: u32 = 48; // number of the schema version that its messages are read by, or 0
export const DEVICE_AT_NEXT: u32 = 52; // address of the device that the same connection published for next, the last time; or 0
export const DEVICE_AT_PREDICTED: u32 = 56; // address of the device that it published for 16 messages later, the last time; or 0
export const DEVICE_AT_ACCEPTED: u32 = 60; // its messages laid into blocks since the start, modulo 2^32

export const DEVICE_ACTIVE: u32 = 1;
export const DEVICE_INACTIVE: u32 = 2;
export const DEVICE_QUARANTINED: u32 = 3;
export const DEVICE_DECOMMISSIONED: u32 = 4;
/** Rules deny it topics: of each that it publishes on, the host is asked once whether they deny it. */
export const DENIALS_SOME: u32 = 1;
/** They deny it the topic of its own telemetry. */
export const DENIALS_OWN: u32 = 2;
/** In place of an entry: a service client. */
export const NO_DEVICE: u32 = 0xffffffff;

/** Block slots: being filled, waiting for the log, or free. The log thread reads the blocks in place. */
export const BLOCKS_OFFSET: u32 = DEVICE_NAMES_OFFSET + DEVICE_NAMES_BYTES;
export const BLOCK_SLOTS: u32 = 128;
export const BLOCKS_BYTES: u32 = BLOCK_SLOTS * BLOCK_BYTES_MAX;

/** Acknowledgements to be sent once blocks are durable: one ring, in the messages' order of arrival. */
export const ACKS_OFFSET: u32 = BLOCKS_OFFSET + BLOCKS_BYTES;
export const ACK_BYTES: u32 = 12;
/** A power of two; as many as all blocks together can hold. */
export const ACKS_MAX: u32 = BLOCK_SLOTS * BLOCK_RECORDS_MAX;
export const ACKS_BYTES: u32 = ACKS_MAX * ACK_BYTES;

/** Messages at QoS 1 and 2 that an MQTT 5 client may have under way; announced in CONNACK as Receive Maximum. */
export const RECEIVE_MAX: u32 = 1024;

/** What connections take as they need it: packet ids of messages at QoS 2 that clients have not released yet, and topic aliases. */
export const POOL_OFFSET: u32 = ACKS_OFFSET + ACKS_BYTES;
export const POOL_BYTES: u32 = 32 * MIB;
/** What topic aliases may take of it. */
export const ALIASES_POOL_BYTES: u32 = 8 * MIB;
/** The highest topic alias of a client; announced in CONNACK as Topic Alias Maximum. */
export const TOPIC_ALIASES_MAX: u32 = 16;

/** Refused messages by owner and code; laid out below. */
export const REFUSALS_OFFSET: u32 = POOL_OFFSET + POOL_BYTES;
export const REFUSALS_BYTES: u32 = 1 * MIB;

// Refusal in the gateway's table, open-addressed: u32 owner, u32 code, u64 count. Owner: 0 in a free slot; a device's entry + 1;
// with REFUSAL_OF_TENANT only the tenant of that device is known; REFUSAL_OF_TENANT alone: not even the tenant.
export const REFUSAL_BYTES: u32 = 16;
export const REFUSAL_SLOTS: u32 = REFUSALS_BYTES / REFUSAL_BYTES;
export const REFUSAL_AT_CODE: u32 = 4;
export const REFUSAL_AT_COUNT: u32 = 8;
export const REFUSAL_OF_TENANT: u32 = 0x80000000;

/** The topic of the last refused message of a device, at the slot of its entry. */
export const REFUSED_TOPICS_OFFSET: u32 = REFUSALS_OFFSET + REFUSALS_BYTES;
export const REFUSED_TOPICS_BYTES: u32 = 1 * MIB;

// Refused topic: u32 the device's entry + 1, or 0 in a free slot; u32 code; u32 refused messages of the device since it has the slot; u32
// bytes of the topic, of which as many follow as there is room for.
export const REFUSED_TOPIC_BYTES: u32 = 256;
/** A power of two. */
export const REFUSED_TOPIC_SLOTS: u32 = REFUSED_TOPICS_BYTES / REFUSED_TOPIC_BYTES;
export const REFUSED_TOPIC_AT_CODE: u32 = 4;
export const REFUSED_TOPIC_AT_COUNT: u32 = 8;
export const REFUSED_TOPIC_AT_BYTES: u32 = 12;
export const REFUSED_TOPIC_AT_TOPIC: u32 = 16;

/**
 * Reason Strings by code, which MQTT 5 sends after its Reason Code; the host writes them once. A u16 length, then so many bytes: the
 * packet's properties, which are the Reason String alone, after their Property Length. 0 bytes: no Reason String.
 */
export const REASON_TEXTS_OFFSET: u32 = REFUSED_TOPICS_OFFSET + REFUSED_TOPICS_BYTES;
export const REASON_TEXT_BYTES: u32 = 256;
export const REASON_TEXTS: u32 = 64;
export const REASON_TEXTS_BYTES: u32 = REASON_TEXTS * REASON_TEXT_BYTES;

/** Content formats by media type, as the host lays them once: u8 of its bytes, or 0 after the last; u8 format; the type in lower case. */
export const CONTENT_TYPES_OFFSET: u32 = REASON_TEXTS_OFFSET + REASON_TEXTS_BYTES;
export const CONTENT_TYPE_BYTES: u32 = 64;
export const CONTENT_TYPE_AT_FORMAT: u32 = 1;
export const CONTENT_TYPE_AT_NAME: u32 = 2;
export const CONTENT_TYPES_MAX: u32 = 64;
export const CONTENT_TYPES_BYTES: u32 = CONTENT_TYPES_MAX * CONTENT_TYPE_BYTES;

/** Routes by device of the connection and topic, open-addressed; and the contexts that they point to. */
export const ROUTES_OFFSET: u32 = CONTENT_TYPES_OFFSET + CONTENT_TYPES_BYTES;
export const ROUTE_BYTES: u32 = 32;
/** A power of two. */
export const ROUTE_SLOTS: u32 = 524288;
export const ROUTES_BYTES: u32 = ROUTE_SLOTS * ROUTE_BYTES;
export const ROUTE_CONTEXTS_OFFSET: u32 = ROUTES_OFFSET + ROUTES_BYTES;
export const ROUTE_CONTEXTS_BYTES: u32 = 48 * MIB;
/** A longer topic has no route, and is not taken. */
export const ROUTE_TOPIC_BYTES_MAX: u32 = 1024;

// Route. A free slot has another version than the table.
export const ROUTE_AT_HASH: u32 = 0; // u64 of the topic, seeded with the device
export const ROUTE_AT_SENDER: u32 = 8; // address of the connection's device
export const ROUTE_AT_VERSION: u32 = 12;
export const ROUTE_AT_DEVICE: u32 = 16; // address of the device whose messages these are
export const ROUTE_AT_CONTEXT: u32 = 20; // address of the context, which ends with the topic
export const ROUTE_AT_CONTEXT_BYTES: u32 = 24; // u16
export const ROUTE_AT_FORMAT: u32 = 26; // u8
export const ROUTE_AT_KIND: u32 = 27; // u8: ROUTE_TO_…, or the code that refuses the messages
export const ROUTE_TO_DEVICE: u32 = 0;
/** The host takes each message in: it speaks of several devices, or wants an answer. */
export const ROUTE_TO_HOST: u32 = 255;

/** CoAP: exchanges in their order of arrival, the newest of each bucket, and tokens that were verified (assembly/abi/coap.ts). */
export const COAP_EXCHANGES_OFFSET: u32 = ROUTE_CONTEXTS_OFFSET + ROUTE_CONTEXTS_BYTES;
export const COAP_EXCHANGES_BYTES: u32 = COAP_EXCHANGES_MAX * COAP_EXCHANGE_BYTES;
export const COAP_BUCKETS_OFFSET: u32 = COAP_EXCHANGES_OFFSET + COAP_EXCHANGES_BYTES;
export const COAP_BUCKETS_BYTES: u32 = COAP_EXCHANGES_MAX * 4;
export const COAP_VERIFIED_OFFSET: u32 = COAP_BUCKETS_OFFSET + COAP_BUCKETS_BYTES;
export const COAP_VERIFIED_BYTES: u32 = COAP_VERIFIED_SLOTS * COAP_VERIFIED_ENTRY_BYTES;

/** Where the topic aliases of each connection are, u32 each (assembly/mqtt/aliases.ts). */
export const ALIASES_OFFSET: u32 = COAP_VERIFIED_OFFSET + COAP_VERIFIED_BYTES;
export const ALIASES_BYTES: u32 = CONNECTIONS_MAX * 4;

/** Tenants, as the host numbers them; the host writes intervals and slacks. Those that find no room share the last entry. */
export const TENANTS_OFFSET: u32 = ALIASES_OFFSET + ALIASES_BYTES;
export const TENANTS_MAX: u32 = 16384;
export const TENANT_BYTES: u32 = 32;
export const TENANTS_BYTES: u32 = TENANTS_MAX * TENANT_BYTES;

// Tenant entry: how fast this gateway takes in what its devices send. Arrival, interval and slack are as those of a device.
export const TENANT_AT_ARRIVAL: u32 = 0; // f64
export const TENANT_AT_BYTES_ARRIVAL: u32 = 8; // f64
export const TENANT_AT_INTERVAL: u32 = 16; // f32
export const TENANT_AT_SLACK: u32 = 20; // f32
export const TENANT_AT_BYTES_INTERVAL: u32 = 24; // f32, ms a byte of payload
export const TENANT_AT_BYTES_SLACK: u32 = 28; // f32

export const GATEWAY_END: u32 = TENANTS_OFFSET + TENANTS_BYTES;
