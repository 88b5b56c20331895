import type { EventTable } from '../../telemetry/events.js';

/** Events of the log in Kafka. */
export const kafkaLogEvents = {
  'kafka-blocks-not-delivered': {
    level: 'warn',
    happened: 'the process ended before these blocks were delivered; they were never acknowledged, so devices resend them',
    action: 'nothing',
  },
  'kafka-client-error': {
    level: 'warn',
    happened: 'the Kafka client reports an error (`cause`)',
    action: 'nothing when it is rare; else check brokers, certificates and credentials',
  },
  'kafka-consumer-not-replaced': {
    level: 'warn',
    happened: 'no broker answers the new consumer (`cause`); it is tried again with growing pauses of at most 30 s',
    action: 'start the brokers',
  },
  'kafka-consumer-replaced': {
    level: 'error',
    happened:
      'the Kafka consumer failed for good (`cause`), as when a broker restarts just as the session of this process ends; its partitions were revoked and a new consumer claims them',
    action:
      'nothing when `kafka-partitions-taken` follows; when it comes again and again, look for a second process with the same `node-name` file, a copy of this state folder',
  },
  'kafka-copies-restored': { level: 'info', happened: 'two copies are in sync again, and are the least', action: 'nothing' },
  'kafka-fetch-failed': { level: 'debug', happened: 'a fetch failed (`cause`) and is tried again', action: 'nothing' },
  'kafka-few-copies': {
    level: 'warn',
    happened:
      "what the alert `few_copies` says (`cause`); `copies` in sync now, `copiesConfigured` replicas, `copiesMin` the topic's `min.insync.replicas`",
    action:
      'bring brokers back that are away; set `min.insync.replicas=2` on the topic (`kafka-configs.sh --alter --entity-type topics`); with one broker, add two and reassign the topic to three replicas, or accept one copy',
  },
  'kafka-last-records-unread': {
    level: 'warn',
    happened:
      'the brokers do not let this user read the topic (`cause`), so the start could not check that its records belong to this database; a process with pipelines checks each record that it reads',
    action: 'allow `Read` on the topic to this user',
  },
  'kafka-member-fenced': {
    level: 'warn',
    happened: 'another process took partitions of this one (`cause`); it leaves the group and rejoins after `awayMs`',
    action: 'look for a process that stands still for long, or two with one `node-name` file',
  },
  'kafka-member-rejoined': { level: 'info', happened: 'this process joined the group again', action: 'nothing' },
  'kafka-partition-resumed': {
    level: 'warn',
    happened: 'a partition was behind by `records` and was given none for 5 s or more, so its fetching was begun again at `offset`',
    action: 'nothing when it is rare; when it comes for minutes, look at the broker that leads this partition',
  },
  'kafka-partitions-not-taken': {
    level: 'warn',
    happened: 'partitions could not be taken up (`cause`); it is tried again',
    action: 'see `database-unavailable`',
  },
  'kafka-partitions-revoked': {
    level: 'info',
    happened: 'this process no longer runs its partitions; another one takes them',
    action: 'nothing',
  },
  'kafka-partitions-taken': { level: 'info', happened: 'this process runs these partitions from now on', action: 'nothing' },
  'kafka-producer-not-replaced': {
    level: 'warn',
    happened: 'no broker answers the new producer; it is tried again',
    action: 'start the brokers',
  },
  'kafka-producer-replaced': {
    level: 'error',
    happened: 'the Kafka producer failed for good (`cause`); a new one delivers what was not delivered',
    action: 'nothing when it is rare',
  },
  'kafka-rebalance-failed': {
    level: 'warn',
    happened: 'the group could not share out its partitions (`cause`)',
    action: 'check the brokers',
  },
  'kafka-records-expired': {
    level: 'error',
    happened: 'Kafka removed records that the database does not have: acknowledged messages are lost',
    action: 'raise the retention of the topic, and keep the lag below it',
  },
  'kafka-recovered': { level: 'info', happened: 'the brokers acknowledge blocks again', action: 'nothing' },
  'kafka-seek-failed': {
    level: 'warn',
    happened: 'a partition could not be fetched from its place (`cause`); it is tried again',
    action: 'nothing when it is rare',
  },
  'kafka-stalled': {
    level: 'error',
    happened: 'the brokers acknowledge nothing (`cause`): devices get no acknowledgement',
    action: 'bring the brokers back; enough replicas have to be in sync',
  },
  'kafka-topic-settings-unread': {
    level: 'info',
    happened: "the brokers do not let this user read the topic's settings (`cause`), so the least number of copies is not known",
    action: 'allow `DescribeConfigs` on the topic to this user',
  },
} as const satisfies EventTable;
