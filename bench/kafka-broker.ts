import { type Brokers, startBrokers } from '../src/cli/selftest/kafka/brokers.js';
import { answered, type ClientError, loadAddon } from '../src/kafka/client.js';
import { RAW_TOPIC } from '../src/kafka/conf.js';
import { KafkaFailure } from '../src/kafka/failure.js';
import { announceEnd } from './interruption.js';
import { ToolMissing } from './load/build.js';
import { processCpuSeconds } from './process-cpu.js';

/** As an operator runs one on a machine of its own, but for the heap: what it has read and written is in the page cache. */
const java = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-XX:InitiatingHeapOccupancyPercent=35'];

const DELETE_MS_MAX = 10_000;
/** What the client library calls it. */
const UNKNOWN_TOPIC = 3;

/** What one appliance needs of it. */
export interface KafkaBroker {
  /** A topic of its own. */
  readonly settings: Readonly<Record<string, string>>;
  /** User and system time since the broker was started; null where there is no /proc. */
  cpuSeconds(): number | null;
  /** Deletes the topic, so that the next load finds as much warm memory for its files as this one did. */
  forget(): Promise<void>;
}

let started: Promise<Brokers> | undefined;
let topics = 0;

/**
 * One real broker for all runs of this process: its virtual machine compiles itself in the first seconds of load. Throws
 * ToolMissing where the client library was not built, where there is no Java, or the broker cannot be fetched.
 */
export async function kafkaBroker(): Promise<KafkaBroker> {
  started ??= start();
  const { addresses, nodes } = await started;
  const prefix = `bench-${topics++}.`;
  return {
    settings: { SPILLWAY_LOG: 'kafka', SPILLWAY_KAFKA_BROKERS: addresses, SPILLWAY_KAFKA_TOPIC_PREFIX: prefix },
    cpuSeconds: () => processCpuSeconds(nodes[0]?.pid ?? 0),
    forget: () => deleteTopic(addresses, prefix + RAW_TOPIC),
  };
}

async function deleteTopic(addresses: string, topic: string): Promise<void> {
  const admin = loadAddon().AdminClient.create({ 'metadata.broker.list': addresses });
  try {
    // An appliance that did not start has made none.
    const failure = (error?: ClientError | null) => (error && error.code !== UNKNOWN_TOPIC ? error : null);
    await answered<void>((done) => admin.deleteTopic(topic, DELETE_MS_MAX, (error) => done(failure(error), undefined)));
  } finally {
    admin.disconnect();
  }
}

async function start(): Promise<Brokers> {
  try {
    loadAddon();
  } catch (error) {
    if (error instanceof KafkaFailure) throw new ToolMissing(`cannot bench the Kafka log: ${error.message}; ${error.wayOut}`);
    throw error;
  }
  const brokers = await startBrokers(1, java);
  if ('missing' in brokers) {
    const wayOut = 'install Java 17 and Maven, which fetches the broker once, then try again';
    throw new ToolMissing(`cannot bench the Kafka log: ${brokers.missing}; ${wayOut}`);
  }
  announceEnd(() => brokers.stop());
  return brokers;
}
