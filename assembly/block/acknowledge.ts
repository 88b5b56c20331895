import { ACK_BYTES, CALL_DURABLE, CODE_NONE, COUNTER_GATEWAY_ACKED } from '../abi';
import { count } from '../memory';
import { AT_GENERATION, CONNECTED, connectionAt, stateOf } from '../mqtt/connections';
import { call, hasRoomFor, sendPuback } from '../mqtt/outbox';
import { ackCount, ackEntry, ackTable, freeOldestPushed, oldestPushed } from './seal';

// Ack, ACK_BYTES:
//   0  u32 connection, or token of the host's message
//   4  u32 generation of the connection; 0 for the host
//   8  u32 packet id
const AT_CONNECTION: usize = 0;
const AT_OF_GENERATION: usize = 4;
const AT_PACKET_ID: usize = 8;

/** Generations of connections start at 1. */
const OF_HOST: u32 = 0;

/** PUBACK is owed once the block in `slot` is durable. */
export function owePuback(slot: u32, number: u32, connection: usize, packetId: u32): void {
  const ack = ackEntry(slot);
  store<u32>(ack, number, AT_CONNECTION);
  store<u32>(ack, load<u32>(connection, AT_GENERATION), AT_OF_GENERATION);
  store<u32>(ack, packetId, AT_PACKET_ID);
}

export function oweHost(slot: u32, token: u32): void {
  const ack = ackEntry(slot);
  store<u32>(ack, token, AT_CONNECTION);
  store<u32>(ack, OF_HOST, AT_OF_GENERATION);
}

/**
 * The oldest pushed block is durable: answers all who wait for it and frees its slot. 0 when the
 * outbox has too little room: take it, then call again.
 */
export function release(): i32 {
  const slot = oldestPushed();
  const acks = ackCount(slot);
  if (!hasRoomFor(acks)) return 0;
  let answered: u32 = 0;
  const end = ackTable(slot) + acks * ACK_BYTES;
  for (let ack = ackTable(slot); ack < end; ack += ACK_BYTES) {
    const number = load<u32>(ack, AT_CONNECTION);
    const generation = load<u32>(ack, AT_OF_GENERATION);
    if (generation == OF_HOST) {
      call(0, CALL_DURABLE, CODE_NONE, number, 0);
    } else {
      const connection = connectionAt(number);
      if (load<u32>(connection, AT_GENERATION) != generation || stateOf(connection) != CONNECTED) continue;
      sendPuback(number, load<u32>(ack, AT_PACKET_ID));
    }
    answered++;
  }
  count(COUNTER_GATEWAY_ACKED, answered);
  freeOldestPushed();
  return 1;
}
