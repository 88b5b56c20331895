import type { KafkaSettings } from './conf.js';
import { BrokerConnection } from './protocol/connection.js';
import { Writer } from './protocol/wire.js';

// The client library has no call that reads or changes the settings of a topic, so these two requests are made without it.

const DESCRIBE_CONFIGS = 32;
const INCREMENTAL_ALTER_CONFIGS = 44;
const TOPIC = 2;
const SET = 0;
const CALL_MS_MAX = 5000;

/** Reads one setting of a topic as its brokers apply it, wherever it was set; undefined: they know none of that name. */
export async function readTopicSetting(kafka: KafkaSettings, topic: string, name: string): Promise<string | undefined> {
  const request = new Writer()
    .array([topic], (writer) =>
      writer
        .int8(TOPIC)
        .string(topic)
        .array([name], (names, one) => names.string(one)),
    )
    .boolean(false);
  return withBroker(kafka, async (broker) => {
    const answer = await broker.request(DESCRIBE_CONFIGS, 1, request);
    answer.int32();
    const [found] = answer.array((reader) => {
      check(reader.int16(), reader.string());
      reader.int8();
      reader.string();
      return reader.array((setting) => {
        const [found, value] = [setting.string(), setting.string()];
        setting.boolean();
        setting.int8();
        setting.boolean();
        setting.array((synonym) => [synonym.string(), synonym.string(), synonym.int8()]);
        return { name: found, value };
      });
    });
    return found?.find((setting) => setting.name === name)?.value ?? undefined;
  });
}

/** Sets one setting of a topic; its others stay as they are. */
export async function setTopicSetting(kafka: KafkaSettings, topic: string, name: string, value: string): Promise<void> {
  const request = new Writer()
    .array([topic], (writer) =>
      writer
        .int8(TOPIC)
        .string(topic)
        .array([value], (settings) => settings.string(name).int8(SET).string(value)),
    )
    .boolean(false);
  await withBroker(kafka, async (broker) => {
    const answer = await broker.request(INCREMENTAL_ALTER_CONFIGS, 0, request);
    answer.int32();
    answer.array((reader) => {
      check(reader.int16(), reader.string());
      reader.int8();
      reader.string();
    });
  });
}

function check(code: number, cause: string | null): void {
  if (code !== 0) throw new Error(cause || `the broker answers with error ${code} of the protocol`);
}

/** Asks the first broker that answers; rejects with what the last one said. */
async function withBroker<Answer>(kafka: KafkaSettings, ask: (broker: BrokerConnection) => Promise<Answer>): Promise<Answer> {
  let last: unknown;
  for (const address of kafka.brokers.split(',')) {
    let broker: BrokerConnection | undefined;
    try {
      broker = await BrokerConnection.open(kafka, address, CALL_MS_MAX);
      return await ask(broker);
    } catch (error) {
      last = error;
    } finally {
      broker?.close();
    }
  }
  throw last;
}
