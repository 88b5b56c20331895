import type { EventTable } from '../telemetry/events.js';

/** Events of topics of Kafka. */
export const kafkaEvents = {
  'kafka-topic': { level: 'info', happened: 'the topic of the log: partitions, copies, whether it was made now', action: 'nothing' },
  'kafka-topic-minimum-not-set': {
    level: 'warn',
    happened: "Spillway made the topic with the brokers' default number of replicas and may not set its minimum of copies (`cause`)",
    action: 'set `min.insync.replicas=2` on the topic by hand, or allow `AlterConfigs` on it',
  },
  'mqtt-exchange-failing': {
    level: 'error',
    happened:
      'messages between MQTT clients of different processes do not pass: the topic `topic` cannot be written or read (`cause`). Publishers at QoS 1 and 2 whose messages go there are not acknowledged; a process that has just started lets no MQTT client in',
    action: 'look at the brokers, and at what this user may do with the topic; it is tried again every second',
  },
  'mqtt-exchange-recovered': {
    level: 'info',
    happened: 'the topic `topic` is written and read again, and what waited is sent',
    action: 'nothing',
  },
} as const satisfies EventTable;
