import { TRAFFIC_ANSWER, TRAFFIC_PUBLISH, TRAFFIC_RELEASED, TRAFFIC_TAKEN } from '../contract/broker/traffic.js';
import type { Body } from './message.js';

/** What happens with each operation of a gateway's traffic. */
export interface TrafficHandler {
  /** `session` 0: no client of `tenant` published it. The body lies in the traffic's buffer. */
  publish(flags: number, session: number, tenant: string, topic: string, body: Body): void;
  answer(session: number, type: number, reason: number, packetId: number): void;
  taken(session: number, packetId: number): void;
  released(session: number, packetId: number): void;
}

/** Reads the operations that src/contract/broker/traffic.ts draws, in their order. */
export function readTraffic(bytes: Uint8Array, handler: TrafficHandler): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < buffer.length; ) {
    const kind = buffer[at] as number;
    if (kind === TRAFFIC_PUBLISH) at = readPublish(buffer, at, handler);
    else if (kind === TRAFFIC_ANSWER) {
      handler.answer(buffer.readDoubleLE(at + 3), buffer[at + 1] as number, buffer[at + 2] as number, buffer.readUInt16LE(at + 11));
      at += 13;
    } else if (kind === TRAFFIC_TAKEN || kind === TRAFFIC_RELEASED) {
      handler[kind === TRAFFIC_TAKEN ? 'taken' : 'released'](buffer.readDoubleLE(at + 1), buffer.readUInt16LE(at + 9));
      at += 11;
    } else throw new Error(`traffic has an operation of kind ${kind} at byte ${at}`);
  }
}

function readPublish(buffer: Buffer, from: number, handler: TrafficHandler): number {
  const flags = buffer[from + 1] as number;
  const session = buffer.readDoubleLE(from + 2);
  let at = from + 10;
  let tenant = '';
  if (session === 0) {
    const end = at + 1 + (buffer[at] as number);
    tenant = buffer.toString('utf8', at + 1, end);
    at = end;
  }
  const body = at;
  const topicEnd = at + 2 + buffer.readUInt16LE(at);
  const topic = buffer.toString('utf8', at + 2, topicEnd);
  const propertiesEnd = topicEnd + 2 + buffer.readUInt16LE(topicEnd);
  const end = propertiesEnd + 4 + buffer.readUInt32LE(propertiesEnd);
  handler.publish(flags, session, tenant, topic, buffer.subarray(body, end));
  return end;
}
