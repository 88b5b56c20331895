import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CODE_MQTT_ALIASES_EXHAUSTED } from '../../assembly/abi/codes.js';
import { ALIASES_POOL_BYTES, TOPIC_ALIASES_MAX } from '../../assembly/abi/gateway.js';
import { hashSecret } from '../../src/contract/identity/service.js';
import { hashToken } from '../../src/contract/token.js';
import { TopicAliases } from '../../src/gateway/mqtt/topic-aliases.js';
import { bytes, disconnect, packet, properties, puback, publish, u16 } from '../cases/mqtt-bytes.js';
import { abilities, connackAccepted, connectAs, noReasons } from '../cases/mqtt-case.js';
import { CASE_TOKEN } from '../cases/mqtt-devices.js';
import { device, GatewayThread } from './gateway-thread.js';
import { KernelDriver } from './kernel-driver.js';
import { RawClient } from './raw-client.js';

/** First byte of a PUBLISH at QoS 1 that is sent again. */
const AGAIN = 0x3a;
const SECRET = 'sps_of-all-test-services';
const caseDevice = (number: number, id: string) => device(number, id, { tokenHash: hashToken('default', id, CASE_TOKEN) });
const aliased = (topic: string, alias: number, qos = 0, packetId = 1) =>
  publish({ level: 5, topic, qos, packetId, properties: properties(0x23, u16(alias)), payload: '1' });
const plain = (topic: string, qos = 0, packetId = 1) => publish({ level: 5, topic, qos, packetId, payload: '1' });

describe('topic aliases over real sockets', () => {
  let gateway: GatewayThread;
  const clients: RawClient[] = [];
  before(async () => {
    gateway = await GatewayThread.start([caseDevice(1, 'dev-1')]);
    const services = [{ id: 1, name: 'app', secretHash: hashSecret('default', 'app', SECRET) }];
    const rules = [{ id: 1, subject: 'service:app', action: 'both', filter: '#', effect: 'allow' } as const];
    const news = [{ subject: 'services', tenant: 'default', services } as const, { subject: 'acl', tenant: 'default', rules } as const];
    gateway.post({ kind: 'identity', token: 1, news });
    await gateway.caughtUp();
  });
  after(async () => {
    for (const client of clients) client.close();
    await gateway.stop();
  });

  /** A service client; CONNACK is left to the caller. */
  async function open(clientId: string, flags: number, ...more: Uint8Array[]): Promise<RawClient> {
    const client = await RawClient.open(gateway.port);
    clients.push(client);
    const credentials = { clientId, user: 'app', password: SECRET };
    client.write(connectAs(5, { ...credentials, flags, properties: properties(noReasons, ...more) }));
    return client;
  }

  async function service(clientId: string, ...more: Uint8Array[]): Promise<RawClient> {
    const client = await open(clientId, 0xc2, ...more);
    await client.expect(connackAccepted[5]);
    return client;
  }

  async function subscribe(client: RawClient, filter: string, qos: number): Promise<void> {
    client.write(packet(0x82, u16(7), 0, filter, qos));
    await client.expect(packet(0x90, u16(7), 0, qos));
  }

  test('a device sends its topic once, and subscribers get the topic that each message has', async () => {
    const [own, other] = ['devices/dev-1/telemetry', 'tenant/default/device/dev-1/data'];
    const to = await service('to-telemetry');
    await subscribe(to, '#', 0);
    const from = await RawClient.login(gateway.port, 'dev-1', 5);
    clients.push(from);
    from.write(bytes(aliased(own, 1), aliased('', 1), aliased(other, 1), aliased('', 1), aliased(own, 1), aliased('', 1)));
    await to.expect(bytes(plain(own), plain(own), plain(other), plain(other), plain(own), plain(own)));
    to.write(packet(0xa2, u16(8), 0, '#'));
    await to.expect(packet(0xb0, u16(8), 0, 0));
  });

  test('the same of a service client, whose aliases end with its connection', async () => {
    const to = await service('to-rooms');
    await subscribe(to, 'room/+', 0);
    const from = await service('from-rooms');
    from.write(bytes(aliased('room/a', 3), aliased('', 3), aliased('room/b', 3), aliased('', 3)));
    await to.expect(bytes(plain('room/a'), plain('room/a'), plain('room/b'), plain('room/b')));
    from.write(packet(0xe0));
    await from.expectEnd();
    const again = await service('from-rooms');
    again.write(aliased('', 3));
    await again.expect(disconnect(0x82));
    await again.expectEnd();
  });

  test('a client that takes aliases gets them, and no more than it takes', async () => {
    const from = await service('from-many');
    const to = await service('to-few', bytes(0x22, u16(1)));
    await subscribe(to, 'many/+', 0);
    const topics = ['many/a', 'many/b', 'many/a', 'many/b', 'many/a', 'many/b'];
    from.write(bytes(...topics.map((topic) => plain(topic))));
    const again = [aliased('', 1), plain('many/b')];
    await to.expect(bytes(aliased('many/a', 1), plain('many/b'), ...again, ...again));
  });

  test('a message that is sent again over the next connection has its topic', async () => {
    const [keeps, more] = [bytes(0x11, u16(0), u16(600)), bytes(0x22, u16(9))];
    const to = await service('to-again', keeps, more);
    await subscribe(to, 'again/+', 1);
    const from = await service('from-again');
    from.write(bytes(...[1, 2, 3].map((packetId) => plain('again/a', 1, packetId))));
    await from.expect(bytes(...[1, 2, 3].map((packetId) => puback(packetId))));
    await to.expect(bytes(aliased('again/a', 1, 1, 1), aliased('', 1, 1, 2), aliased('', 1, 1, 3)));
    to.close();
    const next = await open('to-again', 0xc0, keeps, more);
    const connack = Buffer.from(connackAccepted[5]);
    connack[2] = 1; // session present
    await next.expect(connack);
    // Its aliases are those of this connection: they are given anew.
    for (const sent of [aliased('again/a', 1, 1, 1), aliased('', 1, 1, 2), aliased('', 1, 1, 3)]) {
      sent[0] = AGAIN;
      await next.expect(sent);
    }
  });
});

test('CONNACK says another keep-alive to a client that asks for none or for too long a one', async () => {
  const gateway = await GatewayThread.start([caseDevice(1, 'dev-1')], 4, { keepAliveSecondsMax: 60 });
  for (const [asked, said] of [
    [0, 60],
    [61, 60],
    [60, undefined],
  ] as const) {
    const client = await RawClient.open(gateway.port);
    client.write(connectAs(5, { keepAlive: asked }));
    const keepAlive = said === undefined ? Buffer.alloc(0) : bytes(0x13, u16(said));
    await client.expect(packet(0x20, 0, 0, properties(keepAlive, abilities(TOPIC_ALIASES_MAX))));
    client.close();
  }
  const older = await RawClient.login(gateway.port, 'dev-1', 4);
  older.close();
  await gateway.stop();
});

test('aliases take a bounded part of memory, and whoever comes when it is taken has none', () => {
  const holders = ALIASES_POOL_BYTES / (TOPIC_ALIASES_MAX * 2048);
  const ids = Array.from({ length: holders + 1 }, (_, i) => `dev-${i}`);
  const driver = new KernelDriver(ids.map((id, i) => caseDevice(i + 1, id)));
  const none = packet(0x20, 0, 0, properties(abilities(0)));
  const connack = (connection: number) => {
    driver.open(connection);
    driver.feed(connection, connectAs(5, { clientId: ids[connection] as string }));
    return driver.sent(connection);
  };
  const aliases = Array.from({ length: TOPIC_ALIASES_MAX }, (_, i) => aliased(`${'t'.repeat(1022)}${10 + i}`, i + 1));
  let refused = 0;
  for (let connection = 0; connection < holders; connection++) {
    const expected = connection < (holders / 4) * 3 ? connackAccepted[5] : none;
    if (connection === holders - 1) assert.deepEqual(connack(connection), none);
    else if (!connack(connection).equals(expected)) refused++;
    driver.feed(connection, bytes(...aliases));
  }
  assert.ok(refused <= 1, 'at the border one connection more or less');
  assert.equal(driver.counter(CODE_MQTT_ALIASES_EXHAUSTED), 0);
  driver.close(0);
  driver.close(1);
  assert.deepEqual(connack(0), connackAccepted[5], 'what one client gave back another may have');
});

test('the first topics have aliases, whatever comes after them', () => {
  const aliases = new TopicAliases(2);
  const send = (topic: string) => {
    const alias = aliases.of(topic);
    aliases.sent(topic, alias);
    return alias && (alias.isKnown ? -alias.number : alias.number);
  };
  assert.deepEqual(['a', 'b', 'a', 'c', 'c', 'b'].map(send), [1, 2, -1, undefined, undefined, -2]);
});

test('an alias that was not sent after all is given to the next topic', () => {
  const aliases = new TopicAliases(1);
  assert.deepEqual(aliases.of('too-large'), { number: 1, isKnown: false });
  assert.deepEqual(aliases.of('small'), { number: 1, isKnown: false });
});
