import { topicName } from '../utf8';
import { forbidden, MALFORMED, readVariable, skipBinary, skipBytes, skipString, u16At, variable } from './read';

// MQTT 5 §2.2.2.2. A set of properties is a bit mask by identifier.

const PAYLOAD_FORMAT: u64 = 1 << 0x01;
const MESSAGE_EXPIRY: u64 = 1 << 0x02;
const CONTENT_TYPE: u64 = 1 << 0x03;
const RESPONSE_TOPIC: u64 = 1 << 0x08;
const CORRELATION_DATA: u64 = 1 << 0x09;
const SUBSCRIPTION_ID: u64 = 1 << 0x0b;
const SESSION_EXPIRY: u64 = 1 << 0x11;
const AUTH_METHOD: u64 = 1 << 0x15;
const AUTH_DATA: u64 = 1 << 0x16;
const REQUEST_PROBLEM: u64 = 1 << 0x17;
const WILL_DELAY: u64 = 1 << 0x18;
const REQUEST_RESPONSE: u64 = 1 << 0x19;
const REASON: u64 = 1 << 0x1f;
const RECEIVE_MAXIMUM: u64 = 1 << 0x21;
const TOPIC_ALIAS_MAXIMUM: u64 = 1 << 0x22;
const TOPIC_ALIAS: u64 = 1 << 0x23;
const USER: u64 = 1 << 0x26;
const PACKET_MAXIMUM: u64 = 1 << 0x27;

const ONE_BYTE: u64 = PAYLOAD_FORMAT | REQUEST_PROBLEM | REQUEST_RESPONSE;
const TWO_BYTES: u64 = RECEIVE_MAXIMUM | TOPIC_ALIAS_MAXIMUM | TOPIC_ALIAS;
const FOUR_BYTES: u64 = MESSAGE_EXPIRY | SESSION_EXPIRY | WILL_DELAY | PACKET_MAXIMUM;
const STRINGS: u64 = CONTENT_TYPE | RESPONSE_TOPIC | AUTH_METHOD | REASON;
const BINARIES: u64 = CORRELATION_DATA | AUTH_DATA;

const MESSAGE: u64 = PAYLOAD_FORMAT | MESSAGE_EXPIRY | CONTENT_TYPE | RESPONSE_TOPIC | CORRELATION_DATA | USER;

/** The properties that each packet of a client may hold. Only a server sends a Subscription Identifier in PUBLISH [MQTT-3.3.4-6]. */
export const OF_PUBLISH: u64 = MESSAGE | TOPIC_ALIAS;
export const OF_WILL: u64 = MESSAGE | WILL_DELAY;
export const OF_CONNECT: u64 =
  SESSION_EXPIRY |
  RECEIVE_MAXIMUM |
  PACKET_MAXIMUM |
  TOPIC_ALIAS_MAXIMUM |
  REQUEST_RESPONSE |
  REQUEST_PROBLEM |
  USER |
  AUTH_METHOD |
  AUTH_DATA;
export const OF_PUBACK: u64 = REASON | USER;
export const OF_PUBREL: u64 = REASON | USER;
export const OF_SUBSCRIBE: u64 = SUBSCRIPTION_ID | USER;
export const OF_UNSUBSCRIBE: u64 = USER;
export const OF_DISCONNECT: u64 = SESSION_EXPIRY | REASON | USER;

/** The properties that skipProperties has found. */
let met: u64 = 0;

/** Where the Content Type lies that skipProperties met, or 0; and where it ends. */
export let contentTypeAt: usize = 0;
export let contentTypeEnd: usize = 0;

/** Whether the Payload Format Indicator that skipProperties met says that the payload is UTF-8. MQTT 5 §3.3.2.3.2. */
export let isTextSaid: bool = false;

/** The Topic Alias, where metTopicAlias. */
export let topicAlias: u32 = 0;

export function metTopicAlias(): bool {
  return (met & TOPIC_ALIAS) != 0;
}

/** Skips the Property Length and the properties: only those of `allowed`, and only User Property more than once. `fault` says why it did not. */
export function skipProperties(at: usize, end: usize, allowed: u64): usize {
  met = 0;
  contentTypeAt = 0;
  isTextSaid = false;
  at = readVariable(at, end);
  const propertiesEnd = skipBytes(at, variable, end);
  if (propertiesEnd == MALFORMED) return MALFORMED;
  while (at < propertiesEnd) {
    const id = <u32>load<u8>(at++);
    const property: u64 = id < 64 ? <u64>1 << <u64>id : 0;
    if ((property & allowed) == 0) return MALFORMED;
    if ((property & met & ~USER) != 0) return forbidden();
    met |= property;
    const value = at;
    at = skipValue(property, at, propertiesEnd);
    if (at == MALFORMED) return MALFORMED;
    if (!isAllowed(property, value, at)) return forbidden();
    if (property == PAYLOAD_FORMAT) isTextSaid = load<u8>(value) == 1;
    if (property == TOPIC_ALIAS) topicAlias = u16At(value);
    if (property == CONTENT_TYPE) {
      contentTypeAt = value + 2;
      contentTypeEnd = at;
    }
  }
  // Data of an authentication that has no method. MQTT 5 §3.1.2.11.10.
  if ((met & AUTH_DATA) != 0 && (met & AUTH_METHOD) == 0) return forbidden();
  return propertiesEnd;
}

/** Whether the property may have the value at [at, end). MQTT 5 §3.1.2.11.3, .4, .6, .7; §3.3.2.3.2; [MQTT-3.3.2-14]. */
function isAllowed(property: u64, at: usize, end: usize): bool {
  if ((property & ONE_BYTE) != 0) return load<u8>(at) <= 1;
  if (property == RECEIVE_MAXIMUM) return load<u16>(at) != 0;
  if (property == PACKET_MAXIMUM) return load<u32>(at) != 0;
  return property != RESPONSE_TOPIC || topicName(at + 2, end);
}

function skipValue(property: u64, at: usize, end: usize): usize {
  if ((property & USER) != 0) return skipString(skipString(at, end), end);
  if ((property & STRINGS) != 0) return skipString(at, end);
  if ((property & BINARIES) != 0) return skipBinary(at, end);
  if ((property & FOUR_BYTES) != 0) return skipBytes(at, 4, end);
  if ((property & TWO_BYTES) != 0) return skipBytes(at, 2, end);
  if ((property & ONE_BYTE) != 0) return skipBytes(at, 1, end);
  at = readVariable(at, end);
  return at != MALFORMED && variable == 0 ? forbidden() : at; // A Subscription Identifier of 0. MQTT 5 §3.8.2.1.2
}
