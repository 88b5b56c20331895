import { answered, type Consumer, loadAddon, type Message, type Place } from '../../../src/kafka/client.js';
import { DEADLINE_MS, until } from '../until.js';

/**
 * Joins a consumer group under the name of one of its static members and leaves again. The brokers then refuse that member for good,
 * as they do when one of them restarts just as the member's session ends.
 */
export async function fenceMember(addresses: string, group: string, name: string, topic: string): Promise<void> {
  const { KafkaConsumer } = loadAddon();
  const conf = { 'metadata.broker.list': addresses, 'group.id': group, 'group.instance.id': name, 'enable.auto.commit': false };
  const twin = new KafkaConsumer({ ...conf, 'session.timeout.ms': 2000, 'heartbeat.interval.ms': 400 }, {}) as Consumer & {
    assignments(): readonly Place[];
  };
  await answered((done) => twin.connect({ timeout: DEADLINE_MS }, done));
  try {
    twin.subscribe([topic]);
    twin.setDefaultConsumeTimeout(100);
    await until('the twin has partitions', async () => {
      await answered<readonly Message[]>((done) => twin.consume(1, done));
      return twin.assignments().length > 0;
    });
  } finally {
    await answered((done) => twin.disconnect(done));
  }
}
