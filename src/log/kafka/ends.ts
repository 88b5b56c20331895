import { type Progress, ProgressWord } from '../../host/progress.js';
import { answered, type Consumer, type Producer, type Watermarks } from '../../kafka/client.js';
import { KafkaFailure } from '../../kafka/failure.js';

const CALL_MS_MAX = 5000;
const TRIES_MAX = 10;
const AGAIN_MS = 200;

export interface Ends {
  /** Offset of the oldest record. */
  readonly low: bigint;
  /** Offset after the newest one. */
  readonly high: bigint;
}

/** Asks the brokers where a partition begins and ends. Throws a KafkaFailure when it ends before what the database has of it. */
export async function findEnds(client: Producer | Consumer, topic: string, partition: number, progress: Progress): Promise<Ends> {
  const committed = progress.get(partition, ProgressWord.committed);
  const ends = await askEnds(client, topic, partition);
  const [low, high] = [BigInt(ends.lowOffset), BigInt(ends.highOffset)];
  if (committed <= high) return { low, high };
  throw new KafkaFailure(
    'kafka_log_lost',
    `cannot use topic ${topic}: partition ${partition} ends at ${high}, and the database has it up to ${committed}`,
    'the topic was made anew or its newest records were lost: bring it back, or begin a new one with another SPILLWAY_KAFKA_TOPIC_PREFIX',
  );
}

/** A leader that was just elected does not know it for a moment. */
export async function askEnds(client: Producer | Consumer, topic: string, partition: number): Promise<Watermarks> {
  for (let tries = 1; ; tries++) {
    try {
      return await answered<Watermarks>((done) => client.queryWatermarkOffsets(topic, partition, CALL_MS_MAX, done));
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
