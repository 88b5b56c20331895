import { answered, loadAddon, type Metadata } from '../../../src/kafka/client.js';
import { DEADLINE_MS } from '../until.js';

/**
 * The mock brokers of librdkafka, which live in this process; they keep nothing on disk and make topics of four
 * partitions when they are asked about them, never when they are told to.
 */
export async function startMockBrokers(
  count: number,
  topics: readonly string[],
): Promise<{ readonly addresses: string; stop(): Promise<void> }> {
  const { Producer } = loadAddon();
  const host = new Producer({ 'test.mock.num.brokers': count, 'client.id': 'mock-brokers' }, {});
  await answered((done) => host.connect({ timeout: DEADLINE_MS }, done));
  const { brokers } = await answered<Metadata>((done) => host.getMetadata({ timeout: DEADLINE_MS }, done));
  for (const topic of topics) await answered<Metadata>((done) => host.getMetadata({ topic, timeout: DEADLINE_MS }, done));
  return {
    addresses: brokers.map(({ host, port }) => `${host}:${port}`).join(','),
    stop: () => new Promise((resolve) => host.disconnect(() => resolve())),
  };
}
