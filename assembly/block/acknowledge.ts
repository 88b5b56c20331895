import { CODE_NONE } from '../abi/codes';
import { COUNTER_GATEWAY_ACKED } from '../abi/counters';
import { ACKS_MAX, ACKS_OFFSET, ACK_BYTES, CALL_DURABLE } from '../abi/gateway';
import { count } from '../memory';
import { AT_GENERATION, AT_OWED_TO, CONNECTED, connectionAt, stateOf } from '../mqtt/connections';
import { call, PUBACK, PUBREC, roomForAnswers, sendAnswer, sendAnswerReason } from '../mqtt/outbox';
import { hold } from '../mqtt/qos2-inbound';
import { awaitBlock, firstAwaiting, freeCount, freeOldestPushed } from './seal';

// A client hears PUBACK and PUBREC in the order in which it published [MQTT-4.6.0-2] [MQTT-4.6.0-3], wherever the
// messages of its connection lie: one connection speaks for devices of many partitions, and the log makes block after
// block durable. So answers are owed in one ring, in order of arrival, and a block knows only the place of
// the first answer that waits for it. All places before the first that any block holds are due. Places
// count up for good; the ring holds [answered, owed).
//
//   answered           first that waits          owed
//      |  due               |  for blocks          |
//
// Ack, ACK_BYTES:
//   0  u32 connection, or token of the host's message    8  u16 packet id
//   4  u32 generation of the connection; 0: the host    10  u8 reason code; 0: success
//                                                       11  u8 first byte of the packet, RETOLD in its flags
const AT_CONNECTION: usize = 0;
const AT_OF_GENERATION: usize = 4;
const AT_PACKET_ID: usize = 8;

/** The answer tells of no message that was not told of before; it is not in the packet that is sent. */
const RETOLD: u32 = 1;

/** Generations of connections start at 1. */
const OF_HOST: u32 = 0;

let answered: u64 = 0;
let owed: u64 = 0;
/** The last release found too little room in the outbox for all that was due. */
let isHalfDone: bool = false;

@inline
function ackAt(place: u64): usize {
  return <usize>(ACKS_OFFSET + (<u32>place & (ACKS_MAX - 1)) * ACK_BYTES);
}

/** Whether no further answer can be owed until some were given. */
@inline
export function isOwedFull(): bool {
  return owed - answered == ACKS_MAX;
}

/** Free block slots; none while the ring of answers is nearly full, because then slots are of no use. */
export function freeSlots(): u32 {
  return owed - answered > ACKS_MAX - ACKS_MAX / 8 ? 0 : freeCount;
}

/** PUBACK is owed once the block in `slot` is durable. */
export function owePuback(slot: u32, number: u32, connection: usize, packetId: u32): void {
  awaitBlock(slot, owed);
  owe(number, connection, packetId | (PUBACK << 24));
}

/** PUBREC is owed once the block in `slot` is durable, and the packet id is held until PUBREL. */
export function owePubrec(slot: u32, number: u32, connection: usize, packetId: u32): void {
  hold(connection, packetId, owed);
  awaitBlock(slot, owed);
  owe(number, connection, packetId | (PUBREC << 24));
}

/** Whether the answer at `place` was given. */
export function isAnswered(place: u64): bool {
  return place < answered;
}

/** An answer that waits for no block of its own: at once, or behind those that the connection still waits for. */
export function answerInTurn(number: u32, connection: usize, type: u32, packetId: u32, reason: u8): void {
  if (load<u64>(connection, AT_OWED_TO) > answered) owe(number, connection, packetId | (<u32>reason << 16) | ((type | RETOLD) << 24));
  else if (reason == 0) sendAnswer(number, type, packetId);
  else sendAnswerReason(number, type, packetId, reason);
}

@inline
function owe(number: u32, connection: usize, answer: u32): void {
  const ack = ackAt(owed++);
  store<u32>(ack, number, AT_CONNECTION);
  store<u32>(ack, load<u32>(connection, AT_GENERATION), AT_OF_GENERATION);
  store<u32>(ack, answer, AT_PACKET_ID);
  store<u64>(connection, owed, AT_OWED_TO);
}

/** The host hears of its message when the block in `slot` is durable; it waits in the same ring, though it needs no order. */
export function oweHost(slot: u32, token: u32): void {
  awaitBlock(slot, owed);
  const ack = ackAt(owed++);
  store<u32>(ack, token, AT_CONNECTION);
  store<u32>(ack, OF_HOST, AT_OF_GENERATION);
}

/**
 * The oldest pushed block is durable: frees its slot and gives all answers that are due. 0 when they do
 * not fit the outbox: take it, then call again, until it answers 1.
 */
export function release(): i32 {
  if (!isHalfDone) freeOldestPushed();
  const due = firstAwaiting(owed);
  const end = min(due, answered + roomForAnswers());
  answerUpTo(end);
  isHalfDone = end < due;
  return isHalfDone ? 0 : 1;
}

function answerUpTo(end: u64): void {
  let taken: u32 = 0;
  for (; answered < end; answered++) {
    const ack = ackAt(answered);
    const number = load<u32>(ack, AT_CONNECTION);
    const generation = load<u32>(ack, AT_OF_GENERATION);
    if (generation == OF_HOST) {
      call(0, CALL_DURABLE, CODE_NONE, number, 0);
      taken++;
      continue;
    }
    const connection = connectionAt(number);
    if (load<u32>(connection, AT_GENERATION) != generation || stateOf(connection) != CONNECTED) continue;
    const answer = load<u32>(ack, AT_PACKET_ID);
    const type = answer >> 24;
    const reason = <u8>(answer >> 16);
    if (reason == 0) sendAnswer(number, type & ~RETOLD, answer & 0xffff);
    else sendAnswerReason(number, type & ~RETOLD, answer & 0xffff, reason);
    taken += (type & RETOLD) ^ RETOLD;
  }
  count(COUNTER_GATEWAY_ACKED, taken);
}
