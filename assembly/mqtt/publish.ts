import {
  CHANNEL_TELEMETRY,
  CONTEXT_FORMAT_OF_RULE,
  CONTEXT_RETAINED,
  FLAG_DUP,
  FLAG_TRANSPORT_MQTT,
  FORMAT_BY_SHAPE,
  RECORD_FORMAT_SHIFT,
} from '../abi/block';
import {
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_UNKNOWN,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PACKET_ID_IN_USE,
  CODE_MQTT_PAYLOAD_FORMAT_INVALID,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_QOS_INVALID,
  CODE_MQTT_RECEIVE_MAXIMUM_EXCEEDED,
  CODE_MQTT_TOPIC_MALFORMED,
  CODE_MQTT_UNRELEASED_EXHAUSTED,
  CODE_NONE,
  CODE_PAYLOAD_OVERSIZE,
  CODE_TOPIC_FORBIDDEN,
  CODE_TOPIC_UNKNOWN,
  CODES_MAX,
} from '../abi/codes';
import { COUNTER_GATEWAY_ACCEPTED, COUNTER_GATEWAY_RECEIVED } from '../abi/counters';
import { CALL_ROUTE, CALL_TAPPED, CONNECTION_KEEPS, CONNECTION_TAPS, DEVICE_AT_NUMBER, DEVICE_AT_PARTITION, DEVICE_AT_SCHEMA, RECEIVE_MAX } from '../abi/gateway';
import { PAYLOAD_BYTES_MAX } from '../abi/limits';
import { hold, isAckQueueFull } from '../answers';
import { append, appendInContext, appendOfSchema, hasRoomForParts } from '../block/seal';
import { countAccepted, timeZoneOf } from '../directory/devices';
import { countRefusedMessage, OF_NOBODY, ofDevice, ofTenant, refuseMessage } from '../directory/refusals';
import { overRate, pace } from '../directory/pace';
import { noteRefusedTopic } from '../directory/refused-topics';
import { count } from '../memory';
import { call } from '../outbox';
import { isUtf8 } from '../utf8';
import { ALIAS_READ_LATER, aliasedBytes, aliasedTopic, resolveAlias } from './aliases';
import { ackInOrder, queueHandedPuback, queueHandedPubrec, queuePuback, queuePubrec } from './acknowledge';
import { AT_DEVICE, AT_FLAGS, AT_LEVEL, AT_UNRELEASED_COUNT, connectionAt } from './connections';
import { formatOfContentType } from './content-type';
import { LEVEL_5 } from './control';
import { PUBACK, PUBREC, refuse } from './packets';
import { contentTypeAt, contentTypeEnd, isTextSaid, metTopicAlias, OF_PUBLISH, skipProperties } from './properties';
import { beginPacket, fault, MALFORMED, u16At } from './read';
import { contextAt, contextBytes, isAcknowledged, resolveTopic, ROUTE_OF_HOST, ROUTE_UNKNOWN, ROUTED, topicDevice, topicFormat, topicOfService } from './topic';
import * as inbound from './qos2-inbound';

/** In place of a code: no block slot or no place for an acknowledgement is free. The packet was not taken; try it again after a release. */
export const NO_SLOT: u32 = 0xffffffff;

/** In place of a code: the host has to answer its calls first, such as what the topic means. The packet was not taken; look at it again. */
export const ASKED: u32 = 0xfffffffd;

/** In place of a code: the packet was taken, and is handed to the host. */
export const HANDED: u32 = 0xfffffffa;

/** In place of a code: the message is over a rate. The packet was not taken; look at it again later. */
export const PACED: u32 = 0xfffffff9;
/** The code that says which rate it was. */
export let pacedBy: u32 = CODE_NONE;

/** In place of a code: the message was taken in before, and another PUBREC is sent or queued. */
const REPEATED: u32 = 0xfffffffe;

/**
 * Takes in a PUBLISH whose variable header and payload are [at, end). Answers CODE_NONE when a block holds the message or its
 * refusal leaves the connection open, NO_SLOT, or the code that ends the connection.
 */
export function publish(number: u32, connection: usize, header: u32, at: usize, end: usize): u32 {
  const qos = (header >> 1) & 3;
  if (qos == 3) return CODE_MQTT_QOS_INVALID; // [MQTT-3.3.1-4]
  if ((header & 0x0e) == 0x08) return CODE_MQTT_MALFORMED; // DUP with QoS 0 [MQTT-3.3.1-2]
  if (end - at < 2) return CODE_MQTT_MALFORMED;
  let topicBytes = u16At(at);
  const named = at + 2;
  let topic = named;
  if (topicBytes > <u32>(end - topic)) return CODE_MQTT_MALFORMED;
  at = topic + topicBytes;
  let packetId: u32 = 0;
  if (qos != 0) {
    if (end - at < 2) return CODE_MQTT_MALFORMED;
    packetId = u16At(at);
    if (packetId == 0) return CODE_MQTT_PROTOCOL_ERROR; // [MQTT-2.2.1-3]
    at += 2;
  }
  let contentFormat: u32 = FORMAT_BY_SHAPE;
  let isText = false;
  const isVersion5 = <u32>load<u8>(connection, AT_LEVEL) == LEVEL_5;
  if (isVersion5) {
    if (at < end && load<u8>(at) == 0) {
      at++;
    } else {
      beginPacket();
      at = skipProperties(at, end, OF_PUBLISH);
      if (at == MALFORMED) return fault;
      if (metTopicAlias()) {
        const code = resolveAlias(number, topic, topicBytes);
        if (code != CODE_NONE) return code == ALIAS_READ_LATER ? ASKED : code;
        topic = aliasedTopic;
        topicBytes = aliasedBytes;
      }
      isText = isTextSaid;
      if (contentTypeAt != 0) contentFormat = formatOfContentType(contentTypeAt, contentTypeEnd);
    }
  }
  if (isVersion5 && topicBytes == 0) return CODE_MQTT_PROTOCOL_ERROR; // MQTT 5 §3.3.2.1
  if (qos != 0 && isAckQueueFull()) return NO_SLOT;
  const payloadBytes = <u32>(end - at);
  const sender = <usize>load<u32>(connection, AT_DEVICE);
  const isOfDevice = sender != 0;
  if (isOfDevice) {
    pacedBy = overRate(sender);
    if (pacedBy != CODE_NONE) return PACED;
  }
  let code = isOfDevice ? resolveTopic(connection, topic, topicBytes) : topicOfService(topic, topicBytes);
  let contextLength: u32 = 0;
  let contextFlags: u32 = 0;
  let isOfHost = false;
  if (code >= CODES_MAX) {
    if (code == ROUTE_UNKNOWN) return ask(number, topic, topicBytes);
    isOfHost = code == ROUTE_OF_HOST;
    if (!isOfHost) {
      assert(code == ROUTED, 'the code is none, and stands for nothing else');
      contextLength = contextBytes;
      if (contentFormat == FORMAT_BY_SHAPE) {
        contentFormat = topicFormat;
        contextFlags = CONTEXT_FORMAT_OF_RULE;
      }
    }
    code = CODE_NONE;
  }
  if (code == CODE_NONE && contextLength + payloadBytes > PAYLOAD_BYTES_MAX) code = CODE_PAYLOAD_OVERSIZE;
  if (isText && code == CODE_NONE && !isUtf8(at, end)) code = CODE_MQTT_PAYLOAD_FORMAT_INVALID;
  if (qos == 2) {
    code = admitAtQos2(number, connection, packetId, header, code);
    if (code == REPEATED) return CODE_NONE;
  }
  if (code != CODE_NONE) {
    noteRefusedTopic(ownerOf(connection, code), code, topic, topicBytes);
    if (isOfDevice) pace(sender, payloadBytes);
    return isVersion5 || isAcknowledged(connection, code) ? answer(number, connection, qos, packetId, code) : code;
  }
  if (isOfHost) {
    if (!hasRoomForParts()) return NO_SLOT;
    if (isOfDevice) pace(sender, payloadBytes);
    return HANDED;
  }
  const flags = FLAG_TRANSPORT_MQTT | qos | ((header & 0x08) != 0 ? FLAG_DUP : 0);
  const head = CHANNEL_TELEMETRY | (flags << 8) | (contentFormat << RECORD_FORMAT_SHIFT) | timeZoneOf(topicDevice);
  const schema = load<u32>(topicDevice, DEVICE_AT_SCHEMA);
  let slot: i32;
  if (contextLength != 0) slot = appendRouted(head, header, schema, contextFlags, at, payloadBytes);
  else if (schema != 0) slot = appendOfSchema(partitionOf(), numberOf(), head, schema, at, payloadBytes);
  else slot = append(partitionOf(), numberOf(), head, at, payloadBytes);
  if (slot < 0) return NO_SLOT;
  pace(sender, payloadBytes);
  count(COUNTER_GATEWAY_RECEIVED);
  count(COUNTER_GATEWAY_ACCEPTED);
  countAccepted(topicDevice);
  if (isTapped(connection, header)) tap(number, header, named, end);
  if (qos == 1) queuePuback(<u32>slot, number, connection, packetId);
  else if (qos == 2) queuePubrec(<u32>slot, number, connection, packetId);
  return CODE_NONE;
}

/** Asks the host what the topic means. */
function ask(number: u32, topic: usize, bytes: u32): u32 {
  call(number, CALL_ROUTE, CODE_NONE, <u32>topic, bytes);
  return ASKED;
}

/** Whether somebody wants the message besides: subscribers, the broker, for it is to be retained, or the session, for its packet id. */
@inline
function isTapped(connection: usize, header: u32): bool {
  const flags = <u32>load<u8>(connection, AT_FLAGS);
  return (header & 1) != 0 || (flags & CONNECTION_TAPS) != 0 || ((header & 4) != 0 && (flags & CONNECTION_KEEPS) != 0);
}

/** Gives the host a copy of a message whose record is in its block, and holds the acknowledgement. `named`: its topic in the packet. */
function tap(number: u32, header: u32, named: usize, end: usize): void {
  if ((header & 6) != 0) hold();
  const start = named - 2;
  call(number, CALL_TAPPED, header, <u32>start, <u32>(end - start));
}

@inline
function partitionOf(): u32 {
  return load<u8>(topicDevice, DEVICE_AT_PARTITION);
}

@inline
function numberOf(): u32 {
  return load<u32>(topicDevice, DEVICE_AT_NUMBER);
}

/** Lays a message whose topic has a context into its block. */
function appendRouted(head: u32, header: u32, schema: u32, flags: u32, payload: usize, payloadBytes: u32): i32 {
  // Without a schema it does not matter who named the format.
  if (schema == 0) flags = 0;
  if ((header & 1) != 0) flags |= CONTEXT_RETAINED;
  return appendInContext(partitionOf(), numberOf(), head, schema, contextAt, contextBytes, flags, payload, payloadBytes);
}

/**
 * Acknowledges a message that was handed to the host once all its parts are durable, which the host has laid into blocks just now. With
 * `isHeld` the broker has it, besides or alone.
 */
export function acceptHanded(number: u32, qos: u32, packetId: u32, parts: u32, isHeld: u32): void {
  const connection = connectionAt(number);
  if (qos == 0) return;
  if (isHeld != 0) hold();
  if (qos == 1) queueHandedPuback(number, connection, packetId, parts);
  else queueHandedPubrec(number, connection, packetId, parts);
}

/** Refuses a message that was handed to the host, none of which was taken; a connection of version 3.1.1 ends with it. */
export function refuseHanded(number: u32, qos: u32, packetId: u32, code: u32): void {
  const connection = connectionAt(number);
  topicDevice = <usize>load<u32>(connection, AT_DEVICE);
  if (<u32>load<u8>(connection, AT_LEVEL) == LEVEL_5 || isAcknowledged(connection, code)) code = answer(number, connection, qos, packetId, code);
  if (code == CODE_NONE) return;
  countRefusedMessage(ownerOf(connection, code), code);
  refuse(number, code);
}

/**
 * The code of a PUBLISH at QoS 2, whose topic and payload gave `code`. A packet id that the client has not released is the same
 * message, whatever its topic is now: PUBREC is sent once more [MQTT-4.3.3-10]. Version 5 may say that it is another one, which DUP
 * does not mark; version 3.1.1 may not [MQTT-4.3.3-2]. This is not part of publish, so that the code that QoS 0 and QoS 1 run stays small.
 */
function admitAtQos2(number: u32, connection: usize, packetId: u32, header: u32, code: u32): u32 {
  if (inbound.has(connection, packetId)) {
    if ((header & 0x08) == 0 && <u32>load<u8>(connection, AT_LEVEL) == LEVEL_5) return CODE_MQTT_PACKET_ID_IN_USE;
    ackInOrder(number, connection, PUBREC, packetId, 0);
    return REPEATED;
  }
  if (code != CODE_NONE) return code;
  const isOver = <u32>load<u16>(connection, AT_UNRELEASED_COUNT) >= RECEIVE_MAX && <u32>load<u8>(connection, AT_LEVEL) == LEVEL_5;
  if (isOver) return CODE_MQTT_RECEIVE_MAXIMUM_EXCEEDED; // MQTT 5 §3.3.4
  return inbound.hasRoom(connection) ? CODE_NONE : CODE_MQTT_UNRELEASED_EXHAUSTED;
}

/**
 * Refuses one message of a connection that stays open: of version 5, or of 3.1.1 where what it may not publish is acknowledged. Answers the
 * code where the connection must end instead: it is not of one message.
 */
function answer(number: u32, connection: usize, qos: u32, packetId: u32, code: u32): u32 {
  const isOfMessage =
    code == CODE_TOPIC_UNKNOWN ||
    code == CODE_PAYLOAD_OVERSIZE ||
    code == CODE_MQTT_PACKET_ID_IN_USE ||
    code == CODE_MQTT_UNRELEASED_EXHAUSTED ||
    code == CODE_MQTT_PAYLOAD_FORMAT_INVALID ||
    code == CODE_TOPIC_FORBIDDEN ||
    code == CODE_DEVICE_UNKNOWN ||
    code == CODE_DEVICE_INACTIVE;
  if (!isOfMessage) return code;
  refuseMessage(ownerOf(connection, code), code);
  // Version 3.1.1 has no code in its answers.
  const reason = <u32>load<u8>(connection, AT_LEVEL) == LEVEL_5 ? code : CODE_NONE;
  if (qos != 0) ackInOrder(number, connection, qos == 1 ? PUBACK : PUBREC, packetId, reason);
  return CODE_NONE;
}

/** The owner, as directory/refusals counts it, of a message of this connection that is refused with `code`. */
export function ownerOf(connection: usize, code: u32): u32 {
  const sender = <usize>load<u32>(connection, AT_DEVICE);
  if (sender == 0) return OF_NOBODY;
  if (code == CODE_DEVICE_INACTIVE || code == CODE_PAYLOAD_OVERSIZE) return ofDevice(topicDevice);
  const isTopic = code == CODE_TOPIC_UNKNOWN || code == CODE_TOPIC_FORBIDDEN || code == CODE_MQTT_TOPIC_MALFORMED;
  return isTopic || code == CODE_DEVICE_UNKNOWN ? ofTenant(sender) : ofDevice(sender);
}
