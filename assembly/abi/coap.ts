// CoAP (RFC 7252): numbers of its messages, and the layout of the kernel's tables for it

export const COAP_CON: u32 = 0;
export const COAP_NON: u32 = 1;
export const COAP_ACK: u32 = 2;
export const COAP_RST: u32 = 3;

export const COAP_HEADER_BYTES: u32 = 4;
export const COAP_TOKEN_BYTES_MAX: u32 = 8;

// Methods and response codes: class in the upper three bits, detail below.
export const COAP_EMPTY: u32 = 0x00;
export const COAP_GET: u32 = 0x01;
export const COAP_POST: u32 = 0x02;
export const COAP_PUT: u32 = 0x03;
export const COAP_CONTINUE: u32 = 0x5f; // 2.31 Continue
export const COAP_CHANGED: u32 = 0x44; // 2.04
export const COAP_CONTENT: u32 = 0x45; // 2.05
export const COAP_BAD_REQUEST: u32 = 0x80; // 4.00
export const COAP_UNAUTHORIZED: u32 = 0x81; // 4.01
export const COAP_BAD_OPTION: u32 = 0x82; // 4.02
export const COAP_FORBIDDEN: u32 = 0x83; // 4.03
export const COAP_NOT_FOUND: u32 = 0x84; // 4.04
export const COAP_METHOD_NOT_ALLOWED: u32 = 0x85; // 4.05
export const COAP_INCOMPLETE: u32 = 0x88; // 4.08
export const COAP_TOO_LARGE: u32 = 0x8d; // 4.13
export const COAP_FORMAT_UNSUPPORTED: u32 = 0x8f; // 4.15
export const COAP_TOO_MANY: u32 = 0x9d; // 4.29
export const COAP_UNAVAILABLE: u32 = 0xa3; // 5.03
export const COAP_PROXYING_UNSUPPORTED: u32 = 0xa5; // 5.05

// Options
export const COAP_OPTION_URI_HOST: u32 = 3;
export const COAP_OPTION_OBSERVE: u32 = 6;
export const COAP_OPTION_URI_PORT: u32 = 7;
export const COAP_OPTION_URI_PATH: u32 = 11;
export const COAP_OPTION_CONTENT_FORMAT: u32 = 12;
export const COAP_OPTION_MAX_AGE: u32 = 14;
export const COAP_OPTION_URI_QUERY: u32 = 15;
export const COAP_OPTION_ACCEPT: u32 = 17;
export const COAP_OPTION_BLOCK2: u32 = 23;
export const COAP_OPTION_BLOCK1: u32 = 27;
export const COAP_OPTION_PROXY_URI: u32 = 35;
export const COAP_OPTION_PROXY_SCHEME: u32 = 39;
export const COAP_OPTION_SIZE1: u32 = 60;
export const COAP_OPTION_NO_RESPONSE: u32 = 258;
export const COAP_OPTION_REQUEST_TAG: u32 = 292;
/** The device's token; elective and safe to forward, of the range for experiments (RFC 7252 §12.2). */
export const COAP_OPTION_BEARER: u32 = 65000;

// Content formats
export const COAP_FORMAT_TEXT: u32 = 0;
export const COAP_FORMAT_LINKS: u32 = 40;
export const COAP_FORMAT_OCTETS: u32 = 42;
export const COAP_FORMAT_JSON: u32 = 50;
export const COAP_FORMAT_CBOR: u32 = 60;
export const COAP_FORMAT_SENML_JSON: u32 = 110;
export const COAP_FORMAT_SENML_CBOR: u32 = 112;
/** MessagePack and Protobuf have no registered number: these are of the range for experiments (RFC 7252 §12.3). */
export const COAP_FORMAT_MSGPACK: u32 = 65001;
export const COAP_FORMAT_PROTOBUF: u32 = 65002;

/** How long an endpoint may repeat a message, ms: EXCHANGE_LIFETIME, RFC 7252 §4.8.2. */
export const COAP_EXCHANGE_MS: u32 = 247000;
/** A client that waits for longer gets an empty acknowledgement first, ms: well within the 2 s after which it would send again. */
export const COAP_PIGGYBACK_MS: u32 = 1000;
/** When a client that is refused for want of room may try again, s. */
export const COAP_RETRY_S: u32 = 5;
/** The longest Max-Age of one that is over a rate, s. */
export const COAP_RETRY_S_MAX: u32 = 60;

// Exchange: a request that was taken in, kept for as long as it may come again.
//
//   0  header of its datagram, 20 bytes     24  token, 8 bytes                              36  u32 ms of its arrival, modulo 2^32
//  20  u16 message id                       32  u32 place of the one before it in its       40  u8 bytes of the token, u8 state,
//  22  u16 socket                               bucket                                          u8 type, u8 whether 2.04 is unwanted
export const COAP_EXCHANGE_BYTES: u32 = 48;
/** A power of two. */
export const COAP_EXCHANGES_MAX: u32 = 2097152;
export const COAP_EXCHANGE_AT_MESSAGE: u32 = 20;
export const COAP_EXCHANGE_AT_SOCKET: u32 = 22;
export const COAP_EXCHANGE_AT_TOKEN: u32 = 24;
export const COAP_EXCHANGE_AT_NEXT: u32 = 32;
export const COAP_EXCHANGE_AT_ARRIVED: u32 = 36;
export const COAP_EXCHANGE_AT_TOKEN_BYTES: u32 = 40;
export const COAP_EXCHANGE_AT_STATE: u32 = 41;
export const COAP_EXCHANGE_AT_TYPE: u32 = 42;
export const COAP_EXCHANGE_AT_QUIET: u32 = 43;

// Token that was verified: u32 address of its device; u8 bytes; the first 8 bytes of the device's hash at 8, with which the entry is valid;
// the token at 16.
export const COAP_VERIFIED_ENTRY_BYTES: u32 = 64;
export const COAP_VERIFIED_AT_TOKEN_BYTES: u32 = 4;
export const COAP_VERIFIED_AT_HASH: u32 = 8;
export const COAP_VERIFIED_AT_TOKEN: u32 = 16;
export const COAP_VERIFIED_TOKEN_BYTES_MAX: u32 = 48;
/** A power of two. */
export const COAP_VERIFIED_SLOTS: u32 = 262144;
