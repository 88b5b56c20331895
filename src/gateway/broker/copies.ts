import type { HandedMessage } from '../mqtt/handed-message.js';
import { withoutAlias } from '../mqtt/publish-packet.js';
import type { GatewayParts } from '../parts.js';

const QOS_2 = 2;

/** Gives the broker what it wants of the messages that clients publish. */
export class Copies {
  readonly #parts: Pick<GatewayParts, 'kernel' | 'link' | 'taps'>;

  constructor(parts: Pick<GatewayParts, 'kernel' | 'link' | 'taps'>) {
    this.#parts = parts;
  }

  /**
   * A message that a session has published. Answers whether its acknowledgement has to wait for the broker. Telemetry that nobody wants
   * stays here; keepId follows once the kernel has queued the acknowledgement.
   */
  take(session: number, tenant: string, message: HandedMessage, isTelemetry: boolean): boolean {
    const { link, taps } = this.#parts;
    const { topic, topicBytes, properties, payload, qos, packetId, isRetained } = message;
    const isWanted = !isTelemetry || isRetained || taps.wants(tenant, topic);
    if (isWanted) {
      const goesOn = properties.length === 0 ? properties : withoutAlias(properties);
      link.publish(session, tenant, { topic: topicBytes, properties: goesOn, payload, qos, isRetained, isTelemetry });
    }
    if (qos === QOS_2 && !isTelemetry) link.taken(session, packetId);
    return qos !== 0 && (isWanted || qos === QOS_2);
  }

  /** The broker keeps the packet id of telemetry at QoS 2, for a session that outlives its connection. */
  keepId(session: number, connection: number, { qos, packetId }: HandedMessage): void {
    if (qos !== QOS_2) return;
    const { kernel, link } = this.#parts;
    const place = kernel.placeOfPubrec(connection, packetId);
    if (place >= 0) link.takenOnceDurable(session, packetId, place);
  }
}
