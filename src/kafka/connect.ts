import { type Addon, answered, type ClientError, type Consumer, type Metadata, type Producer, type Rebalanced } from './client.js';
import {
  consumerConf,
  consumerTopicConf,
  followerConf,
  type KafkaSettings,
  type Member,
  producerConf,
  readerConf,
  sideProducerConf,
} from './conf.js';
import { KafkaFailure } from './failure.js';

const CONNECT_MS_MAX = 10_000;
/** How long a client may take to disconnect. */
const CLOSE_MS_MAX = 2000;

/** Connects a producer; `failed` takes the errors of its connections. */
export function connectProducer(addon: Addon, settings: KafkaSettings, failed: (error: ClientError) => void): Promise<Producer> {
  return connect(new addon.Producer(producerConf(settings), {}), settings, failed);
}

/** The same for records beside the log; records of one key go into one partition, as Kafka's own clients place them. */
export function connectSideProducer(addon: Addon, settings: KafkaSettings, failed: (error: ClientError) => void): Promise<Producer> {
  return connect(new addon.Producer(sideProducerConf(settings), { partitioner: 'murmur2_random' }), settings, failed);
}

export function connectConsumer(
  addon: Addon,
  settings: KafkaSettings,
  member: Member,
  rebalanced: Rebalanced,
  failed: (error: ClientError) => void,
): Promise<Consumer> {
  return connect(new addon.KafkaConsumer(consumerConf(settings, member, rebalanced), consumerTopicConf), settings, failed);
}

/** A consumer that is assigned what it reads, and joins no group. */
export function connectReader(addon: Addon, settings: KafkaSettings, group: string): Promise<Consumer> {
  return connect(new addon.KafkaConsumer(readerConf(settings, group), consumerTopicConf), settings, () => {});
}

/** The same for a consumer that follows what is written for as long as the process runs. */
export function connectFollower(addon: Addon, settings: KafkaSettings, group: string): Promise<Consumer> {
  return connect(new addon.KafkaConsumer(followerConf(settings, group), consumerTopicConf), settings, () => {});
}

/** Whether the client ends in time makes no difference: what a producer did not deliver, its owner still has. */
export function closeClient(client: Producer | Consumer): Promise<void> {
  return new Promise((resolve) => {
    if (!client.isConnected()) {
      resolve();
      return;
    }
    const late = setTimeout(resolve, CLOSE_MS_MAX);
    const done = () => {
      clearTimeout(late);
      resolve();
    };
    // Without a limit a producer first waits for the brokers to take all that it has.
    if ('produce' in client) client.disconnect(0, done);
    else client.disconnect(done);
  });
}

async function connect<Client extends Producer | Consumer>(
  client: Client,
  settings: KafkaSettings,
  failed: (error: ClientError) => void,
): Promise<Client> {
  let last = '';
  client.on('event.error', (error: ClientError) => {
    last = error.message;
    failed(error);
  });
  try {
    await answered<Metadata>((done) => client.connect({ timeout: settings.connectMsMax ?? CONNECT_MS_MAX }, done));
    return client;
  } catch (error) {
    // The library has closed what it had opened.
    throw new KafkaFailure(
      'kafka_unreachable',
      `cannot reach the Kafka brokers ${settings.brokers}: ${last || (error as Error).message}`,
      'start the brokers, or correct SPILLWAY_KAFKA_BROKERS and the security settings beside it',
    );
  }
}
