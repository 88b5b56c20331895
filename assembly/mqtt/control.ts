import {
  CODE_MQTT_AUTH_UNSUPPORTED,
  CODE_MQTT_FILTER_MALFORMED,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_VERSION_UNSUPPORTED,
  CODE_NONE,
} from '../abi/codes';
import { PACKET_ID_NOT_FOUND } from './packets';
import { OF_CONNECT, OF_DISCONNECT, OF_PUBACK, OF_SUBSCRIBE, OF_UNSUBSCRIBE, OF_WILL, skipProperties } from './properties';
import { fault, forbidden, MALFORMED, skipBinary, skipBytes, skipString, u16At } from './read';
import { isFilter, topicName } from '../utf8';

// The kernel checks the form of every control packet, to the last byte, before the session layer
// reads its content: [at, end) is what the Remaining Length covers. Each check answers a code.

const LEVEL_311: u32 = 4;
export const LEVEL_5: u32 = 5;

const FLAG_RESERVED: u32 = 0x01;
const FLAG_WILL: u32 = 0x04;
const FLAG_WILL_DETAILS: u32 = 0x38;
const FLAG_PASSWORD: u32 = 0x40;
const FLAG_USER_NAME: u32 = 0x80;

const NO_LOCAL: u32 = 0x04;
/** "$share/", seven bytes, little-endian. */
const SHARE_: u64 = 0x2f657261687324;
const SEVEN_BYTES: u64 = 0x00ffffffffffffff;

const NAME_MQTT: u64 = 0x5454514d0400; // "\0\4MQTT", little-endian
const NAME_MQISDP: u64 = 0x647349514d0600; // "\0\6MQIsd"

/** The protocol level of the last CONNECT; 0 when it was malformed before its level. */
export let connectLevel: u32 = 0;

export function checkConnect(at: usize, end: usize): u32 {
  connectLevel = 0;
  if (end - at < 10) return CODE_MQTT_MALFORMED;
  const name = load<u64>(at);
  if ((name & 0xffffffffffff) != NAME_MQTT) {
    const isOlder = (name & 0xffffffffffffff) == NAME_MQISDP && load<u8>(at, 7) == 0x70;
    if (isOlder) connectLevel = 3;
    return isOlder ? CODE_MQTT_VERSION_UNSUPPORTED : CODE_MQTT_MALFORMED; // [MQTT-3.1.2-1]
  }
  // A bridge may set the top bit. It is refused in the form of its version, and connects again without the bit.
  const level = <u32>load<u8>(at, 6);
  connectLevel = level & 0x7f;
  if (level != LEVEL_311 && level != LEVEL_5) return CODE_MQTT_VERSION_UNSUPPORTED; // [MQTT-3.1.2-2]
  const flags = <u32>load<u8>(at, 7);
  if (!connectFlags(flags)) return CODE_MQTT_MALFORMED;
  at += 10;
  if (connectLevel == LEVEL_5) at = skipProperties(at, end, OF_CONNECT);
  at = skipString(at, end);
  if ((flags & FLAG_WILL) != 0) {
    if (connectLevel == LEVEL_5) at = skipProperties(at, end, OF_WILL);
    const topic = at;
    at = skipString(at, end);
    if (at == MALFORMED || !topicName(topic + 2, at)) return fault;
    at = skipBinary(at, end);
  }
  if ((flags & FLAG_USER_NAME) != 0) at = skipString(at, end);
  if ((flags & FLAG_PASSWORD) != 0) at = skipBinary(at, end);
  return at == end ? CODE_NONE : fault;
}

function connectFlags(flags: u32): bool {
  if ((flags & FLAG_RESERVED) != 0) return false; // [MQTT-3.1.2-3]
  if ((flags & FLAG_WILL) == 0 && (flags & FLAG_WILL_DETAILS) != 0) return false; // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  if ((flags & 0x18) == 0x18) return false; // [MQTT-3.1.2-12]
  // [MQTT-3.1.2-22] of 3.1.1; version 5 allows a password alone.
  return connectLevel == LEVEL_5 || (flags & FLAG_PASSWORD) == 0 || (flags & FLAG_USER_NAME) != 0;
}

/** Skips the packet identifier, which is never 0 [MQTT-2.2.1-3], and in version 5 the properties. */
function skipHead(at: usize, end: usize, level: u32, allowed: u64): usize {
  if (end - at < 2) return MALFORMED;
  if (u16At(at) == 0) return forbidden();
  return level == LEVEL_5 ? skipProperties(at + 2, end, allowed) : at + 2;
}

/** Whether a filter is of a shared subscription [MQTT-4.8.2-1]. Bytes after it may be read and do not count. */
function isShared(at: usize, end: usize): bool {
  return end - at >= 7 && (load<u64>(at) & SEVEN_BYTES) == SHARE_;
}

export function checkSubscribe(at: usize, end: usize, level: u32): u32 {
  const reserved: u32 = level == LEVEL_5 ? 0xc0 : 0xfc; // [MQTT-3.8.3-5]
  at = skipHead(at, end, level, OF_SUBSCRIBE);
  if (at == MALFORMED) return fault;
  if (at == end) return CODE_MQTT_PROTOCOL_ERROR; // [MQTT-3.8.3-2]
  while (at < end) {
    const filter = at;
    at = skipString(at, end);
    if (at == MALFORMED || at == end) return CODE_MQTT_MALFORMED;
    if (!isFilter(filter + 2, at)) return CODE_MQTT_FILTER_MALFORMED;
    const options = <u32>load<u8>(at++);
    if ((options & reserved) != 0) return CODE_MQTT_MALFORMED;
    if ((options & 3) == 3 || (options & 0x30) == 0x30) return CODE_MQTT_PROTOCOL_ERROR; // MQTT 5 §3.8.3.1
    // No Local on a shared subscription [MQTT-3.8.3-4]
    if ((options & NO_LOCAL) != 0 && isShared(filter + 2, at)) return CODE_MQTT_PROTOCOL_ERROR;
  }
  return CODE_NONE;
}

export function checkUnsubscribe(at: usize, end: usize, level: u32): u32 {
  at = skipHead(at, end, level, OF_UNSUBSCRIBE);
  if (at == MALFORMED) return fault;
  if (at == end) return CODE_MQTT_PROTOCOL_ERROR; // [MQTT-3.10.3-2]
  while (at < end) {
    const filter = at;
    at = skipString(at, end);
    if (at == MALFORMED) return CODE_MQTT_MALFORMED;
    if (!isFilter(filter + 2, at)) return CODE_MQTT_FILTER_MALFORMED;
  }
  return CODE_NONE;
}

export function checkDisconnect(at: usize, end: usize, level: u32): u32 {
  if (at == end) return CODE_NONE;
  if (level != LEVEL_5) return CODE_MQTT_MALFORMED;
  at = skipBytes(at, 1, end);
  if (at == end) return CODE_NONE;
  return skipProperties(at, end, OF_DISCONNECT) == end ? CODE_NONE : fault;
}

/** Whether PUBACK and PUBREC may have the reason. MQTT 5 §3.4.2.1, §3.5.2.1. */
function isPubackReason(reason: u32): bool {
  return (
    reason == 0x00 ||
    reason == 0x10 ||
    reason == 0x80 ||
    reason == 0x83 ||
    reason == 0x87 ||
    reason == 0x90 ||
    reason == 0x91 ||
    reason == 0x97 ||
    reason == 0x99
  );
}

/** Checks a client's answer to a message: PUBACK and PUBREC, or PUBCOMP, which has reasons of its own. MQTT 5 §3.7.2.1. */
export function checkAnswer(isPubcomp: bool, at: usize, end: usize, level: u32): u32 {
  if (end - at < 2) return CODE_MQTT_MALFORMED;
  if (u16At(at) == 0) return CODE_MQTT_PROTOCOL_ERROR; // [MQTT-2.2.1-3]
  if (end - at == 2) return CODE_NONE;
  if (level != LEVEL_5) return CODE_MQTT_MALFORMED; // 3.1.1 §3.4.1
  const reason = <u32>load<u8>(at, 2);
  if (isPubcomp ? reason != 0 && reason != PACKET_ID_NOT_FOUND : !isPubackReason(reason)) return CODE_MQTT_PROTOCOL_ERROR;
  return end - at == 3 || skipProperties(at + 3, end, OF_PUBACK) == end ? CODE_NONE : fault;
}

/** No CONNECT with an authentication method is accepted, so AUTH is always an error. */
export function checkAuth(level: u32): u32 {
  return level == LEVEL_5 ? CODE_MQTT_AUTH_UNSUPPORTED : CODE_MQTT_MALFORMED;
}
