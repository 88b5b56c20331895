import { answered, type Consumer, loadAddon, type Message, type Metadata, type Place } from '../../../src/kafka/client.js';
import { DEADLINE_MS, until } from '../until.js';

export type KeyedMessage = Message & { readonly key: Buffer | null };

/** Answers without a record in a row, each after the consume timeout, after which the topic is read from its beginning once more. */
const SILENT_MAX = 60;

/**
 * Records of the topic from its beginning on, until `isEnough` says so of all that were read. What counts is what the topic holds: a
 * client that falls silent is made to read all of it again.
 */
export async function readTopic(
  addresses: string,
  topic: string,
  isEnough: (found: readonly KeyedMessage[]) => boolean,
): Promise<KeyedMessage[]> {
  const { KafkaConsumer } = loadAddon();
  const consumer = new KafkaConsumer({ 'metadata.broker.list': addresses, 'group.id': 'test', 'enable.auto.commit': false }, {});
  await answered((done) => consumer.connect({ timeout: DEADLINE_MS }, done));
  try {
    consumer.assign(await placesOf(consumer, topic));
    consumer.setDefaultConsumeTimeout(200);
    const found: KeyedMessage[] = [];
    let silent = 0;
    await until(`enough records of ${topic} are read`, async () => {
      const records = await answered<readonly Message[]>((done) => consumer.consume(1000, done));
      silent = records.length > 0 ? 0 : silent + 1;
      if (silent === SILENT_MAX) {
        found.length = 0;
        consumer.assign(await placesOf(consumer, topic));
      }
      found.push(...(records as readonly KeyedMessage[]));
      return isEnough(found);
    });
    consumer.unassign();
    return found;
  } finally {
    await answered((done) => consumer.disconnect(done));
  }
}

/** The beginnings of its partitions, once it is there. */
async function placesOf(consumer: Consumer, topic: string): Promise<Place[]> {
  let places: Place[] = [];
  await until(`topic ${topic} is there`, async () => {
    const { topics } = await answered<Metadata>((done) => consumer.getMetadata({ timeout: DEADLINE_MS }, done));
    const { partitions = [] } = topics.find(({ name }) => name === topic) ?? {};
    places = partitions.map(({ id }) => ({ topic, partition: id, offset: 0 }));
    return places.length > 0;
  });
  return places;
}

/** How many records are different ones. */
export function distinct(found: readonly KeyedMessage[]): number {
  return new Set(found.map(({ value }) => value?.toString('latin1'))).size;
}
