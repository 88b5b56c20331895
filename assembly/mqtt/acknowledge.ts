import { hold, queueAck, queuedTo, sentTo } from '../answers';
import { CODE_NONE } from '../abi/codes';
import { CALL_SETTLED } from '../abi/gateway';
import { awaitBlock } from '../block/seal';
import { call } from '../outbox';
import { AT_GENERATION, AT_QUEUED_TO, CONNECTED, connectionAt, LEAVING, stateOf } from './connections';
import { PUBACK, PUBCOMP, PUBREC, sendAnswer, sendRefusal } from './packets';
import * as inbound from './qos2-inbound';

// The packet of an acknowledgement in the ring:
//   bits 0..15 packet id     16..23 code that refuses the message, 0: none     24..31 first byte of the packet, REPEATED_ACK in its flags

/** The packet repeats an acknowledgement or refuses a message, so it is not counted as one. The packet that is sent lacks this bit. */
const REPEATED_ACK: u32 = 1;

/** Queues a PUBACK, which is sent once the block in `slot` is durable. */
export function queuePuback(slot: u32, number: u32, connection: usize, packetId: u32): void {
  awaitBlock(slot, queuedTo);
  queue(number, connection, packetId | (PUBACK << 24));
}

/** Queues a PUBREC, which is sent once the block in `slot` is durable. The packet id is in use until PUBREL. */
export function queuePubrec(slot: u32, number: u32, connection: usize, packetId: u32): void {
  inbound.add(connection, packetId, queuedTo);
  awaitBlock(slot, queuedTo);
  queue(number, connection, packetId | (PUBREC << 24));
}

/**
 * As queuePuback, of a message whose parts wait in their blocks for the place that is the acknowledgement's now. One without parts is none of
 * those that the gateway accepted, and does not count as acknowledged.
 */
export function queueHandedPuback(number: u32, connection: usize, packetId: u32, parts: u32): void {
  queue(number, connection, packetId | (handed(PUBACK, parts) << 24));
}

export function queueHandedPubrec(number: u32, connection: usize, packetId: u32, parts: u32): void {
  inbound.add(connection, packetId, queuedTo);
  queue(number, connection, packetId | (handed(PUBREC, parts) << 24));
}

/** Queues a PUBCOMP, which is sent once the broker keeps the packet id no longer. */
export function queueHeldPubcomp(number: u32, connection: usize, packetId: u32): void {
  hold();
  queue(number, connection, packetId | ((PUBCOMP | REPEATED_ACK) << 24));
}

function handed(type: u32, parts: u32): u32 {
  return parts == 0 ? type | REPEATED_ACK : type;
}

/** Answers a packet that waits for no block: at once, or after the acknowledgements that the connection still waits for. */
export function ackInOrder(number: u32, connection: usize, type: u32, packetId: u32, code: u32): void {
  if (load<u64>(connection, AT_QUEUED_TO) > sentTo) queue(number, connection, packetId | (code << 16) | ((type | REPEATED_ACK) << 24));
  else if (code == 0) sendAnswer(number, type, packetId);
  else sendRefusal(number, type, packetId, code);
}

@inline
function queue(number: u32, connection: usize, packet: u32): void {
  queueAck(number, load<u32>(connection, AT_GENERATION), packet);
  store<u64>(connection, queuedTo, AT_QUEUED_TO);
}

/** Sends an acknowledgement whose block is durable, if its connection is still open; answers how many messages it acknowledges: 0 or 1. */
@inline
export function sendQueued(number: u32, generation: u32, packet: u32): u32 {
  const connection = connectionAt(number);
  if (load<u32>(connection, AT_GENERATION) != generation) return 0;
  const state = stateOf(connection);
  if (state != CONNECTED) {
    if (state != LEAVING) return 0;
    if (load<u64>(connection, AT_QUEUED_TO) <= sentTo) call(number, CALL_SETTLED, CODE_NONE, 0, 0);
  }
  const type = packet >> 24;
  const code = (packet >> 16) & 0xff;
  if (code == 0) sendAnswer(number, type & ~REPEATED_ACK, packet & 0xffff);
  else sendRefusal(number, type & ~REPEATED_ACK, packet & 0xffff, code);
  return (type & REPEATED_ACK) ^ REPEATED_ACK;
}
