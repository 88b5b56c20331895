import type { EventTable } from '../telemetry/events.js';

/** Events of topics of Kafka. */
export const kafkaEvents = {
  'kafka-topic': { level: 'info', happened: 'the topic of the log: partitions, copies, whether it was made now', action: 'nothing' },
  'kafka-topic-minimum-not-set': {
    level: 'warn',
    happened: "Spillway made the topic with the brokers' default number of replicas and may not set its minimum of copies (`cause`)",
    action: 'set `min.insync.replicas=2` on the topic by hand, or allow `AlterConfigs` on it',
  },
} as const satisfies EventTable;
