import {
  COAP_ACK,
  COAP_BAD_OPTION,
  COAP_BAD_REQUEST,
  COAP_CHANGED,
  COAP_CON,
  COAP_EMPTY,
  COAP_FORBIDDEN,
  COAP_FORMAT_UNSUPPORTED,
  COAP_HEADER_BYTES,
  COAP_METHOD_NOT_ALLOWED,
  COAP_NON,
  COAP_NOT_FOUND,
  COAP_OPTION_MAX_AGE,
  COAP_PROXYING_UNSUPPORTED,
  COAP_RETRY_S,
  COAP_RETRY_S_MAX,
  COAP_RST,
  COAP_TOKEN_BYTES_MAX,
  COAP_TOO_LARGE,
  COAP_TOO_MANY,
  COAP_UNAUTHORIZED,
  COAP_UNAVAILABLE,
} from '../abi/coap';
import {
  CODE_COAP_FORMAT_UNSUPPORTED,
  CODE_COAP_METHOD_UNSUPPORTED,
  CODE_COAP_OPTION_UNSUPPORTED,
  CODE_COAP_OVERLOADED,
  CODE_DEVICE_OVER_RATE,
  CODE_TENANT_OVER_RATE,
  CODE_COAP_PATH_UNKNOWN,
  CODE_COAP_PROXYING,
  CODE_CREDENTIALS_INVALID,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_LOG_FAILING,
  CODE_LOG_FULL,
  CODE_PAYLOAD_OVERSIZE,
  CODE_REGISTRY_INCOMPLETE,
  CODE_SHUTTING_DOWN,
  CODE_TOPIC_FORBIDDEN,
} from '../abi/codes';
import { DATAGRAM_HEADER_BYTES, REASON_TEXT_BYTES, REASON_TEXTS_OFFSET } from '../abi/gateway';
import { paceMs } from '../directory/pace';
import { reserveDatagram } from '../outbox';

/** The longest answer that says that a message was taken in, its datagram's header included. */
export const SUCCESS_BYTES_MAX: u32 = DATAGRAM_HEADER_BYTES + COAP_HEADER_BYTES + COAP_TOKEN_BYTES_MAX;
/** Room for any answer: a Max-Age and a text come after the token. */
export const ANSWER_BYTES_MAX: u32 = SUCCESS_BYTES_MAX + 4 + REASON_TEXT_BYTES;
/** An answer to an address that nobody has proved is this many times its request at most (RFC 9175 §2.4). */
const AMPLIFICATION_MAX: u32 = 3;
const MAX_AGE_BYTES: u32 = 3;
/** A Reason String comes after its length (u16), the Property Length, its identifier, and its own length. */
const REASON_AT_PROPERTY_LENGTH: usize = 2;

/** Message ids of messages that answer no CON: the lower half, for the host has the upper one. */
let nextMessageId: u32 = 0;

/** Writes header and token of a message to the peer whose datagram's header lies at `peer`; answers the address after them. */
function begin(socket: u32, peer: usize, type: u32, code: u32, messageId: u32, token: usize, tokenBytes: u32, more: u32): usize {
  const at = reserveDatagram(socket, DATAGRAM_HEADER_BYTES + COAP_HEADER_BYTES + tokenBytes + more);
  memory.copy(at, peer, DATAGRAM_HEADER_BYTES);
  const message = at + DATAGRAM_HEADER_BYTES;
  store<u8>(message, <u8>(0x40 | (type << 4) | tokenBytes));
  store<u8>(message, <u8>code, 1);
  store<u8>(message, <u8>(messageId >> 8), 2);
  store<u8>(message, <u8>messageId, 3);
  memory.copy(message + COAP_HEADER_BYTES, token, tokenBytes);
  return message + COAP_HEADER_BYTES + tokenBytes;
}

/** An empty message: RST or ACK (RFC 7252 §4.2, §5.2.2). */
export function sendEmpty(socket: u32, peer: usize, type: u32, messageId: u32): void {
  begin(socket, peer, type, COAP_EMPTY, messageId, 0, 0, 0);
}

/** 2.04: in the acknowledgement of a CON, else as a NON of its own. */
export function sendChanged(socket: u32, peer: usize, requestType: u32, messageId: u32, token: usize, tokenBytes: u32): void {
  const isCon = requestType == COAP_CON;
  begin(socket, peer, isCon ? COAP_ACK : COAP_NON, COAP_CHANGED, isCon ? messageId : newMessageId(), token, tokenBytes, 0);
}

function newMessageId(): u32 {
  nextMessageId = (nextMessageId + 1) & 0x7fff;
  return nextMessageId;
}

/**
 * Refuses a request: code, Max-Age where it may come again later, and the reason in words as far as the answer stays small beside its
 * request (RFC 7252 §5.5.2). `requestBytes`: of the request's message.
 */
export function sendRefusal(
  socket: u32,
  peer: usize,
  requestType: u32,
  messageId: u32,
  token: usize,
  tokenBytes: u32,
  code: u32,
  requestBytes: u32,
): void {
  const isCon = requestType == COAP_CON;
  const response = responseOf(code);
  const maxAge: u32 = response == COAP_TOO_MANY || response == COAP_UNAVAILABLE ? MAX_AGE_BYTES : 0;
  const bare = COAP_HEADER_BYTES + tokenBytes + maxAge;
  // Whether a device exists is said to nobody who has not shown its token.
  reasonOf(code == CODE_DEVICE_UNKNOWN ? CODE_CREDENTIALS_INVALID : code);
  const room = requestBytes * AMPLIFICATION_MAX;
  const textBytes = room > bare + 1 ? wholeBytes(reasonAt, min(reasonBytes, room - bare - 1)) : 0;
  const type = isCon ? COAP_ACK : COAP_NON;
  const id = isCon ? messageId : newMessageId();
  let at = begin(socket, peer, type, response, id, token, tokenBytes, maxAge + (textBytes > 0 ? 1 + textBytes : 0));
  if (maxAge != 0) {
    store<u8>(at, 0xd1); // a number above 12 has a byte of its own (RFC 7252 §3.1)
    store<u8>(at, <u8>(COAP_OPTION_MAX_AGE - 13), 1);
    store<u8>(at, <u8>retrySeconds(code), 2);
    at += maxAge;
  }
  if (textBytes > 0) {
    store<u8>(at, 0xff);
    memory.copy(at + 1, reasonAt, textBytes);
  }
}

// The reason that reasonOf has found.
let reasonAt: usize = 0;
let reasonBytes: u32 = 0;

/** Finds the text of a code among the Reason Strings of MQTT 5: there it follows its property's header. */
function reasonOf(code: u32): void {
  const property = <usize>(REASON_TEXTS_OFFSET + code * REASON_TEXT_BYTES);
  const bytes = <u32>load<u16>(property);
  const before: u32 = load<u8>(property, REASON_AT_PROPERTY_LENGTH) < 0x80 ? 4 : 5;
  reasonAt = property + REASON_AT_PROPERTY_LENGTH + before;
  reasonBytes = bytes > before ? bytes - before : 0;
}

/** So many of `bytes` that the text ends with a whole character. */
function wholeBytes(at: usize, bytes: u32): u32 {
  let end = bytes;
  while (end > 0 && end < reasonBytes && (load<u8>(at + end) & 0xc0) == 0x80) end--;
  return end;
}

function isOverRate(code: u32): bool {
  return code == CODE_DEVICE_OVER_RATE || code == CODE_TENANT_OVER_RATE;
}

/** After so many seconds a request that was refused may come again. */
function retrySeconds(code: u32): u32 {
  if (!isOverRate(code)) return COAP_RETRY_S;
  return <u32>min<f64>(max<f64>(Math.ceil(paceMs / 1000), 1), <f64>COAP_RETRY_S_MAX);
}

/** The response code of a refusal. */
export function responseOf(code: u32): u32 {
  if (code == CODE_CREDENTIALS_INVALID || code == CODE_DEVICE_UNKNOWN) return COAP_UNAUTHORIZED;
  if (code == CODE_DEVICE_INACTIVE || code == CODE_TOPIC_FORBIDDEN) return COAP_FORBIDDEN;
  if (code == CODE_COAP_PATH_UNKNOWN) return COAP_NOT_FOUND;
  if (code == CODE_COAP_METHOD_UNSUPPORTED) return COAP_METHOD_NOT_ALLOWED;
  if (code == CODE_PAYLOAD_OVERSIZE) return COAP_TOO_LARGE;
  if (code == CODE_COAP_FORMAT_UNSUPPORTED) return COAP_FORMAT_UNSUPPORTED;
  if (code == CODE_COAP_OPTION_UNSUPPORTED) return COAP_BAD_OPTION;
  if (code == CODE_COAP_PROXYING) return COAP_PROXYING_UNSUPPORTED;
  if (code == CODE_COAP_OVERLOADED || isOverRate(code)) return COAP_TOO_MANY;
  if (code == CODE_SHUTTING_DOWN || code == CODE_LOG_FULL || code == CODE_LOG_FAILING || code == CODE_REGISTRY_INCOMPLETE) return COAP_UNAVAILABLE;
  return COAP_BAD_REQUEST;
}
