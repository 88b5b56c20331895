import type { Config } from '../config/table.js';
import type { LoggedOwner, LogOwnership } from '../contract/log-owner.js';
import type { OpenLog, PartitionAssignment } from '../contract/log-port.js';
import { loadAddon } from '../kafka/client.js';
import { type KafkaSettings, rawTopic } from '../kafka/conf.js';
import type { Report } from '../telemetry/report.js';
import { KafkaLog } from './kafka/kafka-log.js';
import { readLastOwners } from './kafka/last-records.js';
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
  /** Whose the last records are. Undefined: no other process shares the log. */
  readonly readOwners: ((report: Report) => Promise<readonly LoggedOwner[]>) | undefined;
  /** Undefined: the file log, which has a thread of its own. */
  readonly openLog: OpenLog | undefined;
}

export interface LogPorts {
  /** By this the group knows the process again after a restart. */
  nodeName(): string;
  /** Of the records of a topic. */
  ownership(topic: string): LogOwnership;
}

export function chooseLog(config: Pick<Config, 'kafka' | 'log'>, { nodeName, ownership }: LogPorts): LogChoice {
  const kafka = kafkaSettings(config);
  if (kafka) {
    const topic = rawTopic(kafka);
    const consumerGroup = `${CONSUMER_GROUP}:${topic}`;
    const openLog: OpenLog = (start, assignment, post) =>
      new KafkaLog({
        settings: kafka,
        member: { group: consumerGroup, name: nodeName() },
        ownership: ownership(topic),
        assignment,
        start,
        post,
      });
    const readOwners = (report: Report) => readLastOwners(loadAddon(), { settings: kafka, group: consumerGroup, report });
    return { kafka, topic, consumerGroup, readOwners, openLog };
  }
  const none = { kafka: undefined, topic: undefined, readOwners: undefined };
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
