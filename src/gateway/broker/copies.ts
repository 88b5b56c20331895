import type { HandedMessage } from '../mqtt/handed-message.js';
import { withoutAlias } from '../mqtt/publish-packet.js';
import type { GatewayParts } from '../parts.js';

const QOS_2 = 2;

/** Gives the broker what it wants of the messages that clients publish. */
export class Copies {
  readonly #parts: Pick<GatewayParts, 'link' | 'taps'>;

  constructor(parts: Pick<GatewayParts, 'link' | 'taps'>) {
    this.#parts = parts;
  }

  /**
   * A message that a session has published. Answers whether its acknowledgement has to wait for the broker. Telemetry that nobody wants
   * stays here; the packet id of a QoS 2 message is kept in any case, for a session that outlives its connection.
   */
  take(session: number, tenant: string, message: HandedMessage, isTelemetry: boolean): boolean {
    const { link, taps } = this.#parts;
    const { topic, topicBytes, properties, payload, qos, packetId, isRetained } = message;
    const isWanted = !isTelemetry || isRetained || taps.wants(tenant, topic);
    if (isWanted) {
      const goesOn = properties.length === 0 ? properties : withoutAlias(properties);
      link.publish(session, tenant, { topic: topicBytes, properties: goesOn, payload, qos, isRetained, isTelemetry });
    }
    if (qos === QOS_2) link.taken(session, packetId);
    return qos !== 0 && (isWanted || qos === QOS_2);
  }
}
