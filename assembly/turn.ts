import { EVENT_AT_CONNECTION, EVENT_AT_KIND, EVENT_BYTES, EVENT_DATAGRAM, EVENTS_MAX, EVENTS_OFFSET } from './abi/gateway';
import { takeDatagram } from './coap/turn';
import { beginTurn, takeEvent } from './mqtt/turn';
import { hasRoom } from './outbox';

/**
 * Works through the event table from `first` on. Answers `eventCount` when it is done. Else the outbox is full, or a call waits for its
 * answer: then it answers the event with which the next call must begin, after the host has taken the outbox. Bytes of a connection whose
 * packet the host answers later are left unconsumed.
 */
export function turn(first: u32, eventCount: u32): u32 {
  assert(first <= eventCount && eventCount <= EVENTS_MAX, 'the events lie outside their table');
  if (first == 0) beginTurn();
  for (let i = first; i < eventCount; i++) {
    if (!hasRoom()) return i;
    const event = <usize>(EVENTS_OFFSET + i * EVENT_BYTES);
    const kind = load<u32>(event, EVENT_AT_KIND);
    const isTaken = kind == EVENT_DATAGRAM ? takeDatagram(event) : takeEvent(kind, load<u32>(event, EVENT_AT_CONNECTION), event);
    if (!isTaken) return i;
  }
  return eventCount;
}
