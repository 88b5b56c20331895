import { generate, type Packet, parser } from 'mqtt-packet';
import {
  CODE_CREDENTIALS_INVALID,
  CODE_DEVICE_INACTIVE,
  CODE_DEVICE_OVER_RATE,
  CODE_DEVICE_UNKNOWN,
  CODE_KEEP_ALIVE_EXPIRED,
  CODE_MQTT_ALIASES_EXHAUSTED,
  CODE_MQTT_ANSWER_OVERSIZE,
  CODE_MQTT_AUTH_UNSUPPORTED,
  CODE_MQTT_CONNECT_REPEATED,
  CODE_MQTT_FILTER_MALFORMED,
  CODE_MQTT_LENGTH_MALFORMED,
  CODE_MQTT_MALFORMED,
  CODE_MQTT_PACKET_OVERSIZE,
  CODE_MQTT_PROTOCOL_ERROR,
  CODE_MQTT_QOS_INVALID,
  CODE_MQTT_RECEIVE_MAXIMUM_EXCEEDED,
  CODE_MQTT_TOPIC_ALIAS_INVALID,
  CODE_MQTT_TOPIC_MALFORMED,
  CODE_MQTT_UNRELEASED_EXHAUSTED,
  CODE_SESSION_DROPPED,
  CODE_SESSION_TAKEN_OVER,
  CODE_SESSIONS_EXHAUSTED,
  CODE_SHUTTING_DOWN,
} from '../../../assembly/abi/codes.js';
import { RECEIVE_MAX } from '../../../assembly/abi/gateway.js';
import { PACKET_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { PacketLimits } from './reason-strings.js';

/** Reads one whole packet whose form the kernel has checked; undefined when mqtt-packet disagrees. */
export function parsePacket(bytes: Uint8Array, level: number): Packet | undefined {
  let packet: Packet | undefined;
  let failed = false;
  const reader = parser({ protocolVersion: level });
  reader.on('packet', (read) => {
    packet = read;
  });
  reader.on('error', () => {
    failed = true;
  });
  try {
    reader.parse(Buffer.from(bytes));
  } catch {
    return undefined;
  }
  return failed ? undefined : packet;
}

/** A message to a device at QoS 0; undefined: it is larger than the client takes. */
export function publishTo(topic: string, payload: string, level: number, { bytesMax }: PacketLimits): Uint8Array | undefined {
  const packet = generate({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false }, { protocolVersion: level });
  return packet.length <= bytesMax ? packet : undefined;
}

/** What CONNACK of MQTT 5 says beside success. */
export interface Connack {
  readonly sessionPresent: boolean;
  /** Where it is not what the client asked for [MQTT-3.2.2-21]. */
  readonly sessionExpiryInterval?: number | undefined;
  /** An id that the client did not give [MQTT-3.2.2-16]. */
  readonly assignedClientIdentifier?: string | undefined;
  /** Seconds, in place of what the client asked for. MQTT 5 §3.2.2.3.14. */
  readonly serverKeepAlive?: number | undefined;
  readonly topicAliasMaximum: number;
}

/**
 * What the gateway can do is said once, here [MQTT-3.2.2-9] and following. For a client that takes no packet of that size, the
 * properties are left out whose absence says the same; undefined: it takes no CONNACK at all [MQTT-3.1.2-24].
 */
export function connackAccepted(level: number, { bytesMax }: PacketLimits, connack: Connack): Uint8Array | undefined {
  const { sessionPresent, sessionExpiryInterval, assignedClientIdentifier, serverKeepAlive, topicAliasMaximum } = connack;
  if (level !== 5) return generate({ cmd: 'connack', returnCode: 0, sessionPresent });
  const needed = {
    ...(assignedClientIdentifier === undefined ? {} : { assignedClientIdentifier }),
    ...(sessionExpiryInterval === undefined ? {} : { sessionExpiryInterval }),
    ...(serverKeepAlive === undefined ? {} : { serverKeepAlive }),
    receiveMaximum: RECEIVE_MAX,
    maximumPacketSize: PACKET_BYTES_MAX,
  };
  const whole = {
    ...needed,
    topicAliasMaximum,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: true,
  };
  const sizes = [whole, needed].map((properties) =>
    generate({ cmd: 'connack', reasonCode: 0, sessionPresent, properties }, { protocolVersion: 5 }),
  );
  return sizes.find(({ length }) => length <= bytesMax);
}

/** CONNACK in the form that the client's level has; levels above 5 get that of 5. */
export function connackRefused(level: number, reason: number, returnCode: number): Uint8Array {
  return level >= 5 ? Uint8Array.of(0x20, 3, 0, reason, 0) : Uint8Array.of(0x20, 2, 0, returnCode);
}

/** CONNACK of MQTT 5 that says what was wrong; undefined: it is larger than the client takes. */
export function connackRefusedBecause(reasonCode: number, reason: string | undefined, limits: PacketLimits): Uint8Array | undefined {
  return withReason({ cmd: 'connack', reasonCode, sessionPresent: false }, reason, limits);
}

/** DISCONNECT of MQTT 5; undefined: it is larger than the client takes. */
export function disconnect(reasonCode: number, reason: string | undefined, limits: PacketLimits): Uint8Array | undefined {
  return withReason({ cmd: 'disconnect', reasonCode }, reason, limits);
}

/** Undefined: it is larger than the client takes. */
export function suback(
  messageId: number,
  granted: number[],
  level: number,
  reason: string | undefined,
  limits: PacketLimits,
): Uint8Array | undefined {
  if (level !== 5) return generate({ cmd: 'suback', messageId, granted }, { protocolVersion: level });
  return withReason({ cmd: 'suback', messageId, granted }, reason, limits);
}

export function unsuback(messageId: number, granted: number[], level: number, { bytesMax }: PacketLimits): Uint8Array | undefined {
  const packet = generate({ cmd: 'unsuback', messageId, granted }, { protocolVersion: level });
  return packet.length <= bytesMax ? packet : undefined;
}

/** With a Reason String where the client wants one and it fits, which no packet needs [MQTT-3.2.2-19] [MQTT-3.9.2-1] [MQTT-3.14.2-3]. */
function withReason(packet: Packet, reasonString: string | undefined, { bytesMax, wantsReasons }: PacketLimits): Uint8Array | undefined {
  const forms = [...(wantsReasons && reasonString !== undefined ? [{ ...packet, properties: { reasonString } }] : []), packet];
  return forms.map((form) => generate(form as Packet, { protocolVersion: 5 })).find(({ length }) => length <= bytesMax);
}

const REASONS = new Map<number, number>([
  [CODE_MQTT_MALFORMED, 0x81],
  [CODE_MQTT_PROTOCOL_ERROR, 0x82],
  [CODE_MQTT_CONNECT_REPEATED, 0x82],
  [CODE_MQTT_LENGTH_MALFORMED, 0x81],
  [CODE_MQTT_PACKET_OVERSIZE, 0x95],
  [CODE_MQTT_QOS_INVALID, 0x81],
  [CODE_MQTT_TOPIC_MALFORMED, 0x81],
  [CODE_MQTT_FILTER_MALFORMED, 0x81],
  [CODE_MQTT_TOPIC_ALIAS_INVALID, 0x94],
  [CODE_MQTT_AUTH_UNSUPPORTED, 0x8c],
  [CODE_CREDENTIALS_INVALID, 0x87],
  [CODE_DEVICE_UNKNOWN, 0x98],
  [CODE_DEVICE_INACTIVE, 0x98],
  [CODE_KEEP_ALIVE_EXPIRED, 0x8d],
  [CODE_SESSION_DROPPED, 0x98],
  [CODE_SESSION_TAKEN_OVER, 0x8e],
  [CODE_SESSIONS_EXHAUSTED, 0x97],
  [CODE_MQTT_ALIASES_EXHAUSTED, 0x97],
  [CODE_MQTT_ANSWER_OVERSIZE, 0x83],
  [CODE_MQTT_UNRELEASED_EXHAUSTED, 0x97],
  [CODE_MQTT_RECEIVE_MAXIMUM_EXCEEDED, 0x93],
  [CODE_DEVICE_OVER_RATE, 0x97],
  [CODE_SHUTTING_DOWN, 0x8b],
]);
const REASON_UNSPECIFIED = 0x80;

/** The MQTT 5 reason code by which DISCONNECT tells the client of a refusal. */
export function disconnectReason(code: number): number {
  return REASONS.get(code) ?? REASON_UNSPECIFIED;
}
