import {
  CODE_MQTT_PACKET_ID_IN_USE,
  CODE_MQTT_PAYLOAD_FORMAT_INVALID,
  CODE_MQTT_UNRELEASED_EXHAUSTED,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_TOPIC_UNKNOWN,
  CODES_MAX,
} from '../abi/codes';
import { CALL_REFUSED, REASON_TEXTS, REASON_TEXTS_OFFSET, REASON_TEXT_BYTES } from '../abi/gateway';
import { count } from '../memory';
import { call, reserve, takeTextRoom } from '../outbox';
import { AT_REASON_BYTES_MAX, CLOSING, connectionAt, setState } from './connections';

// First bytes of the packets that answer PUBLISH and PUBREL.
export const PUBACK: u32 = 0x40;
export const PUBREC: u32 = 0x50;
export const PUBCOMP: u32 = 0x70;

/** A reason of PUBREL and PUBCOMP: an id that the sender does not know. MQTT 5 §3.6.2.1, §3.7.2.1. */
export const PACKET_ID_NOT_FOUND: u32 = 0x92;

/** Sends PUBACK, PUBREC or PUBCOMP, success. MQTT 5 §3.4.2.1: the reason code may be left out. */
export function sendAnswer(connection: u32, type: u32, packetId: u32): void {
  store<u32>(reserve(connection, 4), 0x0200 | type | (<u32>bswap<u16>(<u16>packetId) << 16));
}

/**
 * Sends a PUBACK, PUBREC or PUBCOMP that refuses, MQTT 5 only: a Reason Code, and a Reason String where the client wants one and it fits the
 * client's Maximum Packet Size [MQTT-3.4.2-2] [MQTT-3.1.2-29].
 */
export function sendRefusal(connection: u32, type: u32, packetId: u32, code: u32): void {
  assert(code != CODE_NONE && code < REASON_TEXTS, 'the code refuses no message');
  const text = <usize>(REASON_TEXTS_OFFSET + code * REASON_TEXT_BYTES);
  const textBytes = <u32>load<u16>(text);
  const remaining = 3 + textBytes;
  const headerBytes: u32 = remaining < 128 ? 2 : 3;
  const allowed = <u32>load<u16>(connectionAt(connection), AT_REASON_BYTES_MAX);
  if (textBytes == 0 || headerBytes + remaining > allowed || !takeTextRoom(textBytes)) {
    const at = reserve(connection, 5);
    store<u32>(at, 0x0300 | type | (<u32>bswap<u16>(<u16>packetId) << 16));
    store<u8>(at, reasonOf(code), 4);
    return;
  }
  let at = reserve(connection, headerBytes + remaining);
  store<u8>(at++, <u8>type);
  if (headerBytes == 2) {
    store<u8>(at++, <u8>remaining);
  } else {
    store<u8>(at++, <u8>(remaining | 0x80));
    store<u8>(at++, <u8>(remaining >> 7));
  }
  store<u16>(at, bswap<u16>(<u16>packetId));
  store<u8>(at, reasonOf(code), 2);
  memory.copy(at + 3, text + 2, textBytes);
}

/** The Reason Code of a code that refuses one message. MQTT 5 §3.4.2.1, §3.5.2.1. */
function reasonOf(code: u32): u8 {
  if (code == CODE_TOPIC_UNKNOWN) return 0x90; // Topic Name invalid
  if (code == CODE_PAYLOAD_OVERSIZE) return 0x83; // Implementation specific error
  if (code == CODE_MQTT_PACKET_ID_IN_USE) return 0x91;
  if (code == CODE_MQTT_UNRELEASED_EXHAUSTED) return 0x97; // Quota exceeded
  if (code == CODE_MQTT_PAYLOAD_FORMAT_INVALID) return 0x99;
  return 0x87; // Not authorized
}

/** Sends PUBCOMP for a packet id that no message has, MQTT 5 only. §3.7.2.1. */
export function sendPacketIdNotFound(connection: u32, packetId: u32): void {
  const at = reserve(connection, 5);
  store<u32>(at, 0x0300 | PUBCOMP | (<u32>bswap<u16>(<u16>packetId) << 16));
  store<u8>(at, <u8>PACKET_ID_NOT_FOUND, 4);
}

export function sendPingresp(connection: u32): void {
  store<u16>(reserve(connection, 2), 0x00d0);
}

/** Ends a connection; the session layer sends the client the reason. */
export function refuse(connection: u32, code: u32): void {
  assert(code != CODE_NONE && code < CODES_MAX, 'the code is no reason of a refusal');
  count(code);
  setState(connectionAt(connection), CLOSING);
  call(connection, CALL_REFUSED, code, 0, 0);
}
