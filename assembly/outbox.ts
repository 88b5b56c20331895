import {
  CALLS_MAX,
  CALLS_OFFSET,
  CALL_AT_CODE,
  CALL_AT_CONNECTION,
  CALL_AT_KIND,
  CALL_AT_LENGTH,
  CALL_AT_OFFSET,
  CALL_BYTES,
  SENDS_MAX,
  SENDS_OFFSET,
  SEND_AT_CONNECTION,
  SEND_AT_LENGTH,
  SEND_AT_OFFSET,
  SEND_BYTES,
  SEND_DATA_BYTES,
  SEND_DATA_OFFSET,
} from './abi/gateway';

// Bytes to send and calls for the session layer, which the host takes after each call into the kernel: all of them,
// sends first, before it calls the kernel's turn again.

/** The longest answer to one packet. */
const ANSWER_BYTES: u32 = 8;

let sends: u32 = 0;
let sendBytes: u32 = 0;
/** The part of sendBytes that is Reason Strings and datagrams. They may fill half of the room and are then left out: the other half is for answers. */
let textBytes: u32 = 0;
const HALF_BYTES: u32 = SEND_DATA_BYTES / 2;
let calls: u32 = 0;

export function sendCount(): u32 {
  assert(sends <= SENDS_MAX && sendBytes <= SEND_DATA_BYTES, 'the bytes to send reach past their region');
  return sends;
}

export function callCount(): u32 {
  return calls;
}

/** The host has taken everything. */
export function taken(): void {
  sends = 0;
  sendBytes = 0;
  textBytes = 0;
  calls = 0;
}

/** Whether the answers and calls that one packet can cause still fit. */
@inline
export function hasRoom(): bool {
  return sends < SENDS_MAX && sendBytes - textBytes <= HALF_BYTES - ANSWER_BYTES && calls < CALLS_MAX;
}

/** How many answers to messages fit in any case, each as packet or as call. */
export function roomForAnswers(): u32 {
  return min(min(SENDS_MAX - sends, CALLS_MAX - calls), (HALF_BYTES + textBytes - sendBytes) / ANSWER_BYTES);
}

/** Whether there is room for a text of `bytes`, which is taken; the caller reserves it with the answer. */
export function takeTextRoom(bytes: u32): bool {
  if (textBytes + bytes > HALF_BYTES) return false;
  textBytes += bytes;
  return true;
}

/** Reserves room for `bytes` to one connection; bytes for the same connection that follow directly are one send with it. */
@inline
export function reserve(connection: u32, bytes: u32): usize {
  const at = SEND_DATA_OFFSET + sendBytes;
  sendBytes += bytes;
  if (sends > 0) {
    const last = <usize>(SENDS_OFFSET + (sends - 1) * SEND_BYTES);
    if (load<u32>(last, SEND_AT_CONNECTION) == connection) {
      store<u32>(last, load<u32>(last, SEND_AT_LENGTH) + bytes, SEND_AT_LENGTH);
      return <usize>at;
    }
  }
  const send = <usize>(SENDS_OFFSET + sends * SEND_BYTES);
  sends++;
  store<u32>(send, connection, SEND_AT_CONNECTION);
  store<u32>(send, at, SEND_AT_OFFSET);
  store<u32>(send, bytes, SEND_AT_LENGTH);
  return <usize>at;
}

/** Whether an answer of up to `bytes` to a datagram fits. Such answers share the half of the room that Reason Strings have. */
export function hasDatagramRoom(bytes: u32): bool {
  return sends < SENDS_MAX && textBytes + bytes <= HALF_BYTES;
}

/** Reserves room for a datagram of `bytes`, its header included; the caller has called hasDatagramRoom. */
export function reserveDatagram(socket: u32, bytes: u32): usize {
  assert(hasDatagramRoom(bytes), 'there is no room for the datagram');
  const at = SEND_DATA_OFFSET + sendBytes;
  sendBytes += bytes;
  textBytes += bytes;
  const send = <usize>(SENDS_OFFSET + sends * SEND_BYTES);
  sends++;
  store<u32>(send, socket, SEND_AT_CONNECTION);
  store<u32>(send, at, SEND_AT_OFFSET);
  store<u32>(send, bytes, SEND_AT_LENGTH);
  return <usize>at;
}

/** Hands a packet or an event of the connection to the host. The caller has called hasRoom. */
export function call(connection: u32, kind: u32, code: u32, offset: u32, length: u32): void {
  assert(calls < CALLS_MAX, 'the table of calls is full');
  const at = <usize>(CALLS_OFFSET + calls * CALL_BYTES);
  calls++;
  store<u32>(at, connection, CALL_AT_CONNECTION);
  store<u32>(at, kind, CALL_AT_KIND);
  store<u32>(at, code, CALL_AT_CODE);
  store<u32>(at, offset, CALL_AT_OFFSET);
  store<u32>(at, length, CALL_AT_LENGTH);
}
