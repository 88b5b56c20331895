import type { IConnectPacket, QoS } from 'mqtt-packet';
import type { Will } from '../../contract/threads/broker.js';
import { messageProperties } from './message-properties.js';

const VERSION_5 = 5;
const RECEIVE_MAX = 0xffff;
/** Of 3.1.1 sessions that are not clean, and of MQTT 5: it never expires. */
export const EXPIRES_NEVER = 0xffffffff;

/** What CONNECT says of the session that the client wants. */
export interface WantedSession {
  readonly cleanStart: boolean;
  /** Seconds that the session is to outlive its connection. */
  readonly expirySeconds: number;
  /** QoS 1 and 2 messages that the client takes at a time. */
  readonly receiveMax: number;
}

export function wantedSession({ protocolVersion, clean = false, properties }: IConnectPacket): WantedSession {
  if (protocolVersion !== VERSION_5) return { cleanStart: clean, expirySeconds: clean ? 0 : EXPIRES_NEVER, receiveMax: RECEIVE_MAX };
  const { sessionExpiryInterval = 0, receiveMaximum = RECEIVE_MAX } = properties ?? {};
  return { cleanStart: clean, expirySeconds: sessionExpiryInterval, receiveMax: receiveMaximum };
}

/**
 * The keep-alive of the connection where it is not the client's own: MQTT 5 alone lets a server say another one [MQTT-3.1.2-21].
 * `secondsMax` 0: every client has its own.
 */
export function serverKeepAlive({ protocolVersion, keepalive = 0 }: IConnectPacket, secondsMax: number): number | undefined {
  const isTooLong = keepalive === 0 || keepalive > secondsMax;
  return protocolVersion === VERSION_5 && secondsMax > 0 && isTooLong ? secondsMax : undefined;
}

export function willOf({ will }: IConnectPacket, isTelemetry: boolean): Will | undefined {
  if (!will) return undefined;
  const { topic, payload, qos, retain, properties = {} } = will;
  return {
    topic,
    payload: Uint8Array.from(Buffer.from(payload as Buffer)),
    qos: qos as QoS,
    retain: retain === true,
    delaySeconds: properties.willDelayInterval ?? 0,
    properties: messageProperties(properties),
    isTelemetry,
  };
}
