import { kafkaJars } from '../../../src/cli/selftest/kafka/jars.js';
import { loadAddon } from '../../../src/kafka/client.js';

/** What the Kafka tests can run over here: real brokers, the mock brokers of the client library, or nothing. */
export async function chooseKafka(): Promise<{ readonly over: 'brokers' | 'mock' | 'nothing'; readonly reason: string }> {
  try {
    loadAddon();
  } catch (error) {
    return { over: 'nothing', reason: (error as Error).message };
  }
  const jars = await kafkaJars();
  return 'missing' in jars
    ? { over: 'mock', reason: `${jars.missing}; they ran over librdkafka's mock brokers` }
    : { over: 'brokers', reason: '' };
}
