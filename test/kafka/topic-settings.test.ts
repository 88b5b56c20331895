import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { KafkaSettings } from '../../src/kafka/conf.js';
import { Reader, Writer } from '../../src/kafka/protocol/wire.js';
import { readTopicSetting, setTopicSetting } from '../../src/kafka/topic-settings.js';

const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const DESCRIBE_CONFIGS = 32;
const NAME = 'min.insync.replicas';

/** One request as a broker gets it. */
interface Request {
  readonly key: number;
  readonly version: number;
  readonly body: Reader;
}

/** A broker whose answers a test writes; answers cut into single bytes, so that none arrives whole. */
async function withBroker<Result>(answer: (request: Request) => Writer | undefined, use: (address: string) => Promise<Result>) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const body = new Reader(received.subarray(4, 4 + received.readInt32BE(0)));
        received = received.subarray(4 + received.readInt32BE(0));
        const [key, version, correlation] = [body.int16(), body.int16(), body.int32()];
        assert.equal(body.string(), 'spillway');
        const written = answer({ key, version, body });
        if (!written) return socket.destroy();
        const message = new Writer().bytes(Buffer.concat([new Writer().int32(correlation).buffer, written.buffer])).buffer;
        for (const byte of message) socket.write(Buffer.of(byte));
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

function settings(brokers: string, more: Partial<KafkaSettings> = {}): KafkaSettings {
  const none = { ca: undefined, cert: undefined, key: undefined, saslUsername: undefined, saslPassword: undefined };
  const common = { topicPrefix: '', saslMechanism: 'PLAIN', replicationFactor: undefined, sessionSeconds: 10, retentionHours: 1 };
  return { brokers, security: 'plaintext', ...none, ...common, ...more };
}

function described(value: string | null, code = 0, cause: string | null = null): Writer {
  const text = (writer: Writer, one: string | null) => (one === null ? writer.int16(-1) : writer.string(one));
  return new Writer().int32(0).array([code], (writer) => {
    text(writer.int16(code), cause).int8(2).string('telemetry.raw');
    writer.array(code === 0 ? [NAME] : [], (setting, name) => {
      text(setting.string(name), value).boolean(false).int8(1).boolean(false);
      setting.array([value], (synonym) => text(synonym.string(NAME), value).int8(1));
    });
  });
}

test('a setting of a topic is read from the first broker that answers', async () => {
  const asked: string[] = [];
  const answer = ({ key, version, body }: Request) => {
    const [topic] = body.array(() => `${body.int8()} ${body.string()} ${body.array(() => body.string())}`);
    asked.push(`${key} ${version}: ${topic}`);
    return described('2');
  };
  await withBroker(answer, async (address) => {
    assert.equal(await readTopicSetting(settings(`127.0.0.1:1,${address}`), 'telemetry.raw', NAME), '2');
  });
  assert.deepEqual(asked, [`${DESCRIBE_CONFIGS} 1: 2 telemetry.raw ${NAME}`]);
});

test('a broker that refuses says why, and one that hangs up is reported as that', async () => {
  await withBroker(
    () => described(null, 29, 'Topic authorization failed.'),
    async (address) => assert.rejects(readTopicSetting(settings(address), 'telemetry.raw', NAME), /^Error: Topic authorization failed\.$/),
  );
  await withBroker(
    () => undefined,
    async (address) => assert.rejects(readTopicSetting(settings(address), 'telemetry.raw', NAME), /the broker closed the connection/),
  );
  await withBroker(
    () => new Writer().int32(0).int32(7),
    async (address) => assert.rejects(readTopicSetting(settings(address), 'telemetry.raw', NAME), /is cut off/),
  );
});

test('a setting is set as the only one that changes', async () => {
  let asked = '';
  const answer = ({ key, version, body }: Request) => {
    const topics = body.array(() => {
      const resource = `${body.int8()} ${body.string()}`;
      return `${resource} ${body.array(() => `${body.string()} ${body.int8()} ${body.string()}`)}`;
    });
    asked = `${key} ${version}: ${topics}, only checked: ${body.boolean()}`;
    return new Writer().int32(0).array(['telemetry.raw'], (writer, topic) => writer.int16(0).int16(-1).int8(2).string(topic));
  };
  await withBroker(answer, (address) => setTopicSetting(settings(address), 'telemetry.raw', NAME, '2'));
  assert.equal(asked, `44 0: 2 telemetry.raw ${NAME} 0 2, only checked: false`);
});

test('a user is authenticated before anything is asked', async () => {
  const keys: number[] = [];
  let said = '';
  const answer = ({ key, body }: Request) => {
    keys.push(key);
    if (key === SASL_HANDSHAKE) return new Writer().int16(0).array(['PLAIN'], (writer, mechanism) => writer.string(mechanism));
    if (key !== SASL_AUTHENTICATE) return described('2');
    said = body.bytes().toString();
    return new Writer().int16(0).int16(-1).bytes(Buffer.alloc(0));
  };
  const user = { security: 'sasl_plaintext', saslUsername: 'spillway', saslPassword: 'secret' } as const;
  await withBroker(answer, (address) => readTopicSetting(settings(address, user), 'telemetry.raw', NAME));
  assert.deepEqual([keys, said], [[SASL_HANDSHAKE, SASL_AUTHENTICATE, DESCRIBE_CONFIGS], '\0spillway\0secret']);
});
