import { ACK_BYTES, ACKS_MAX, ACKS_OFFSET } from './abi/gateway';

// A client gets PUBACK and PUBREC in the order in which it published [MQTT-4.6.0-2] [MQTT-4.6.0-3], wherever the
// messages of its connection lie: one connection speaks for devices of many partitions, and the log makes block after
// block durable. So acknowledgements wait in one ring, in order of arrival, and a block knows only the place of
// the first acknowledgement that waits for it. All acknowledgements before the first place that any block holds can be sent.
// Places count up and are never used again; the ring holds [sentTo, queuedTo).
//
//    sentTo             first that waits         queuedTo
//      |  can be sent       |  wait for blocks     |
//
// Acknowledgement, ACK_BYTES. The protocol that queues it gives its words their meaning:
//   0  u32 connection, or token of the host's message
//   4  u32 generation of the connection; OF_HOST: the message is the host's; OF_COAP: the first word is the place of an exchange
//   8  u32 packet
const AT_CONNECTION: usize = 0;
const AT_GENERATION: usize = 4;
const AT_PACKET: usize = 8;

// The broker keeps what clients of other sessions get. Acknowledgements from heldFrom on wait for it besides their blocks.

/** Generations of connections start at 1. */
export const OF_HOST: u32 = 0;
/** No connection is used so often. */
export const OF_COAP: u32 = 0xffffffff;

/** The place of the first acknowledgement that was not sent. */
export let sentTo: u64 = 0;
/** The place that the next acknowledgement gets. */
export let queuedTo: u64 = 0;

/** In place of a place: none. */
const NOWHERE: u64 = u64.MAX_VALUE;
/** The first acknowledgement that waits for the broker, or NOWHERE. */
export let heldFrom: u64 = NOWHERE;
/** The first of them since the host asked, or NOWHERE. */
let heldSince: u64 = NOWHERE;

/** The next acknowledgement, and all after it, wait until the host has said that the broker has what it was given. */
export function hold(): void {
  if (heldSince == NOWHERE) heldSince = queuedTo;
  if (heldFrom == NOWHERE) heldFrom = queuedTo;
}

/** The place of the first acknowledgement that was held since the last call, or -1. */
export function takeHeld(): f64 {
  const place = heldSince;
  heldSince = NOWHERE;
  return place == NOWHERE ? -1 : <f64>place;
}

/** From now on the acknowledgements at and after `place` wait for the broker; -1: none of those that takeHeld has answered. */
export function setHeld(place: f64): void {
  heldFrom = place < 0 ? heldSince : <u64>place;
}

@inline
function ackAt(place: u64): usize {
  return <usize>(ACKS_OFFSET + (<u32>place & (ACKS_MAX - 1)) * ACK_BYTES);
}

/** Whether the queue has no room until acknowledgements are sent. */
@inline
export function isAckQueueFull(): bool {
  return queuedTo - sentTo == ACKS_MAX;
}

/** Whether the queue has so little room left that free block slots would be of no use. */
export function isAckQueueNearlyFull(): bool {
  assert(queuedTo - sentTo <= ACKS_MAX, 'more acknowledgements are queued than there is room for');
  return queuedTo - sentTo > ACKS_MAX - ACKS_MAX / 8;
}

/** The caller has made sure that the queue is not full. */
@inline
export function queueAck(connection: u32, generation: u32, packet: u32): void {
  const ack = ackAt(queuedTo++);
  store<u32>(ack, connection, AT_CONNECTION);
  store<u32>(ack, generation, AT_GENERATION);
  store<u32>(ack, packet, AT_PACKET);
}

/** Whether the acknowledgement at `place` was sent. */
export function isSent(place: u64): bool {
  return place < sentTo;
}

// The acknowledgement that nextAck took out of the ring.
export let ackConnection: u32 = 0;
export let ackGeneration: u32 = 0;
export let ackPacket: u32 = 0;

/** Takes the oldest acknowledgement out of the ring, which is not empty. */
@inline
export function nextAck(): void {
  const ack = ackAt(sentTo++);
  ackConnection = load<u32>(ack, AT_CONNECTION);
  ackGeneration = load<u32>(ack, AT_GENERATION);
  ackPacket = load<u32>(ack, AT_PACKET);
}
