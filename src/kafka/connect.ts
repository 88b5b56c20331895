import { type Addon, answered, type ClientError, type Consumer, type Metadata, type Producer, type Rebalanced } from './client.js';
import { consumerConf, consumerTopicConf, type KafkaSettings, type Member, producerConf, sideProducerConf } from './conf.js';
import { KafkaFailure } from './failure.js';

const CONNECT_MS_MAX = 10_000;

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
