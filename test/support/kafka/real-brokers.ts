import { type Brokers, startBrokers } from '../../../src/cli/selftest/kafka/brokers.js';

/** Addresses of the broker that all files of one run share; the runner sets it. */
export const SHARED_BROKER = 'KAFKA_TEST_BROKER';

let prefixes = 0;

/** Starts real brokers; throws where there are none: the suite chose to run over them. */
export async function realBrokers(count: 1 | 3): Promise<Brokers> {
  const started = await startBrokers(count);
  if ('missing' in started) throw new Error(`cannot start brokers: ${started.missing}`);
  return started;
}

/** A broker that other files use too, which nobody may stop; one of this file's own where the file runs by itself. */
export async function sharedBroker(): Promise<Pick<Brokers, 'addresses' | 'stop'>> {
  const addresses = process.env[SHARED_BROKER];
  return addresses === undefined ? realBrokers(1) : { addresses, stop: async () => {} };
}

/** Of topics that no other test has. */
export function newPrefix(): string {
  return `test-${process.pid}-${prefixes++}.`;
}
