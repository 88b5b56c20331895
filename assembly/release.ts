import { OF_COAP, OF_HOST, ackConnection, ackGeneration, ackPacket, heldFrom, isAckQueueNearlyFull, nextAck, queuedTo, sentTo } from './answers';
import { CODE_NONE } from './abi/codes';
import { COUNTER_GATEWAY_ACKED } from './abi/counters';
import { CALL_DURABLE } from './abi/gateway';
import { firstAwaiting, freeCount, freeOldestPushed } from './block/seal';
import { answerDurable } from './coap/exchanges';
import { SUCCESS_BYTES_MAX } from './coap/answer';
import { count } from './memory';
import { sendQueued } from './mqtt/acknowledge';
import { call, hasDatagramRoom, roomForAnswers } from './outbox';

/** The outbox had too little room for all acknowledgements that the last release could send. */
let isHalfDone: bool = false;

/** Free block slots; 0 while the queue of acknowledgements is nearly full, because then slots are of no use. */
export function freeSlots(): u32 {
  return isAckQueueNearlyFull() ? 0 : freeCount;
}

/**
 * The oldest pushed block is durable: frees its slot and sends all acknowledgements that wait for no other block. Answers 0
 * when they do not fit the outbox: the host takes the outbox, then calls again, until it answers 1.
 */
export function release(): i32 {
  if (!isHalfDone) freeOldestPushed();
  return releaseHeld();
}

/** The place of the first acknowledgement whose message is not durable, or of the next one. */
export function durableTo(): f64 {
  return <f64>firstAwaiting(queuedTo);
}

/** As release, without a block: the broker has what acknowledgements waited for. */
export function releaseHeld(): i32 {
  const due = min(firstAwaiting(queuedTo), heldFrom);
  acknowledgeUpTo(min(due, sentTo + roomForAnswers()));
  isHalfDone = sentTo < due;
  return isHalfDone ? 0 : 1;
}

function acknowledgeUpTo(end: u64): void {
  assert(end >= sentTo && end <= queuedTo, 'the acknowledgements that are due lie outside the queue');
  let acknowledged: u32 = 0;
  while (sentTo < end && hasDatagramRoom(SUCCESS_BYTES_MAX)) {
    nextAck();
    if (ackGeneration == OF_COAP) {
      acknowledged += answerDurable(ackConnection);
    } else if (ackGeneration == OF_HOST) {
      call(0, CALL_DURABLE, CODE_NONE, ackConnection, 0);
      acknowledged++;
    } else {
      acknowledged += sendQueued(ackConnection, ackGeneration, ackPacket);
    }
  }
  count(COUNTER_GATEWAY_ACKED, acknowledged);
}
