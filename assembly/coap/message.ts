import {
  COAP_FORMAT_CBOR,
  COAP_FORMAT_JSON,
  COAP_FORMAT_MSGPACK,
  COAP_FORMAT_OCTETS,
  COAP_FORMAT_PROTOBUF,
  COAP_FORMAT_SENML_CBOR,
  COAP_FORMAT_SENML_JSON,
  COAP_FORMAT_TEXT,
  COAP_HEADER_BYTES,
  COAP_OPTION_ACCEPT,
  COAP_OPTION_BEARER,
  COAP_OPTION_BLOCK1,
  COAP_OPTION_BLOCK2,
  COAP_OPTION_CONTENT_FORMAT,
  COAP_OPTION_NO_RESPONSE,
  COAP_OPTION_PROXY_SCHEME,
  COAP_OPTION_PROXY_URI,
  COAP_OPTION_URI_HOST,
  COAP_OPTION_URI_PATH,
  COAP_OPTION_URI_PORT,
  COAP_OPTION_URI_QUERY,
  COAP_TOKEN_BYTES_MAX,
} from '../abi/coap';
import { FORMAT_BY_SHAPE, FORMAT_CBOR, FORMAT_MSGPACK, FORMAT_PROTOBUF, FORMAT_SENML_CBOR, FORMAT_SENML_JSON } from '../abi/block';
import { CODE_COAP_OPTION_UNSUPPORTED, CODE_COAP_PROXYING, CODE_NONE } from '../abi/codes';

// Message, RFC 7252 §3:
//
//   0  version (2 bits), type (2), bytes of the token (4)     2  u16 message id     4 + token  options, 0xff, payload
//   1  code                                                   4  token
//
// The variables hold what the last message says; its bytes stay where they were received.

export const SEGMENTS_MAX: u32 = 8;
const PAYLOAD_MARKER: u32 = 0xff;
const VERSION_1: u32 = 1;
/** Of all options together: more would be work without an answer. */
const OPTIONS_MAX: u32 = 64;

export let type: u32 = 0;
export let code: u32 = 0;
/** As it came, most significant byte first. */
export let messageId: u32 = 0;
export let token: usize = 0;
export let tokenBytes: u32 = 0;
export let payload: usize = 0;
export let payloadBytes: u32 = 0;
/** Of the Content-Format option; -1: there is none. */
export let contentFormat: i32 = -1;
/** The value of No-Response, RFC 7967 §2.1; 0: every answer is wanted. */
export let noResponse: u32 = 0;
/** The value of Block1, RFC 7959 §2.2; -1: there is none. */
export let block1: i32 = -1;
export let segments: u32 = 0;
const segmentAt = memory.data(SEGMENTS_MAX * 4, 4);
const segmentLengths = memory.data(SEGMENTS_MAX * 4, 4);
/** The device's token, or 0: the message has none. */
export let secretAt: usize = 0;
export let secretBytes: u32 = 0;
/** There is a query that no path but one for links passes over (RFC 6690 §4.1). */
export let hasOtherQuery: bool = false;
/** The tenant that the query names, or 0. */
export let tenantAt: usize = 0;
export let tenantBytes: u32 = 0;

@inline
export function segment(index: u32): usize {
  return <usize>load<u32>(segmentAt + (index << 2));
}

@inline
export function segmentBytes(index: u32): u32 {
  return load<u32>(segmentLengths + (index << 2));
}

/** Whether the path segment is the text `word` of `bytes` bytes. */
export function isSegment(index: u32, word: usize, bytes: u32): bool {
  return segmentBytes(index) == bytes && memory.compare(segment(index), word, bytes) == 0;
}

/** Reads the header and the token of [at, end). False: it is of another version, or too short to be answered (RFC 7252 §3, §4.2). */
export function readHeader(at: usize, end: usize): bool {
  if (end - at < <usize>COAP_HEADER_BYTES) return false;
  const first = <u32>load<u8>(at);
  type = (first >> 4) & 3;
  code = <u32>load<u8>(at, 1);
  messageId = (<u32>load<u8>(at, 2) << 8) | <u32>load<u8>(at, 3);
  tokenBytes = first & 15;
  token = at + COAP_HEADER_BYTES;
  return first >> 6 == VERSION_1;
}

/** Whether the token fits the message: lengths of 9 and more are a message format error (RFC 7252 §3). */
@inline
export function hasToken(end: usize): bool {
  return tokenBytes <= COAP_TOKEN_BYTES_MAX && token + tokenBytes <= end;
}

/** The options do not follow the format: the message is rejected as a whole. */
export const MALFORMED: u32 = 0xffffffff;

/** Reads options and payload. Answers CODE_NONE, MALFORMED, or the code of an option that may not be passed over. */
export function readOptions(end: usize): u32 {
  let at = token + tokenBytes;
  let number: u32 = 0;
  let refusal: u32 = CODE_NONE;
  contentFormat = -1;
  noResponse = 0;
  block1 = -1;
  segments = 0;
  secretAt = 0;
  secretBytes = 0;
  tenantAt = 0;
  tenantBytes = 0;
  hasOtherQuery = false;
  payload = end;
  payloadBytes = 0;
  for (let count: u32 = 0; at < end; count++) {
    const head = <u32>load<u8>(at++);
    if (head == PAYLOAD_MARKER) {
      if (at == end) return MALFORMED; // RFC 7252 §3
      payload = at;
      payloadBytes = <u32>(end - at);
      return refusal;
    }
    let delta = head >> 4;
    let bytes = head & 15;
    if (delta == 15 || bytes == 15 || count == OPTIONS_MAX) return MALFORMED; // RFC 7252 §3.1
    if (delta == 13) {
      if (end - at < 1) return MALFORMED;
      delta = 13 + <u32>load<u8>(at++);
    } else if (delta == 14) {
      if (end - at < 2) return MALFORMED;
      delta = 269 + ((<u32>load<u8>(at) << 8) | <u32>load<u8>(at, 1));
      at += 2;
    }
    if (bytes == 13) {
      if (end - at < 1) return MALFORMED;
      bytes = 13 + <u32>load<u8>(at++);
    } else if (bytes == 14) {
      if (end - at < 2) return MALFORMED;
      bytes = 269 + ((<u32>load<u8>(at) << 8) | <u32>load<u8>(at, 1));
      at += 2;
    }
    if (end - at < <usize>bytes) return MALFORMED;
    const isRepeated = delta == 0 && count > 0;
    number += delta;
    if (number > 0xffff) return MALFORMED;
    if (refusal == CODE_NONE) refusal = readOption(number, at, bytes, isRepeated);
    at += bytes;
  }
  return refusal;
}

/** Answers the code that refuses the option. An elective one that is not known or not well formed is passed over (RFC 7252 §5.4.1, §5.4.3). */
function readOption(number: u32, at: usize, bytes: u32, isRepeated: bool): u32 {
  if (number == COAP_OPTION_URI_PATH) {
    if (segments == SEGMENTS_MAX || bytes > 255) return CODE_COAP_OPTION_UNSUPPORTED;
    store<u32>(segmentAt + (segments << 2), <u32>at);
    store<u32>(segmentLengths + (segments << 2), bytes);
    segments++;
    return CODE_NONE;
  }
  if (number == COAP_OPTION_URI_QUERY) return readQuery(at, bytes);
  if (number == COAP_OPTION_PROXY_URI || number == COAP_OPTION_PROXY_SCHEME) return CODE_COAP_PROXYING;
  if (!isRepeated) {
    if (number == COAP_OPTION_URI_HOST && bytes > 0 && bytes < 256) return CODE_NONE;
    if ((number == COAP_OPTION_URI_PORT || number == COAP_OPTION_ACCEPT) && bytes <= 2) return CODE_NONE;
    if (number == COAP_OPTION_BLOCK2 && bytes <= 3) return CODE_NONE;
    if (number == COAP_OPTION_BLOCK1 && bytes <= 3) {
      block1 = <i32>uintAt(at, bytes);
      return CODE_NONE;
    }
    if (number == COAP_OPTION_CONTENT_FORMAT && bytes <= 2) contentFormat = <i32>uintAt(at, bytes);
    else if (number == COAP_OPTION_NO_RESPONSE && bytes <= 1) noResponse = uintAt(at, bytes);
    else if (number == COAP_OPTION_BEARER && secretAt == 0) {
      secretAt = at;
      secretBytes = bytes;
    }
  }
  return (number & 1) != 0 ? CODE_COAP_OPTION_UNSUPPORTED : CODE_NONE;
}

// The names of queries, with the equals sign.
const TOKEN_QUERY = memory.data<u8>([0x74, 0x6f, 0x6b, 0x65, 0x6e, 0x3d]); // token=
const TENANT_QUERY = memory.data<u8>([0x74, 0x65, 0x6e, 0x61, 0x6e, 0x74, 0x3d]); // tenant=

/** A query of another name would ask for something that is not done. */
function readQuery(at: usize, bytes: u32): u32 {
  if (bytes >= 6 && memory.compare(at, TOKEN_QUERY, 6) == 0 && secretAt == 0) {
    secretAt = at + 6;
    secretBytes = bytes - 6;
    return CODE_NONE;
  }
  if (bytes > 7 && memory.compare(at, TENANT_QUERY, 7) == 0 && tenantAt == 0) {
    tenantAt = at + 7;
    tenantBytes = bytes - 7;
    return CODE_NONE;
  }
  hasOtherQuery = true;
  return CODE_NONE;
}

/** RFC 7252 §3.2: the most significant byte comes first, and 0 has no bytes. */
function uintAt(at: usize, bytes: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) value = (value << 8) | <u32>load<u8>(at + i);
  return value;
}

/** FORMAT_… of the payload, or -1: Spillway does not take this Content-Format. JSON, text and bytes are told by their shape, as over HTTP. */
export function formatOf(number: i32): i32 {
  if (number < 0 || number == COAP_FORMAT_JSON || number == COAP_FORMAT_TEXT || number == COAP_FORMAT_OCTETS) return FORMAT_BY_SHAPE;
  if (number == COAP_FORMAT_CBOR) return FORMAT_CBOR;
  if (number == COAP_FORMAT_SENML_JSON) return FORMAT_SENML_JSON;
  if (number == COAP_FORMAT_SENML_CBOR) return FORMAT_SENML_CBOR;
  if (number == COAP_FORMAT_MSGPACK) return FORMAT_MSGPACK;
  if (number == COAP_FORMAT_PROTOBUF) return FORMAT_PROTOBUF;
  return -1;
}
