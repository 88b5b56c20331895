import { CALL_REFUSED } from '../abi/gateway';
import { count } from '../memory';
import { call, reserve } from '../outbox';
import { CLOSING, connectionAt, setState } from './connections';

// First bytes of the packets that answer PUBLISH and PUBREL.
export const PUBACK: u32 = 0x40;
export const PUBREC: u32 = 0x50;
export const PUBCOMP: u32 = 0x70;

/** PUBACK, PUBREC or PUBCOMP, success. MQTT 5 §3.4.2.1: the reason code may be left out. */
export function sendAnswer(connection: u32, type: u32, packetId: u32): void {
  store<u32>(reserve(connection, 4), 0x0200 | type | (<u32>bswap<u16>(<u16>packetId) << 16));
}

/** PUBACK, PUBREC or PUBCOMP with a reason code, MQTT 5 only. */
export function sendAnswerReason(connection: u32, type: u32, packetId: u32, reason: u8): void {
  const at = reserve(connection, 5);
  store<u32>(at, 0x0300 | type | (<u32>bswap<u16>(<u16>packetId) << 16));
  store<u8>(at, reason, 4);
}

export function sendPingresp(connection: u32): void {
  store<u16>(reserve(connection, 2), 0x00d0);
}

/** Ends a connection for a reason that the session layer tells the client. */
export function refuse(connection: u32, code: u32): void {
  count(code);
  setState(connectionAt(connection), CLOSING);
  call(connection, CALL_REFUSED, code, 0, 0);
}
