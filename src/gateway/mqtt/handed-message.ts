import { readPublish } from './publish-packet.js';

const AGAIN = 8;
const RETAINED = 1;

/** A PUBLISH that the kernel has checked, with copies of its parts. */
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

/** Reads variable header and payload behind the first byte `header`. The bytes may be the kernel's: nothing of them is kept. */
export function readHanded(header: number, bytes: Buffer, level: number): HandedMessage {
  const qos = (header >> 1) & 3;
  const { topic, packetId, properties, payload } = readPublish(bytes, qos, level);
  return {
    topic: topic.toString(),
    topicBytes: topic,
    properties,
    payload,
    qos,
    packetId,
    isRetained: (header & RETAINED) !== 0,
    isAgain: (header & AGAIN) !== 0,
  };
}
