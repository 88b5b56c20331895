import type { LoggedOwner } from '../../contract/log-owner.js';
import { type Addon, answered, type ClientError, type Consumer, type Message, type Place } from '../../kafka/client.js';
import { type KafkaSettings, rawTopic } from '../../kafka/conf.js';
import { closeClient, connectReader } from '../../kafka/connect.js';
import { KafkaFailure } from '../../kafka/failure.js';
import { partitionsOf, withLeaders } from '../../kafka/topic.js';
import type { Report } from '../../telemetry/report.js';
import { askEnds } from './ends.js';
import type { kafkaLogEvents } from './events.js';
import { readOwner } from './owner-header.js';

const READ_MS_MAX = 10_000;
const WAIT_MS = 200;
/** The brokers do not let this user read the topic. */
const TOPIC_DENIED = 29;

export interface LastRecordsOptions {
  readonly settings: KafkaSettings;
  readonly group: string;
  readonly report: Report<keyof typeof kafkaLogEvents>;
}

/**
 * Whose the last record of each partition is; a process without pipelines reads nothing later. A partition that is empty, whose last
 * record was removed by compaction, or whose last record names no database is left out, and a topic that is not there has none.
 */
export async function readLastOwners(addon: Addon, { settings, group, report }: LastRecordsOptions): Promise<LoggedOwner[]> {
  const topic = rawTopic(settings);
  const reader = await connectReader(addon, settings, group);
  try {
    return await ownersAt(reader, topic, await lastPlaces(reader, topic));
  } catch (error) {
    if (!isDenied(error)) throw error;
    report('warn', 'kafka-last-records-unread', { topic, cause: (error as Error).message });
    return [];
  } finally {
    await closeClient(reader);
  }
}

async function lastPlaces(reader: Consumer, topic: string): Promise<Place[]> {
  if ((await partitionsOf(reader, topic)) === undefined) return [];
  const places: Place[] = [];
  for (const { id: partition } of await withLeaders(reader, topic)) {
    const { lowOffset, highOffset } = await askEnds(reader, topic, partition);
    if (lowOffset < highOffset) places.push({ topic, partition, offset: highOffset - 1 });
  }
  return places;
}

/** Waits for a record or the end of each partition. */
export async function ownersAt(reader: Consumer, topic: string, places: readonly Place[], msMax = READ_MS_MAX): Promise<LoggedOwner[]> {
  const found: LoggedOwner[] = [];
  const unread = new Set(places.map(({ partition }) => partition));
  if (unread.size === 0) return found;
  const read = new Set<number>();
  // The client library announces ends before it hands out the records that were read together with them.
  reader.on('partition.eof', ({ partition }) => unread.delete(partition));
  reader.setDefaultConsumeTimeout(WAIT_MS);
  reader.assign(places);
  const deadlineMs = performance.now() + msMax;
  let cause = `no answer within ${msMax} ms`;
  while (unread.size > 0) {
    if (performance.now() > deadlineMs) throw unreadable(topic, [...unread], cause);
    try {
      for (const { partition, offset, headers } of await answered<readonly Message[]>((done) => reader.consume(places.length, done))) {
        const owner = read.has(partition) ? undefined : readOwner(headers);
        if (owner) found.push({ owner, partition, offset: BigInt(offset) });
        read.add(partition);
        unread.delete(partition);
      }
    } catch (error) {
      if (isDenied(error)) throw error;
      // Such as that this user may not use the group, which partitions that are assigned do not need.
      cause = (error as Error).message;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
  reader.unassign();
  return found;
}

function isDenied(error: unknown): boolean {
  return (error as Partial<ClientError>).code === TOPIC_DENIED;
}

function unreadable(topic: string, partitions: readonly number[], cause: string): KafkaFailure {
  return new KafkaFailure(
    'kafka_unreachable',
    `cannot read the last record of topic ${topic}, partitions ${partitions.join(' ')}: ${cause}`,
    'look at the brokers that lead these partitions, and at the network to them',
  );
}
