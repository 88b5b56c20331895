import { isAckQueueFull } from '../answers';
import { CHANNEL_TELEMETRY, FLAG_TRANSPORT_COAP, RECORD_FORMAT_SHIFT } from '../abi/block';
import { COAP_ACK, COAP_CON, COAP_EMPTY, COAP_GET, COAP_POST, COAP_PUT, COAP_RST } from '../abi/coap';
import {
  CODE_COAP_FORMAT_UNSUPPORTED,
  CODE_COAP_MALFORMED,
  CODE_COAP_METHOD_UNSUPPORTED,
  CODE_COAP_OPTION_UNSUPPORTED,
  CODE_COAP_OVERLOADED,
  CODE_COAP_PATH_UNKNOWN,
  CODE_DEVICE_INACTIVE,
  CODE_NONE,
  CODE_TOPIC_FORBIDDEN,
} from '../abi/codes';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_BYTES_IN, COUNTER_GATEWAY_PACKETS, COUNTER_GATEWAY_RECEIVED } from '../abi/counters';
import {
  CALL_COAP_REQUEST,
  CALL_COAP_TOKEN,
  CALL_OVER_RATE,
  DATAGRAM_AT_FAMILY,
  DATAGRAM_AT_OWNER,
  DATAGRAM_FAMILY_DTLS,
  DATAGRAM_HEADER_BYTES,
  DENIALS_OWN,
  DEVICE_ACTIVE,
  DEVICE_AT_DENIALS,
  DEVICE_AT_NAME_OFFSET,
  DEVICE_AT_NOTED,
  DEVICE_AT_NUMBER,
  DEVICE_AT_PARTITION,
  DEVICE_AT_SCHEMA,
  DEVICE_AT_STATUS,
  DEVICE_AT_TENANT_BYTES,
  DEVICE_AT_VIA,
  DEVICE_BYTES,
  DEVICES_OFFSET,
  EVENT_AT_CONNECTION,
  EVENT_AT_LENGTH,
  EVENT_AT_OFFSET,
} from '../abi/gateway';
import { DEVICE_ID_BYTES_MAX, TENANT_ID_BYTES_MAX } from '../abi/limits';
import { append, appendOfSchema } from '../block/seal';
import { monotonicMs } from '../clock';
import { countAccepted, find, hashBytes, timeZoneOf } from '../directory/devices';
import { overRate, pace, paceMs } from '../directory/pace';
import { OF_NOBODY, ofDevice, refuseMessage } from '../directory/refusals';
import { count } from '../memory';
import { call, hasDatagramRoom } from '../outbox';
import { ANSWER_BYTES_MAX, responseOf, sendEmpty, sendRefusal } from './answer';
import { addExchange, findExchange, hasPlace, repeatAnswer } from './exchanges';
import {
  block1,
  code,
  contentFormat,
  formatOf,
  hasOtherQuery,
  hasToken,
  isSegment,
  MALFORMED,
  messageId,
  noResponse,
  payload,
  payloadBytes,
  readHeader,
  readOptions,
  secretAt,
  secretBytes,
  segment,
  segmentBytes,
  segments,
  tenantAt,
  tenantBytes,
  token,
  tokenBytes,
  type,
} from './message';
import { isVerified, keepVerified } from './verified';

const DEFAULT = memory.data<u8>([0x64, 0x65, 0x66, 0x61, 0x75, 0x6c, 0x74, 0, 0, 0, 0, 0, 0, 0]); // "default", and what hashBytes reads after it
const DEFAULT_BYTES: u32 = 7;
const DEVICES = memory.data<u8>([0x64, 0x65, 0x76, 0x69, 0x63, 0x65, 0x73]);
const TELEMETRY = memory.data<u8>([0x74, 0x65, 0x6c, 0x65, 0x6d, 0x65, 0x74, 0x72, 0x79]);
const V1 = memory.data<u8>([0x76, 0x31]);
const INGEST = memory.data<u8>([0x69, 0x6e, 0x67, 0x65, 0x73, 0x74]);
const WELL_KNOWN = memory.data<u8>([0x2e, 0x77, 0x65, 0x6c, 0x6c, 0x2d, 0x6b, 0x6e, 0x6f, 0x77, 0x6e]);
const CORE = memory.data<u8>([0x63, 0x6f, 0x72, 0x65]);

// What a path names
const NOTHING: u32 = 0;
const TO_TELEMETRY: u32 = 1;
const TO_LINKS: u32 = 2;

/** A device that sends over its rate is reported once in this time. */
const NOTE_AGAIN_MS: f64 = 1000;

/** Why the log takes nothing in or the gateway ends, or 0: what finds no room is refused with it. */
let closedBy: u32 = CODE_NONE;
/** What the host said of the token of the datagram that is looked at again. */
let judgement: u32 = CODE_NONE;
let isJudged: bool = false;
/** The device and the token that the host was asked about. */
let askedDevice: usize = 0;
let askedToken: usize = 0;
let askedBytes: u32 = 0;

/** Requests that find no room are refused with this code; 0: with that of an overload. */
export function coapClosed(code: u32): void {
  closedBy = code;
}

/** The host's answer to CALL_COAP_TOKEN: 0 or the code that refuses the request. `isKept`: the token stays valid until the device has another. */
export function coapJudged(code: u32, isKept: bool): void {
  judgement = code;
  isJudged = true;
  if (code == CODE_NONE && isKept) keepVerified(askedDevice, askedToken, askedBytes);
}

/** Takes a datagram in. False: the host must take the outbox and answer its calls, then this event comes again. */
export function takeDatagram(event: usize): bool {
  if (!hasDatagramRoom(ANSWER_BYTES_MAX)) return false;
  const socket = load<u32>(event, EVENT_AT_CONNECTION);
  const peer = <usize>load<u32>(event, EVENT_AT_OFFSET);
  const bytes = load<u32>(event, EVENT_AT_LENGTH);
  const start = peer + DATAGRAM_HEADER_BYTES;
  const end = peer + bytes;
  if (!isJudged) {
    count(COUNTER_GATEWAY_BYTES_IN, bytes - DATAGRAM_HEADER_BYTES);
    count(COUNTER_GATEWAY_PACKETS);
  }
  if (!readHeader(start, end)) {
    count(CODE_COAP_MALFORMED);
    return true;
  }
  if (type == COAP_ACK || type == COAP_RST) {
    // Only the host sends answers with these (RFC 7252 §4.2).
    call(socket, CALL_COAP_REQUEST, CODE_NONE, <u32>peer, bytes);
    return true;
  }
  const isRequest = code != COAP_EMPTY && code < 0x20;
  const fault = isRequest && hasToken(end) ? readOptions(end) : MALFORMED;
  if (fault == MALFORMED) {
    reject(socket, peer, <u32>(end - start));
    return true;
  }
  return take(socket, peer, end, fault);
}

/** Rejects a message that is no request, or not well formed. A ping is an empty CON, and its answer is the same (RFC 7252 §4.3). */
function reject(socket: u32, peer: usize, bytes: u32): void {
  if (code != COAP_EMPTY || bytes != 4) count(CODE_COAP_MALFORMED);
  if (type == COAP_CON) sendEmpty(socket, peer, COAP_RST, messageId);
}

/** Takes in a request whose options are read; `fault` is the code of one that may not be passed over. */
function take(socket: u32, peer: usize, end: usize, fault: u32): bool {
  const exchange = findExchange(socket, peer, messageId);
  if (exchange != 0) {
    repeatAnswer(exchange);
    return true;
  }
  const target = targetOf();
  const requestBytes = <u32>(end - peer) - DATAGRAM_HEADER_BYTES;
  const isPost = code == COAP_POST || code == COAP_PUT;
  let refusal = fault;
  if (refusal == CODE_NONE && target == NOTHING) refusal = CODE_COAP_PATH_UNKNOWN;
  if (refusal == CODE_NONE && target != TO_LINKS && hasOtherQuery) refusal = CODE_COAP_OPTION_UNSUPPORTED;
  if (refusal == CODE_NONE && (target == TO_TELEMETRY ? !isPost : code != COAP_GET)) refusal = CODE_COAP_METHOD_UNSUPPORTED;
  if (refusal != CODE_NONE) return refuse(socket, peer, OF_NOBODY, refusal, requestBytes);
  if (target == TO_LINKS) {
    call(socket, CALL_COAP_REQUEST, CODE_NONE, <u32>peer, requestBytes + DATAGRAM_HEADER_BYTES);
    return true;
  }
  const owner = ownerOf(peer);
  const device = deviceNamed(isSegment(0, V1, 2) ? 2 : 1, owner);
  if (owner != 0) {
    // The association says who it is, and a token nothing more.
    if (!mayWriteFor(owner, device)) refusal = CODE_TOPIC_FORBIDDEN;
  } else if (isJudged) {
    isJudged = false;
    refusal = judgement;
  } else if (device == 0 || !isVerified(device, secretAt, secretBytes)) {
    askedDevice = device;
    askedToken = secretAt;
    askedBytes = secretBytes;
    call(socket, CALL_COAP_TOKEN, device == 0 ? 0 : ofDevice(device), <u32>secretAt, secretBytes);
    return false;
  }
  if (refusal == CODE_NONE && (<u32>load<u8>(device, DEVICE_AT_DENIALS) & DENIALS_OWN) != 0) refusal = CODE_TOPIC_FORBIDDEN;
  if (refusal != CODE_NONE) return refuse(socket, peer, device == 0 ? OF_NOBODY : ofDevice(device), refusal, requestBytes);
  if (load<u8>(device, DEVICE_AT_STATUS) != DEVICE_ACTIVE) return refuse(socket, peer, ofDevice(device), CODE_DEVICE_INACTIVE, requestBytes);
  const format = formatOf(contentFormat);
  if (format < 0) return refuse(socket, peer, ofDevice(device), CODE_COAP_FORMAT_UNSUPPORTED, requestBytes);
  // One block that is the whole body needs nothing put together, but its answer names it (RFC 7959 §2.2).
  if (block1 >= 0) {
    call(socket, CALL_COAP_REQUEST, ofDevice(device), <u32>peer, requestBytes + DATAGRAM_HEADER_BYTES);
    return true;
  }
  const over = overRate(device);
  if (over != CODE_NONE) {
    noteOverRate(device, over);
    return refuse(socket, peer, ofDevice(device), over, requestBytes);
  }
  if (!lay(socket, peer, device, <u32>format)) {
    return refuse(socket, peer, ofDevice(device), closedBy == CODE_NONE ? CODE_COAP_OVERLOADED : closedBy, requestBytes);
  }
  return true;
}

/** Tells the host of a message over a rate, unless it knows that of the device for less than a second. */
function noteOverRate(device: usize, over: u32): void {
  if (monotonicMs - load<f64>(device, DEVICE_AT_NOTED) < NOTE_AGAIN_MS) return;
  store<f64>(device, monotonicMs, DEVICE_AT_NOTED);
  call(0, CALL_OVER_RATE, over, ofDevice(device) - 1, <u32>Math.ceil(paceMs));
}

/** Lays the payload into its block. False: there is no room for it. */
function lay(socket: u32, peer: usize, device: usize, format: u32): bool {
  if (isAckQueueFull() || !hasPlace()) return false;
  const head = CHANNEL_TELEMETRY | (FLAG_TRANSPORT_COAP << 8) | (format << RECORD_FORMAT_SHIFT) | timeZoneOf(device);
  const schema = load<u32>(device, DEVICE_AT_SCHEMA);
  const partition = <u32>load<u8>(device, DEVICE_AT_PARTITION);
  const number = load<u32>(device, DEVICE_AT_NUMBER);
  const slot = schema == 0
    ? append(partition, number, head, payload, payloadBytes)
    : appendOfSchema(partition, number, head, schema, payload, payloadBytes);
  if (slot < 0) return false;
  pace(device, payloadBytes);
  count(COUNTER_GATEWAY_RECEIVED);
  count(COUNTER_GATEWAY_ACCEPTED);
  countAccepted(device);
  addExchange(socket, peer, <u32>slot);
  return true;
}

/** Refuses a request, and counts it as a refused message where it is one. */
function refuse(socket: u32, peer: usize, owner: u32, refusal: u32, requestBytes: u32): bool {
  if (code == COAP_POST || code == COAP_PUT) refuseMessage(owner, refusal);
  else count(refusal);
  const response = responseOf(refusal);
  // RFC 7967 §2.1: a bit for each class of answers. What a CON asks must be acknowledged all the same.
  const isUnwanted = (noResponse & (1 << ((response >> 5) - 1))) != 0;
  if (!isUnwanted) sendRefusal(socket, peer, type, messageId, token, tokenBytes, refusal, requestBytes);
  else if (type == COAP_CON) sendEmpty(socket, peer, COAP_ACK, messageId);
  return true;
}

function targetOf(): u32 {
  if (segments == 3 && isSegment(0, DEVICES, 7) && isSegment(2, TELEMETRY, 9)) return TO_TELEMETRY;
  if (segments == 3 && isSegment(0, V1, 2) && isSegment(1, INGEST, 6)) return TO_TELEMETRY;
  return segments == 2 && isSegment(0, WELL_KNOWN, 11) && isSegment(1, CORE, 4) ? TO_LINKS : NOTHING;
}

/** The device of the association that the datagram is of, or 0: it is of none, or nobody's. */
function ownerOf(peer: usize): usize {
  if (<u32>load<u16>(peer, DATAGRAM_AT_FAMILY) != DATAGRAM_FAMILY_DTLS) return 0;
  const owner = load<u32>(peer, DATAGRAM_AT_OWNER);
  return owner == 0 ? 0 : <usize>(DEVICES_OFFSET + (owner - 1) * DEVICE_BYTES);
}

/** A device writes for itself and for those that are registered behind it. */
function mayWriteFor(owner: usize, device: usize): bool {
  return device == owner || (device != 0 && load<u32>(device, DEVICE_AT_VIA) == load<u32>(owner, DEVICE_AT_NUMBER));
}

/** The device that the path segment names, of the tenant of the query, or else of that of the association's device; or 0. */
function deviceNamed(index: u32, owner: usize): usize {
  const idBytes = segmentBytes(index);
  let tenant = DEFAULT;
  let bytes = DEFAULT_BYTES;
  if (tenantAt != 0) {
    tenant = tenantAt;
    bytes = tenantBytes;
  } else if (owner != 0) {
    tenant = <usize>load<u32>(owner, DEVICE_AT_NAME_OFFSET);
    bytes = <u32>load<u8>(owner, DEVICE_AT_TENANT_BYTES);
  }
  if (idBytes == 0 || idBytes > DEVICE_ID_BYTES_MAX || bytes > TENANT_ID_BYTES_MAX) return 0;
  return find(tenant, bytes, hashBytes(tenant, bytes, 0), segment(index), idBytes);
}
