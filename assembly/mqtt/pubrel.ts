import { CODE_MQTT_MALFORMED, CODE_MQTT_PROTOCOL_ERROR, CODE_NONE } from '../abi/codes';
import { CALL_RELEASED, CONNECTION_KEEPS } from '../abi/gateway';
import { isAckQueueFull, isSent } from '../answers';
import { call } from '../outbox';
import { ackInOrder, queueHeldPubcomp } from './acknowledge';
import { AT_FLAGS, AT_LEVEL } from './connections';
import { LEVEL_5 } from './control';
import { PACKET_ID_NOT_FOUND, PUBCOMP, sendAnswer, sendPacketIdNotFound } from './packets';
import { OF_PUBREL, skipProperties } from './properties';
import { NO_SLOT } from './publish';
import { beginPacket, fault, u16At } from './read';
import * as inbound from './qos2-inbound';

/**
 * Takes in a PUBREL whose variable header is [at, end): after it, its packet id may be used for another message.
 * Answers CODE_NONE, NO_SLOT, or the code that ends the connection.
 */
export function pubrel(number: u32, connection: usize, at: usize, end: usize): u32 {
  const isVersion5 = <u32>load<u8>(connection, AT_LEVEL) == LEVEL_5;
  const code = check(at, end, isVersion5);
  if (code != CODE_NONE) return code;
  const packetId = u16At(at);
  const place = inbound.placeOf(connection, packetId);
  if (place == inbound.NO_PLACE) {
    // An id of an earlier connection, for example. Version 3.1.1 has no answer for an unknown id [MQTT-4.3.3-11].
    if (isVersion5) sendPacketIdNotFound(number, packetId);
    else sendAnswer(number, PUBCOMP, packetId);
    return CODE_NONE;
  }
  if ((<u32>load<u8>(connection, AT_FLAGS) & CONNECTION_KEEPS) != 0) {
    // After PUBCOMP the client uses the id for another message: an id that was still kept after a crash would make that a repeated one.
    if (isAckQueueFull()) return NO_SLOT;
    queueHeldPubcomp(number, connection, packetId);
    call(number, CALL_RELEASED, CODE_NONE, packetId, 0);
  } else if (isSent(place)) {
    sendAnswer(number, PUBCOMP, packetId);
  } else {
    // The client did not wait for PUBREC. PUBCOMP must not overtake it: it would say that the message is durable.
    if (isAckQueueFull()) return NO_SLOT;
    ackInOrder(number, connection, PUBCOMP, packetId, 0);
  }
  inbound.remove(connection, packetId);
  return CODE_NONE;
}

/** Checks that [at, end) is a packet id, in version 5 with an optional reason code and, after it, optional properties. MQTT 5 §3.6.2. */
function check(at: usize, end: usize, isVersion5: bool): u32 {
  if (end - at < 2) return CODE_MQTT_MALFORMED;
  if (u16At(at) == 0) return CODE_MQTT_PROTOCOL_ERROR; // [MQTT-2.2.1-3]
  if (end - at == 2) return CODE_NONE;
  if (!isVersion5) return CODE_MQTT_MALFORMED;
  const reason = <u32>load<u8>(at, 2);
  if (reason != 0 && reason != PACKET_ID_NOT_FOUND) return CODE_MQTT_PROTOCOL_ERROR;
  beginPacket();
  return end - at == 3 || skipProperties(at + 3, end, OF_PUBREL) == end ? CODE_NONE : fault;
}
