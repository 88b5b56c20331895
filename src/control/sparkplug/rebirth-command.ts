import protobuf from 'protobufjs';

const TOPIC = /^spBv1\.0\/([^/]+)\/[ND](?:BIRTH|DATA|DEATH)\/([^/]+)(?:\/[^/]+)?$/;
/** Datatype of a boolean. Sparkplug 3.0 §6.4.16. */
const BOOLEAN = 11;

/** Tags of the fields of a payload and of a metric in it, as Protobuf writes them. Sparkplug 3.0 §6.4.1. */
const PAYLOAD_TIMESTAMP = (1 << 3) | 0;
const PAYLOAD_METRIC = (2 << 3) | 2;
const METRIC_NAME = (1 << 3) | 2;
const METRIC_TIMESTAMP = (3 << 3) | 0;
const METRIC_DATATYPE = (4 << 3) | 0;
const METRIC_BOOLEAN = (14 << 3) | 0;

/** Topic on which the edge node takes commands that published on `topic`, or whose device did; undefined: it is no topic of one. */
export function commandTopicOf(topic: string): string | undefined {
  const [, group, node] = TOPIC.exec(topic) ?? [];
  return group === undefined ? undefined : `spBv1.0/${group}/NCMD/${node}`;
}

/** The command that asks an edge node to publish its births again. Sparkplug 3.0 §6.4.18, "Node Control/Rebirth". */
export function rebirthCommand(nowMs: number): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(PAYLOAD_TIMESTAMP).uint64(nowMs);
  writer.uint32(PAYLOAD_METRIC).fork();
  writer.uint32(METRIC_NAME).string('Node Control/Rebirth');
  writer.uint32(METRIC_TIMESTAMP).uint64(nowMs);
  writer.uint32(METRIC_DATATYPE).uint32(BOOLEAN);
  writer.uint32(METRIC_BOOLEAN).bool(true);
  return Uint8Array.from(writer.ldelim().finish());
}
