import { type Progress, ProgressWord } from '../../host/progress.js';
import { answered, type Consumer, type Producer, type Watermarks } from './client.js';
import { KafkaFailure } from './failure.js';

const CALL_MS_MAX = 10_000;
const LEADER_MS_MAX = 10_000;
const LOOK_AGAIN_MS = 100;
/**
 * Of the protocol: UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE and NOT_LEADER_OR_FOLLOWER. Of a new topic, or after a broker
 * died, the one that leads a partition may hear so later than those who tell of it.
 */
const NOT_YET_LEADING: readonly unknown[] = [3, 5, 6];

export interface Ends {
  /** Offset of the oldest record. */
  readonly low: bigint;
  /** Offset behind the newest one. */
  readonly high: bigint;
}

/** Asks the brokers where a partition begins and ends. Throws a KafkaFailure when it ends before what the database has of it. */
export async function findEnds(client: Producer | Consumer, topic: string, partition: number, progress: Progress): Promise<Ends> {
  const committed = progress.get(partition, ProgressWord.committed);
  const ends = await watermarksOf(client, topic, partition);
  const [low, high] = [BigInt(ends.lowOffset), BigInt(ends.highOffset)];
  if (committed <= high) return { low, high };
  throw new KafkaFailure(
    'kafka_log_lost',
    `cannot go on with topic ${topic}: partition ${partition} ends at ${high}, and the database has it up to ${committed}`,
    'the topic was made anew or its newest records were lost: bring it back, or begin a new one with another SPILLWAY_KAFKA_TOPIC_PREFIX',
  );
}

async function watermarksOf(client: Producer | Consumer, topic: string, partition: number): Promise<Watermarks> {
  const deadlineMs = performance.now() + LEADER_MS_MAX;
  for (;;) {
    try {
      return await answered<Watermarks>((done) => client.queryWatermarkOffsets(topic, partition, CALL_MS_MAX, done));
    } catch (error) {
      if (!NOT_YET_LEADING.includes((error as { code?: unknown }).code) || performance.now() > deadlineMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
