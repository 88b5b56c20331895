import { sentTo } from '../answers';
import { COUNTER_GATEWAY_CONNECTIONS_CLOSED, COUNTER_GATEWAY_CONNECTIONS_OF, COUNTER_GATEWAY_CONNECTIONS_OPENED } from '../abi/counters';
import {
  CONNECTIONS_OFFSET,
  CONNECTION_BYTES,
  CONNECTION_TAPS,
  DEVICE_AT_ID_BYTES,
  DEVICE_AT_TENANT_BYTES,
  NO_DEVICE,
  TRANSPORTS,
} from '../abi/gateway';
import { CONNECTIONS_MAX } from '../abi/limits';
import { deviceOf, hashBytes, idOf, tenantOf } from '../directory/devices';
import { count } from '../memory';
import { monotonicMs } from '../clock';

// Connection, CONNECTION_BYTES:
//
//   0  u16 state              28  u8 tenant bytes        40  u32 id address
//   4  u32 generation         29  u8 id bytes            44  u32 table of unreleased ids, 0: none
//   8  u32 device address     30  u16 unreleased ids     48  u64 hash of the tenant
//  12  u8 protocol level      32  u32 tenant address     56  u64 place after its last queued acknowledgement
//  13  u8 transport
//  14  u16 reason text bytes  36  u32 address of the device that it published for last
//  16  f64 time of its last packet, ms
//  24  u32 grace, ms; 0: none

export const FREE: u32 = 0;
/** Waits for CONNECT. */
export const OPENED: u32 = 1;
/** The session layer has the CONNECT, and answers it before the next packet is read. */
export const CONNECTING: u32 = 2;
export const CONNECTED: u32 = 3;
/** Ending: bytes that still arrive are dropped, and nothing more is sent. */
export const CLOSING: u32 = 4;
/** Ending: bytes that still arrive are dropped, and the acknowledgements that are queued are sent. */
export const LEAVING: u32 = 5;

export const AT_STATE: usize = 0;
export const AT_FLAGS: usize = 2;
export const AT_GENERATION: usize = 4;
export const AT_DEVICE: usize = 8;
export const AT_LEVEL: usize = 12;
export const AT_TRANSPORT: usize = 13;
/** Bytes of the largest answer that may hold a Reason String; 0: the client wants none. */
export const AT_REASON_BYTES_MAX: usize = 14;
export const AT_LAST_PACKET_MS: usize = 16;
export const AT_GRACE_MS: usize = 24;
export const AT_TENANT_BYTES: usize = 28;
export const AT_ID_BYTES: usize = 29;
export const AT_UNRELEASED_COUNT: usize = 30;
export const AT_TENANT: usize = 32;
export const AT_LAST_DEVICE: usize = 36;
export const AT_ID: usize = 40;
export const AT_UNRELEASED: usize = 44;
export const AT_TENANT_HASH: usize = 48;
export const AT_QUEUED_TO: usize = 56;

/** The session layer has a packet that it answers later; those after it wait. */
export const WAITS: u32 = 1;

/** CONNECT must come within this time, and be answered within as much. */
export const CONNECT_WITHIN_MS: u32 = 5000;

/** One more than the highest connection ever opened. */
let connectionsEnd: u32 = 0;

export function connectionCount(): u32 {
  return connectionsEnd;
}

@inline
export function connectionAt(number: u32): usize {
  return <usize>(CONNECTIONS_OFFSET + number * CONNECTION_BYTES);
}

@inline
export function stateOf(connection: usize): u32 {
  return <u32>load<u16>(connection, AT_STATE);
}

@inline
export function setState(connection: usize, state: u32): void {
  store<u16>(connection, <u16>state, AT_STATE);
}

/** Whether a packet of the connection is with the session layer, so that those after it wait. */
export function isWaiting(connection: usize): bool {
  return stateOf(connection) == CONNECTING || (load<u8>(connection, AT_FLAGS) & WAITS) != 0;
}

export function setFlag(connection: usize, flag: u32, on: bool): void {
  const flags = <u32>load<u8>(connection, AT_FLAGS);
  store<u8>(connection, <u8>(on ? flags | flag : flags & ~flag), AT_FLAGS);
}

/** Opens a connection. Its new generation keeps it from acknowledgements that are queued for the last holder of the number. */
export function opened(number: u32, transport: u32): void {
  assert(transport < TRANSPORTS, 'there is no such transport');
  assert(number < CONNECTIONS_MAX, 'there is no such connection');
  const connection = connectionAt(number);
  assert(stateOf(connection) == FREE, 'the connection is open already');
  if (number >= connectionsEnd) connectionsEnd = number + 1;
  setState(connection, OPENED);
  store<u32>(connection, load<u32>(connection, AT_GENERATION) + 1, AT_GENERATION);
  store<u32>(connection, 0, AT_DEVICE);
  store<u8>(connection, 0, AT_FLAGS);
  store<u8>(connection, 0, AT_LEVEL);
  store<u8>(connection, <u8>transport, AT_TRANSPORT);
  store<u16>(connection, 0, AT_REASON_BYTES_MAX);
  store<u16>(connection, 0, AT_UNRELEASED_COUNT);
  store<u32>(connection, 0, AT_UNRELEASED);
  store<u64>(connection, 0, AT_QUEUED_TO);
  store<f64>(connection, monotonicMs, AT_LAST_PACKET_MS);
  store<u32>(connection, CONNECT_WITHIN_MS, AT_GRACE_MS);
  count(COUNTER_GATEWAY_CONNECTIONS_OPENED);
  count(COUNTER_GATEWAY_CONNECTIONS_OF + transport);
}

export function closed(number: u32): void {
  assert(number < connectionsEnd && stateOf(connectionAt(number)) != FREE, 'the connection is not open');
  const connection = connectionAt(number);
  setState(connection, FREE);
  count(COUNTER_GATEWAY_CONNECTIONS_CLOSED);
  count(COUNTER_GATEWAY_CONNECTIONS_OF + <u32>load<u8>(connection, AT_TRANSPORT), -1);
}

/**
 * The session layer has accepted the connection as the device `entry`, or as a service client, NO_DEVICE. `flags`: CONNECTION_…. An acceptance
 * that comes later than its packet has to be followed by a turn.
 */
export function connected(number: u32, entry: u32, level: u32, flags: u32, keepAliveSeconds: u32, reasonBytesMax: u32): void {
  const connection = connectionAt(number);
  assert(number < connectionsEnd && stateOf(connection) == CONNECTING, 'the connection waits for no answer to CONNECT');
  setState(connection, CONNECTED);
  store<u8>(connection, <u8>level, AT_LEVEL);
  store<u8>(connection, <u8>flags, AT_FLAGS);
  store<u16>(connection, <u16>reasonBytesMax, AT_REASON_BYTES_MAX);
  store<u32>(connection, keepAliveSeconds * 1500, AT_GRACE_MS); // One and a half keep-alives [MQTT-3.1.2-22]
  if (entry == NO_DEVICE) return;
  const device = deviceOf(entry);
  const tenantBytes = <u32>load<u8>(device, DEVICE_AT_TENANT_BYTES);
  store<u32>(connection, <u32>device, AT_DEVICE);
  store<u32>(connection, <u32>device, AT_LAST_DEVICE);
  store<u8>(connection, <u8>tenantBytes, AT_TENANT_BYTES);
  store<u32>(connection, <u32>tenantOf(device), AT_TENANT);
  store<u32>(connection, <u32>idOf(device), AT_ID);
  store<u8>(connection, load<u8>(device, DEVICE_AT_ID_BYTES), AT_ID_BYTES);
  store<u64>(connection, hashBytes(tenantOf(device), tenantBytes, 0), AT_TENANT_HASH);
}

/** Whether somebody may have subscribed to what the connection publishes. */
export function setTaps(number: u32, on: u32): void {
  assert(number < connectionsEnd, 'the connection was never open');
  setFlag(connectionAt(number), CONNECTION_TAPS, on != 0);
}

/** The session layer has answered the packet that the connection waits for. A turn has to follow. */
export function answered(number: u32): void {
  assert(number < connectionsEnd, 'the connection was never open');
  setFlag(connectionAt(number), WAITS, false);
}

/**
 * The session layer ends the connection once the messages that were taken in before are acknowledged: 1 while acknowledgements wait,
 * after the last of which CALL_SETTLED follows.
 */
export function leave(number: u32): u32 {
  assert(number < connectionsEnd, 'the connection was never open');
  const connection = connectionAt(number);
  if (stateOf(connection) == FREE || load<u64>(connection, AT_QUEUED_TO) <= sentTo) return 0;
  setState(connection, LEAVING);
  return 1;
}

/** The session layer ends the connection now. */
export function ended(number: u32): void {
  assert(number < connectionsEnd, 'the connection was never open');
  if (stateOf(connectionAt(number)) != FREE) setState(connectionAt(number), CLOSING);
}

/** The protocol level that CONNECT named; 0 before that. */
export function levelOf(number: u32): u32 {
  assert(number < connectionsEnd, 'the connection was never open');
  return <u32>load<u8>(connectionAt(number), AT_LEVEL);
}
