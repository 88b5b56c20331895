import {
  CODE_CONNECT_TIMEOUT,
  CODE_KEEP_ALIVE_EXPIRED,
  CODE_MQTT_CONNECT_EXPECTED,
  CODE_MQTT_CONNECT_REPEATED,
  CODE_MQTT_LENGTH_MALFORMED,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PACKET_OVERSIZE,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_NONE,
  CODES_MAX,
} from '../abi/codes';
import { COUNTER_GATEWAY_BYTES_IN, COUNTER_GATEWAY_PACKETS } from '../abi/counters';
import {
  CALL_ANSWERED,
  CALL_CLOSED,
  CALL_ENDED,
  CALL_MESSAGE,
  CALL_PACED,
  CALL_PACKET,
  EVENT_AT_CONSUMED,
  EVENT_AT_LENGTH,
  EVENT_AT_NEEDED,
  EVENT_AT_OFFSET,
  EVENT_AT_TRANSPORT,
  EVENT_CLOSED,
  EVENT_DATA,
  EVENT_ENDED,
  EVENT_OPENED,
  NEEDED_PAUSED,
} from '../abi/gateway';
import { PACKET_BYTES_MAX } from '../abi/limits';
import { paceMs } from '../directory/pace';
import { countRefusedMessage } from '../directory/refusals';
import { count } from '../memory';
import { call, hasRoom } from '../outbox';
import { forgetOrder } from './prefetch';
import { monotonicMs } from '../clock';
import { clearAliases } from './aliases';
import {
  AT_GRACE_MS,
  AT_LAST_PACKET_MS,
  AT_LEVEL,
  CLOSING,
  CONNECTED,
  CONNECTING,
  closed,
  connectionAt,
  connectionCount,
  FREE,
  isWaiting,
  OPENED,
  opened,
  setFlag,
  setState,
  stateOf,
  WAITS,
} from './connections';
import { checkAnswer, checkAuth, checkConnect, checkDisconnect, checkSubscribe, checkUnsubscribe, connectLevel, LEVEL_5 } from './control';
import { refuse, sendPingresp } from './packets';
import { ASKED, HANDED, NO_SLOT, ownerOf, PACED, pacedBy, publish } from './publish';
import { pubrel } from './pubrel';
import { beginPacket, u16At } from './read';
import { clear } from './qos2-inbound';

const CONNECT: u32 = 1;
const PUBLISH: u32 = 3;
const PUBACK: u32 = 4;
const PUBREC: u32 = 5;
const PUBREL: u32 = 6;
const PUBCOMP: u32 = 7;
const SUBSCRIBE: u32 = 8;
const UNSUBSCRIBE: u32 = 10;
const PINGREQ: u32 = 12;
const DISCONNECT: u32 = 14;
const AUTH: u32 = 15;

/** The packets that a client may send. */
const FROM_CLIENT: u32 =
  (1 << CONNECT) |
  (1 << PUBLISH) |
  (1 << PUBACK) |
  (1 << PUBREC) |
  (1 << PUBREL) |
  (1 << PUBCOMP) |
  (1 << SUBSCRIBE) |
  (1 << UNSUBSCRIBE) |
  (1 << PINGREQ) |
  (1 << DISCONNECT) |
  (1 << AUTH);
/** The packets whose reserved header flags are 0010, not 0000 [MQTT-2.1.3-1]. */
const FLAGS_TWO: u32 = (1 << PUBREL) | (1 << SUBSCRIBE) | (1 << UNSUBSCRIBE);

/** What a connected client may take for the rest of one packet, before its keep-alive counts again. */
const PACKET_WITHIN_MS: f64 = 60000;

let hasStarved: bool = false;
/** When the host began to read again, ms: deadlines do not run while it does not read. */
let readingSinceMs: f64 = 0;

/** Whether a message of the last turn found no free block slot. Its bytes were left unconsumed. */
export function starved(): bool {
  return hasStarved;
}

/** The host reads again after a pause. */
export function resumed(): void {
  readingSinceMs = monotonicMs;
}

/** A turn begins. */
export function beginTurn(): void {
  hasStarved = false;
}

/** Takes an event of a connection. False: the host must take the outbox, or answer a call, before this event comes again. */
export function takeEvent(kind: u32, number: u32, event: usize): bool {
  if (kind == EVENT_DATA) return takeData(number, event);
  if (kind == EVENT_OPENED) {
    opened(number, load<u32>(event, EVENT_AT_TRANSPORT));
  } else if (kind == EVENT_ENDED) {
    call(number, CALL_ENDED, CODE_NONE, 0, 0);
  } else {
    assert(kind == EVENT_CLOSED, 'there is no such kind of event');
    clear(connectionAt(number));
    clearAliases(number);
    closed(number);
    call(number, CALL_CLOSED, CODE_NONE, 0, 0);
  }
  return true;
}

/** Takes the packets of a data event. False: the host must take the outbox before the rest of this event. */
function takeData(number: u32, event: usize): bool {
  const connection = connectionAt(number);
  const start = <usize>(load<u32>(event, EVENT_AT_OFFSET) + load<u32>(event, EVENT_AT_CONSUMED));
  const end = <usize>(load<u32>(event, EVENT_AT_OFFSET) + load<u32>(event, EVENT_AT_LENGTH));
  let at = start;
  let packets: u32 = 0;
  let done = true;
  needed = 0;
  forgetOrder();
  assert(number < connectionCount(), 'bytes came for a connection that was never open');
  assert(start <= end, 'more was consumed than came');
  if (isWaiting(connection)) {
    store<u32>(event, 0, EVENT_AT_NEEDED);
    return true;
  }
  while (at < end) {
    const state = stateOf(connection);
    if (state >= CLOSING || state == FREE) {
      at = end;
      break;
    }
    if (state == CONNECTING || !hasRoom()) {
      done = false;
      break;
    }
    const code = frame(connection, state, at, end);
    if (code != CODE_NONE) {
      refusePacket(number, state, load<u8>(at) >> 4, code);
      continue;
    }
    if (needed != 0) break;
    const result = packet(number, connection, at, body, at + frameBytes);
    if (result == NO_SLOT) {
      hasStarved = true;
      break;
    }
    if (result == PACED) {
      // A keep-alive does not run out meanwhile: below it is as if the rest of the packet were under way.
      needed = NEEDED_PAUSED;
      call(number, CALL_PACED, pacedBy, <u32>Math.ceil(paceMs), 0);
      break;
    }
    if (result == ASKED) {
      done = false;
      break;
    }
    packets++;
    at += frameBytes;
    if (result == HANDED) {
      done = false;
      break;
    }
  }
  if (stateOf(connection) == CONNECTING) done = false;
  store<u32>(event, load<u32>(event, EVENT_AT_CONSUMED) + <u32>(at - start), EVENT_AT_CONSUMED);
  store<u32>(event, needed, EVENT_AT_NEEDED);
  count(COUNTER_GATEWAY_BYTES_IN, <u64>(at - start));
  if (packets > 0) {
    count(COUNTER_GATEWAY_PACKETS, packets);
    // Only whole packets count as a sign of life: the deadline for CONNECT runs until its last byte.
    store<f64>(connection, monotonicMs, AT_LAST_PACKET_MS);
  }
  // The bytes of a large packet may take longer than the keep-alive allows: while one is under way, its own time runs.
  if (needed != 0 && frameBytes != 0 && stateOf(connection) == CONNECTED) store<f64>(connection, monotonicMs + PACKET_WITHIN_MS, AT_LAST_PACKET_MS);
  return done;
}

// The packet that frame has found: its bytes (0: its length has not come), and the address of its variable header.
let frameBytes: u32 = 0;
let body: usize = 0;
/** Bytes that must be there before the packet can be read; 0: the packet is whole. */
let needed: u32 = 0;

/** Finds the packet at `at`, or answers the code that refuses it as soon as its first bytes show an error. */
function frame(connection: usize, state: u32, at: usize, end: usize): u32 {
  const have = <u32>(end - at);
  frameBytes = 0;
  const header = <u32>load<u8>(at);
  const type = header >> 4;
  if (((1 << type) & FROM_CLIENT) == 0) return state == OPENED || type == 0 ? CODE_MQTT_MALFORMED : CODE_MQTT_PROTOCOL_ERROR;
  if (type != PUBLISH && (header & 0x0f) != (((FLAGS_TWO >> type) & 1) << 1)) return CODE_MQTT_MALFORMED;
  if (state == OPENED) {
    if (type != CONNECT) return CODE_MQTT_CONNECT_EXPECTED; // [MQTT-3.1.0-1]
  } else if (type == CONNECT) {
    return CODE_MQTT_CONNECT_REPEATED; // [MQTT-3.1.0-2]
  }
  let length: u32 = 0;
  let lengthBytes: u32 = 0;
  for (;;) {
    if (lengthBytes == 4) return CODE_MQTT_LENGTH_MALFORMED;
    if (1 + lengthBytes == have) {
      needed = have + 1;
      return CODE_NONE;
    }
    const byte = <u32>load<u8>(at + 1 + lengthBytes);
    length |= (byte & 0x7f) << (lengthBytes * 7);
    lengthBytes++;
    if (byte < 0x80) {
      // Only version 5 demands the shortest form [MQTT-1.5.5-1].
      if (byte == 0 && lengthBytes > 1 && <u32>load<u8>(connection, AT_LEVEL) == LEVEL_5) return CODE_MQTT_LENGTH_MALFORMED;
      break;
    }
  }
  frameBytes = 1 + lengthBytes + length;
  if (frameBytes > PACKET_BYTES_MAX) return CODE_MQTT_PACKET_OVERSIZE; // [MQTT-3.1.2-24]
  body = at + 1 + lengthBytes;
  needed = frameBytes > have ? frameBytes : 0;
  return CODE_NONE;
}

/** Handles a whole packet. Answers CODE_NONE, also when it has ended the connection, or what publish answers in place of a code. */
function packet(number: u32, connection: usize, start: usize, at: usize, end: usize): u32 {
  const header = <u32>load<u8>(start);
  const type = header >> 4;
  let code: u32;
  if (type == PUBLISH) {
    code = publish(number, connection, header, at, end);
    if (code >= CODES_MAX) {
      if (code == HANDED) call(number, CALL_MESSAGE, CODE_NONE, <u32>start, <u32>(end - start));
      return code;
    }
  } else if (type == PUBREL) {
    code = pubrel(number, connection, at, end);
    if (code == NO_SLOT) return NO_SLOT;
  } else if (type == PINGREQ) {
    code = at == end ? CODE_NONE : CODE_MQTT_MALFORMED;
    if (code == CODE_NONE) sendPingresp(number);
  } else if (type == PUBACK || type == PUBREC || type == PUBCOMP) {
    beginPacket();
    code = checkAnswer(type == PUBCOMP, at, end, <u32>load<u8>(connection, AT_LEVEL));
    if (code == CODE_NONE) call(number, CALL_ANSWERED, type, u16At(at), end - at > 2 ? <u32>load<u8>(at, 2) : 0);
  } else {
    beginPacket();
    code = control(number, connection, type, start, at, end);
    if (code == HANDED) return HANDED;
  }
  if (code != CODE_NONE) refusePacket(number, stateOf(connection), type, code);
  return CODE_NONE;
}

/** Checks a control packet and hands it to the session layer: HANDED, or the code that refuses it. */
function control(number: u32, connection: usize, type: u32, start: usize, at: usize, end: usize): u32 {
  const level = <u32>load<u8>(connection, AT_LEVEL);
  let code: u32;
  let next = CONNECTED;
  if (type == CONNECT) {
    code = checkConnect(at, end);
    store<u8>(connection, <u8>connectLevel, AT_LEVEL); // Even on refusal: CONNACK takes its form from it.
    next = CONNECTING;
  } else if (type == SUBSCRIBE) {
    code = checkSubscribe(at, end, level);
  } else if (type == UNSUBSCRIBE) {
    code = checkUnsubscribe(at, end, level);
  } else if (type == DISCONNECT) {
    code = checkDisconnect(at, end, level);
    next = CLOSING; // [MQTT-3.14.4-2]
  } else {
    assert(type == AUTH, 'there is no such control packet');
    code = checkAuth(level);
  }
  if (code != CODE_NONE) return code;
  setState(connection, next);
  if (type == SUBSCRIBE || type == UNSUBSCRIBE) setFlag(connection, WAITS, true);
  call(number, CALL_PACKET, CODE_NONE, <u32>start, <u32>(end - start));
  // The answer comes from the session layer, and the packets after it are answered after it.
  return HANDED;
}

/** Ends the connection over a packet. A PUBLISH of a connected device counts as a refused message, even if it is malformed. */
function refusePacket(number: u32, state: u32, type: u32, code: u32): void {
  if (type == PUBLISH && state == CONNECTED) countRefusedMessage(ownerOf(connectionAt(number), code), code);
  refuse(number, code);
}

/** Ends the connections whose deadline has passed, from number `first` on. Answers the number to begin the next call with, or -1. */
export function sweep(first: u32): i32 {
  const end = connectionCount();
  assert(first <= end, 'the sweep begins after the last connection');
  for (let number = first; number < end; number++) {
    const connection = connectionAt(number);
    const state = stateOf(connection);
    const graceMs = load<u32>(connection, AT_GRACE_MS);
    if (state == FREE || state >= CLOSING || graceMs == 0) continue;
    const since = max(load<f64>(connection, AT_LAST_PACKET_MS), readingSinceMs);
    if (monotonicMs - since <= <f64>graceMs) continue;
    if (!hasRoom()) return <i32>number;
    refuse(number, state == CONNECTED ? CODE_KEEP_ALIVE_EXPIRED : CODE_CONNECT_TIMEOUT);
  }
  return -1;
}
