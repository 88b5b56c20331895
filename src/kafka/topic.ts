import type { Report } from '../telemetry/report.js';
import { type Addon, answered, type ClientError, type Metadata, type PartitionMetadata, type Producer } from './client.js';
import { connectionConf, type KafkaSettings, rawTopic } from './conf.js';
import { KafkaFailure } from './failure.js';

const CALL_MS_MAX = 10_000;
const LEADERS_MS_MAX = 20_000;
const LOOK_AGAIN_MS = 100;
const TOPIC_ALREADY_EXISTS = 36;
/** What is advised: with this many copies and one fewer in sync, a broker may die and nothing stops or is lost. */
const COPIES_ADVISED = 3;

/**
 * Makes the topic of blocks or checks the one that is there, and waits until each partition has a leader.
 * A device's partition follows from their number, so a topic of another number is refused.
 */
export async function prepareTopic(
  addon: Addon,
  producer: Producer,
  settings: KafkaSettings,
  partitions: number,
  report: Report,
): Promise<void> {
  const topic = rawTopic(settings);
  let found = await partitionsOf(producer, topic);
  const made = found === undefined;
  if (made) await makeTopic(addon, settings, topic, partitions);
  const deadlineMs = performance.now() + LEADERS_MS_MAX;
  while (!found || found.length === 0 || found.some(({ leader }) => leader < 0)) {
    if (performance.now() > deadlineMs) {
      throw new KafkaFailure(
        'kafka_unreachable',
        `cannot use topic ${topic}: not every partition of it has a leader`,
        'look at the brokers: at least one that holds a copy of each partition must be up',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    found = await partitionsOf(producer, topic);
  }
  if (found.length !== partitions) {
    throw new KafkaFailure(
      'kafka_topic_mismatch',
      `cannot use topic ${topic}: it has ${found.length} partitions, SPILLWAY_PARTITIONS says ${partitions}`,
      `set SPILLWAY_PARTITIONS to ${found.length}, or begin a new topic with another SPILLWAY_KAFKA_TOPIC_PREFIX`,
    );
  }
  const copies = Math.min(...found.map(({ replicas }) => replicas.length));
  report('info', 'kafka-topic', { topic, partitions, replicationFactor: copies, made });
  if (copies < COPIES_ADVISED) {
    const advice = `use ${COPIES_ADVISED} copies and min.insync.replicas=${COPIES_ADVISED - 1}: what is acknowledged is only as safe as the brokers that hold it`;
    report('warn', 'kafka-topic-few-copies', { topic, replicationFactor: copies, advice });
  }
}

/** Names of all topics that the brokers show to this user. */
export async function listTopics(producer: Producer): Promise<ReadonlySet<string>> {
  return new Set((await askAll(producer)).topics.map(({ name }) => name));
}

async function partitionsOf(producer: Producer, topic: string): Promise<readonly PartitionMetadata[] | undefined> {
  return (await askAll(producer)).topics.find(({ name }) => name === topic)?.partitions;
}

/** All topics are listed, because a question for one that is missing can make it, with the wrong number of partitions. */
function askAll(producer: Producer): Promise<Metadata> {
  return answered<Metadata>((done) => producer.getMetadata({ timeout: CALL_MS_MAX }, done));
}

/** Makes a topic; one that another process has made meanwhile is as good. */
export async function makeTopic(addon: Addon, settings: KafkaSettings, topic: string, partitions: number): Promise<void> {
  const copies = settings.replicationFactor ?? -1;
  const config: Record<string, string> = {
    'cleanup.policy': 'delete',
    'retention.ms': String(settings.retentionHours * 3_600_000),
    ...(copies >= COPIES_ADVISED ? { 'min.insync.replicas': String(COPIES_ADVISED - 1) } : {}),
  };
  const admin = addon.AdminClient.create(connectionConf(settings));
  try {
    const error = await new Promise<ClientError | null | undefined>((resolve) => {
      admin.createTopic({ topic, num_partitions: partitions, replication_factor: copies, config }, CALL_MS_MAX, resolve);
    });
    if (!error || error.code === TOPIC_ALREADY_EXISTS) return;
    throw new KafkaFailure(
      'kafka_topic_refused',
      `cannot make topic ${topic}: ${error.message}`,
      `make it by hand with ${partitions} partitions, or allow this user to make it`,
    );
  } finally {
    admin.disconnect();
  }
}
