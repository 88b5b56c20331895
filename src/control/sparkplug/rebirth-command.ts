import { ProtobufWriter } from '../topics/protobuf-writer.js';

const TOPIC = /^spBv1\.0\/([^/]+)\/[ND](?:BIRTH|DATA|DEATH)\/([^/]+)(?:\/[^/]+)?$/;
/** Datatype of a boolean. Sparkplug 3.0 §6.4.16. */
const BOOLEAN = 11;

/** Fields of a payload, and of a metric in it. Sparkplug 3.0 §6.4.1. */
const PAYLOAD = { timestamp: 1, metrics: 2 } as const;
const METRIC = { name: 1, timestamp: 3, datatype: 4, boolean: 14 } as const;

/** Topic on which the edge node takes commands that published on `topic`, or whose device did; undefined: it is no topic of one. */
export function commandTopicOf(topic: string): string | undefined {
  const [, group, node] = TOPIC.exec(topic) ?? [];
  return group === undefined ? undefined : `spBv1.0/${group}/NCMD/${node}`;
}

/** The command that asks an edge node to publish its births again. Sparkplug 3.0 §6.4.18, "Node Control/Rebirth". */
export function rebirthCommand(nowMs: number): Uint8Array {
  const metric = new ProtobufWriter()
    .text(METRIC.name, 'Node Control/Rebirth')
    .varint(METRIC.timestamp, nowMs)
    .varint(METRIC.datatype, BOOLEAN)
    .varint(METRIC.boolean, 1);
  const payload = new ProtobufWriter().varint(PAYLOAD.timestamp, nowMs).bytes(PAYLOAD.metrics, metric.take());
  return Uint8Array.from(payload.take());
}
