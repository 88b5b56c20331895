import type { KernelMemory } from '../../host/kernel.js';
import type { GatewayParts } from '../parts.js';
import { aliasIn, readPublish } from './publish-packet.js';

const AGAIN = 8;
const RETAINED = 1;

/** A PUBLISH that the kernel has checked. Its bytes are the kernel's, and nothing of them is kept. */
export interface HandedMessage {
  readonly topic: string;
  readonly topicBytes: Uint8Array;
  /** Of MQTT 5, without their length. */
  readonly properties: Uint8Array;
  readonly payload: Uint8Array;
  readonly qos: number;
  /** 0 at QoS 0. */
  readonly packetId: number;
  readonly isRetained: boolean;
  readonly isAgain: boolean;
}

/** Reads variable header and payload after the first byte `header`. */
export function readHanded(
  { kernel, memory }: Pick<GatewayParts, 'kernel' | 'memory'>,
  connection: number,
  header: number,
  bytes: Buffer,
): HandedMessage {
  const qos = (header >> 1) & 3;
  const { topic, packetId, properties, payload } = readPublish(bytes, qos, kernel.levelOf(connection));
  const topicBytes = topic.length > 0 ? topic : aliased(memory, kernel.aliasOf(connection, aliasIn(properties)));
  return {
    topic: topicBytes.toString(),
    topicBytes,
    properties,
    payload,
    qos,
    packetId,
    isRetained: (header & RETAINED) !== 0,
    isAgain: (header & AGAIN) !== 0,
  };
}

/** A copy of a topic that an alias stands for. */
function aliased(memory: KernelMemory, at: number): Buffer {
  return Buffer.from(memory.slice(at + 2, memory.view.getUint16(at, true)));
}
