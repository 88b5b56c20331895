import type { Report } from '../telemetry/report.js';
import { type Addon, answered, type ClientError, type Consumer, type Metadata, type PartitionMetadata, type Producer } from './client.js';
import { connectionConf, type KafkaSettings, rawTopic } from './conf.js';
import type { kafkaEvents } from './events.js';
import { KafkaFailure } from './failure.js';
import { readTopicSetting, setTopicSetting } from './topic-settings.js';

const CALL_MS_MAX = 10_000;
const LEADERS_MS_MAX = 20_000;
const LOOK_AGAIN_MS = 100;
const TOPIC_ALREADY_EXISTS = 36;
/** From this many copies on one broker may be away, and nothing stops or is lost, when one copy fewer is the minimum. */
const COPIES_SAFE = 3;
const MIN_IN_SYNC = 'min.insync.replicas';

/**
 * Makes the topic of blocks or checks the one that is there, and waits until each partition has a leader.
 * A device's partition follows from their number, so a topic of another number is refused.
 */
export async function prepareTopic(
  addon: Addon,
  producer: Producer,
  settings: KafkaSettings,
  partitions: number,
  report: Report<keyof typeof kafkaEvents>,
): Promise<void> {
  const topic = rawTopic(settings);
  const made = (await partitionsOf(producer, topic)) === undefined;
  if (made) await makeTopic(addon, producer, settings, topic, partitions, report);
  const found = await withLeaders(producer, topic);
  if (found.length !== partitions) {
    throw new KafkaFailure(
      'kafka_topic_mismatch',
      `cannot use topic ${topic}: it has ${found.length} partitions, SPILLWAY_PARTITIONS says ${partitions}`,
      `set SPILLWAY_PARTITIONS to ${found.length}, or begin a new topic with another SPILLWAY_KAFKA_TOPIC_PREFIX`,
    );
  }
  const copies = Math.min(...found.map(({ replicas }) => replicas.length));
  report('info', 'kafka-topic', { topic, partitions, replicationFactor: copies, made });
}

/** The partitions of a topic that is there, once each of them has a leader. */
export async function withLeaders(client: Producer | Consumer, topic: string): Promise<readonly PartitionMetadata[]> {
  const deadlineMs = performance.now() + LEADERS_MS_MAX;
  for (;;) {
    const found = await partitionsOf(client, topic);
    if (found && found.length > 0 && found.every(({ leader }) => leader >= 0)) return found;
    if (performance.now() > deadlineMs) {
      throw new KafkaFailure(
        'kafka_unreachable',
        `cannot use topic ${topic}: not every partition of it has a leader`,
        'look at the brokers: at least one that holds a copy of each partition must be up',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** How many replicas of the topic have to be in sync for a message to be acknowledged; rejects where this user may not ask. */
export async function readMinInSync(settings: KafkaSettings, topic: string): Promise<number | undefined> {
  const value = await readTopicSetting(settings, topic, MIN_IN_SYNC);
  return value === undefined ? undefined : Number(value);
}

/** Names of all topics that the brokers show to this user. */
export async function listTopics(producer: Producer): Promise<ReadonlySet<string>> {
  return new Set((await askAll(producer)).topics.map(({ name }) => name));
}

/** Undefined: the brokers know no such topic. */
export async function partitionsOf(client: Producer | Consumer, topic: string): Promise<readonly PartitionMetadata[] | undefined> {
  return (await askAll(client)).topics.find(({ name }) => name === topic)?.partitions;
}

/** All topics are listed, because a question for one that is missing can make it, with the wrong number of partitions. */
function askAll(client: Producer | Consumer): Promise<Metadata> {
  return answered<Metadata>((done) => client.getMetadata({ timeout: CALL_MS_MAX }, done));
}

/**
 * Makes a topic; one that another process has made meanwhile is as good. How many copies have to be in sync is set on the topic
 * itself: the value in a broker's file has no effect once its cluster was formatted with another one.
 */
export async function makeTopic(
  addon: Addon,
  producer: Producer,
  settings: KafkaSettings,
  topic: string,
  partitions: number,
  report: Report<keyof typeof kafkaEvents>,
): Promise<void> {
  const copies = settings.replicationFactor ?? -1;
  const config: Record<string, string> = {
    'cleanup.policy': 'delete',
    'retention.ms': String(settings.retentionHours * 3_600_000),
    ...(copies > 0 ? { [MIN_IN_SYNC]: minInSync(copies) } : {}),
  };
  const admin = addon.AdminClient.create(connectionConf(settings));
  try {
    const error = await new Promise<ClientError | null | undefined>((resolve) => {
      admin.createTopic({ topic, num_partitions: partitions, replication_factor: copies, config }, CALL_MS_MAX, resolve);
    });
    if (error?.code === TOPIC_ALREADY_EXISTS) return;
    if (error) {
      throw new KafkaFailure(
        'kafka_topic_refused',
        `cannot make topic ${topic}: ${error.message}`,
        `make it by hand with ${partitions} partitions, or allow this user to make it`,
      );
    }
  } finally {
    admin.disconnect();
  }
  if (copies < 0) await setMinInSync(producer, settings, topic, report);
}

function minInSync(copies: number): string {
  return String(copies >= COPIES_SAFE ? COPIES_SAFE - 1 : 1);
}

/** Of a topic that was made with as many copies as the brokers make by default. */
async function setMinInSync(
  producer: Producer,
  settings: KafkaSettings,
  topic: string,
  report: Report<keyof typeof kafkaEvents>,
): Promise<void> {
  try {
    const partitions = await withLeaders(producer, topic);
    const copies = Math.min(...partitions.map(({ replicas }) => replicas.length));
    if (copies >= COPIES_SAFE) await setTopicSetting(settings, topic, MIN_IN_SYNC, minInSync(copies));
  } catch (error) {
    report('warn', 'kafka-topic-minimum-not-set', { topic, cause: (error as Error).message, advice: `set ${MIN_IN_SYNC}=2 on it by hand` });
  }
}
