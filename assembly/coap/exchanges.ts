import { OF_COAP, queueAck, queuedTo } from '../answers';
import {
  COAP_ACK,
  COAP_CON,
  COAP_EXCHANGE_AT_ARRIVED,
  COAP_EXCHANGE_AT_MESSAGE,
  COAP_EXCHANGE_AT_NEXT,
  COAP_EXCHANGE_AT_QUIET,
  COAP_EXCHANGE_AT_SOCKET,
  COAP_EXCHANGE_AT_STATE,
  COAP_EXCHANGE_AT_TOKEN,
  COAP_EXCHANGE_AT_TOKEN_BYTES,
  COAP_EXCHANGE_AT_TYPE,
  COAP_EXCHANGE_BYTES,
  COAP_EXCHANGE_MS,
  COAP_EXCHANGES_MAX,
  COAP_PIGGYBACK_MS,
} from '../abi/coap';
import { CODE_NONE } from '../abi/codes';
import { CALL_COAP_SEPARATE, COAP_BUCKETS_OFFSET, COAP_EXCHANGES_OFFSET, DATAGRAM_HEADER_BYTES } from '../abi/gateway';
import { CONNECTIONS_MAX } from '../abi/limits';
import { awaitBlock } from '../block/seal';
import { monotonicMs } from '../clock';
import { hashBytes } from '../directory/devices';
import { sameBytes } from '../memory';
import { call, hasDatagramRoom } from '../outbox';
import { secret } from '../routes/table';
import { sendChanged, sendEmpty, SUCCESS_BYTES_MAX } from './answer';
import { messageId, noResponse, token, tokenBytes, type } from './message';

// Requests that were taken in, in their order of arrival, so that one that comes again is stored once (RFC 7252 §4.5). Places count up;
// the ring holds [first, end). It grows with the load up to its limit, and then takes nothing in rather than forget one too early.
//
//   first          nudgedTo             end
//     |  old enough   |  younger than    |
//     |  for an empty |  that            |
//     |  acknowledgement                 |
//
// The newest of each bucket leads to the older ones. A link to a place before `first` or to one that is not older ends the chain.

// States
const WAITING: u32 = 1;
/** Its client has had an empty acknowledgement. */
const NUDGED: u32 = 2;
const DONE: u32 = 3;

/** Bit of No-Response for answers of class 2, RFC 7967 §2.1. */
const NO_SUCCESS: u32 = 2;
const CAPACITY_FIRST: u32 = 16384;
/** Places freed for each that is taken. */
const FREED_AT_ONCE: u32 = 4;

let capacity: u32 = CAPACITY_FIRST;
let first: u32 = 0;
let end: u32 = 0;
let nudgedTo: u32 = 0;

@inline
function exchangeAt(place: u32): usize {
  return <usize>(COAP_EXCHANGES_OFFSET + (place & (capacity - 1)) * COAP_EXCHANGE_BYTES);
}

function bucketOf(socket: u32, peer: usize, message: u32): usize {
  const hash = hashBytes(peer, DATAGRAM_HEADER_BYTES, secret ^ (<u64>(message | (socket << 16)) << 20));
  return <usize>(COAP_BUCKETS_OFFSET + ((<u32>(hash >> 32) & (capacity - 1)) << 2));
}

@inline
function ageMs(exchange: usize): u32 {
  return <u32>(<u64>monotonicMs) - load<u32>(exchange, COAP_EXCHANGE_AT_ARRIVED);
}

/** The exchange of this peer and message id, or 0. */
export function findExchange(socket: u32, peer: usize, message: u32): usize {
  let place = load<u32>(bucketOf(socket, peer, message));
  let before = end - first;
  while (place - first < before) {
    const exchange = exchangeAt(place);
    if (
      load<u16>(exchange, COAP_EXCHANGE_AT_MESSAGE) == <u16>message &&
      load<u16>(exchange, COAP_EXCHANGE_AT_SOCKET) == <u16>(socket - CONNECTIONS_MAX) &&
      sameBytes(exchange, peer, DATAGRAM_HEADER_BYTES)
    ) {
      return ageMs(exchange) < COAP_EXCHANGE_MS ? exchange : 0;
    }
    before = place - first;
    place = load<u32>(exchange, COAP_EXCHANGE_AT_NEXT);
  }
  return 0;
}

/** Whether there is a place for another exchange. */
export function hasPlace(): bool {
  expire(FREED_AT_ONCE);
  if (end - first < capacity) return true;
  if (capacity == COAP_EXCHANGES_MAX) return false;
  grow();
  return true;
}

/** Gives up places of exchanges that cannot come again. */
function expire(placesMax: u32): void {
  for (let i: u32 = 0; i < placesMax && first != end; i++) {
    const exchange = exchangeAt(first);
    if (<u32>load<u8>(exchange, COAP_EXCHANGE_AT_STATE) != DONE || ageMs(exchange) < COAP_EXCHANGE_MS) return;
    if (nudgedTo == first) nudgedTo++;
    first++;
  }
}

function grow(): void {
  const before = capacity;
  capacity = before << 1;
  memory.fill(<usize>COAP_BUCKETS_OFFSET, 0, <usize>(capacity << 2));
  for (let place = first; place != end; place++) {
    const from = <usize>(COAP_EXCHANGES_OFFSET + (place & (before - 1)) * COAP_EXCHANGE_BYTES);
    const exchange = exchangeAt(place);
    if (from != exchange) memory.copy(exchange, from, COAP_EXCHANGE_BYTES);
    const socket = <u32>load<u16>(exchange, COAP_EXCHANGE_AT_SOCKET) + CONNECTIONS_MAX;
    link(place, bucketOf(socket, exchange, <u32>load<u16>(exchange, COAP_EXCHANGE_AT_MESSAGE)));
  }
}

@inline
function link(place: u32, bucket: usize): void {
  store<u32>(exchangeAt(place), load<u32>(bucket), COAP_EXCHANGE_AT_NEXT);
  store<u32>(bucket, place);
}

/** Keeps the request that message.ts has read, and answers it once the block in `slot` is durable. The caller has called hasPlace. */
export function addExchange(socket: u32, peer: usize, slot: u32): void {
  const exchange = exchangeAt(end);
  memory.copy(exchange, peer, DATAGRAM_HEADER_BYTES);
  store<u16>(exchange, <u16>messageId, COAP_EXCHANGE_AT_MESSAGE);
  store<u16>(exchange, <u16>(socket - CONNECTIONS_MAX), COAP_EXCHANGE_AT_SOCKET);
  memory.copy(exchange + COAP_EXCHANGE_AT_TOKEN, token, tokenBytes);
  store<u32>(exchange, <u32>(<u64>monotonicMs), COAP_EXCHANGE_AT_ARRIVED);
  store<u8>(exchange, <u8>tokenBytes, COAP_EXCHANGE_AT_TOKEN_BYTES);
  store<u8>(exchange, <u8>WAITING, COAP_EXCHANGE_AT_STATE);
  store<u8>(exchange, <u8>type, COAP_EXCHANGE_AT_TYPE);
  store<u8>(exchange, <u8>((noResponse & NO_SUCCESS) != 0), COAP_EXCHANGE_AT_QUIET);
  link(end, bucketOf(socket, exchange, messageId));
  awaitBlock(slot, queuedTo);
  queueAck(end, OF_COAP, 0);
  end++;
}

@inline
function socketOf(exchange: usize): u32 {
  return <u32>load<u16>(exchange, COAP_EXCHANGE_AT_SOCKET) + CONNECTIONS_MAX;
}

/** Answers the exchange at `place`, whose block is durable; answers how many messages that acknowledges. */
export function answerDurable(place: u32): u32 {
  const exchange = exchangeAt(place);
  const state = <u32>load<u8>(exchange, COAP_EXCHANGE_AT_STATE);
  assert(state == WAITING || state == NUDGED, 'an exchange is answered twice');
  store<u8>(exchange, <u8>DONE, COAP_EXCHANGE_AT_STATE);
  if (state == WAITING) answer(exchange);
  else if (load<u8>(exchange, COAP_EXCHANGE_AT_QUIET) == 0) call(socketOf(exchange), CALL_COAP_SEPARATE, CODE_NONE, <u32>exchange, COAP_EXCHANGE_BYTES);
  return 1;
}

function answer(exchange: usize): void {
  const isCon = <u32>load<u8>(exchange, COAP_EXCHANGE_AT_TYPE) == COAP_CON;
  const message = <u32>load<u16>(exchange, COAP_EXCHANGE_AT_MESSAGE);
  const socket = socketOf(exchange);
  if (load<u8>(exchange, COAP_EXCHANGE_AT_QUIET) == 0) {
    const bytes = <u32>load<u8>(exchange, COAP_EXCHANGE_AT_TOKEN_BYTES);
    sendChanged(socket, exchange, <u32>load<u8>(exchange, COAP_EXCHANGE_AT_TYPE), message, exchange + COAP_EXCHANGE_AT_TOKEN, bytes);
  } else if (isCon) {
    sendEmpty(socket, exchange, COAP_ACK, message); // RFC 7967 §2.1: only the response is left out
  }
}

/** Answers a CON that has come again; a NON that has is passed over (RFC 7252 §4.5). The first one's answer is on its way while it waits. */
export function repeatAnswer(exchange: usize): void {
  if (type != COAP_CON) return;
  const state = <u32>load<u8>(exchange, COAP_EXCHANGE_AT_STATE);
  if (state == DONE) answer(exchange);
  else if (state == NUDGED) sendEmpty(socketOf(exchange), exchange, COAP_ACK, messageId);
}

/** Sends empty acknowledgements to clients that have waited for long (RFC 7252 §5.2.2). False: take the outbox, then call again. */
export function nudge(): bool {
  expire(capacity);
  for (; nudgedTo != end; nudgedTo++) {
    const exchange = exchangeAt(nudgedTo);
    if (ageMs(exchange) < COAP_PIGGYBACK_MS) return true;
    if (<u32>load<u8>(exchange, COAP_EXCHANGE_AT_STATE) != WAITING || <u32>load<u8>(exchange, COAP_EXCHANGE_AT_TYPE) != COAP_CON) continue;
    if (!hasDatagramRoom(SUCCESS_BYTES_MAX)) return false;
    store<u8>(exchange, <u8>NUDGED, COAP_EXCHANGE_AT_STATE);
    sendEmpty(socketOf(exchange), exchange, COAP_ACK, <u32>load<u16>(exchange, COAP_EXCHANGE_AT_MESSAGE));
  }
  return true;
}
