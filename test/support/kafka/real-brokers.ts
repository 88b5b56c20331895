import { type Brokers, startBrokers } from '../../../src/cli/selftest/kafka/brokers.js';

/** Starts real brokers; throws where there are none: the suite chose to run over them. */
export async function realBrokers(count: 1 | 3): Promise<Brokers> {
  const started = await startBrokers(count);
  if ('missing' in started) throw new Error(`cannot start brokers: ${started.missing}`);
  return started;
}
