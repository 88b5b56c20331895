import type { Config } from '../config/table.js';
import type { OpenLog, PartitionAssignment } from '../contract/log-port.js';
import { type KafkaSettings, rawTopic } from '../kafka/conf.js';
import { KafkaLog } from './kafka/kafka-log.js';
import { NoLog } from './no-log.js';

/** Names the offsets in the database. Those of a Kafka log count other things, so its topic has a name of its own. */
const CONSUMER_GROUP = 'spillway';

/** Which log the settings ask for, and what goes with it. */
export interface LogChoice {
  /** Undefined: the log is not in Kafka, and this process is the whole deployment. */
  readonly kafka: KafkaSettings | undefined;
  /** Of blocks, in Kafka. */
  readonly topic: string | undefined;
  readonly consumerGroup: string;
  /** Undefined: the file log, which has a thread of its own. */
  readonly openLog: OpenLog | undefined;
}

/** `nodeName`: by this the group knows the process again after a restart. */
export function chooseLog(config: Pick<Config, 'kafka' | 'log'>, nodeName: () => string): LogChoice {
  const kafka = kafkaSettings(config);
  if (kafka) {
    const topic = rawTopic(kafka);
    const consumerGroup = `${CONSUMER_GROUP}:${topic}`;
    const openLog: OpenLog = (start, assignment, post) =>
      new KafkaLog({ settings: kafka, member: { group: consumerGroup, name: nodeName() }, assignment, start, post });
    return { kafka, topic, consumerGroup, openLog };
  }
  const none = { kafka: undefined, topic: undefined };
  if (config.log.kind !== 'none') return { ...none, consumerGroup: CONSUMER_GROUP, openLog: undefined };
  return {
    ...none,
    consumerGroup: `${CONSUMER_GROUP}:none`,
    openLog: (start, assignment) => new NoLog(start, assignment as PartitionAssignment),
  };
}

function kafkaSettings({ kafka, log }: Pick<Config, 'kafka' | 'log'>): KafkaSettings | undefined {
  if (log.kind !== 'kafka' || kafka.brokers === undefined) return undefined;
  return { ...kafka, brokers: kafka.brokers, topicPrefix: kafka.topicPrefix ?? '', retentionHours: log.retentionHours };
}
