import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusedTopics } from '../../src/plane/refused-topics.js';
import { connect, puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted } from '../cases/mqtt-case.js';
import { device, GatewayThread, TOKEN } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

async function login(gateway: GatewayThread, clientId: string, level: 4 | 5): Promise<RawClient> {
  const client = await RawClient.open(gateway.port);
  client.write(connect({ level, clientId, password: TOKEN }));
  await client.expect(connackAccepted[level]);
  return client;
}

test('the topic that a device was refused last is known, at every QoS and in both versions', async () => {
  const gateway = await GatewayThread.start([device(11, 'dev-1'), device(12, 'dev-2'), device(13, 'dev-3')]);
  try {
    const refused = new RefusedTopics([gateway.memory]);
    assert.deepEqual([...refused.news()], []);
    const old = await login(gateway, 'dev-1', 4);
    old.write(publish({ level: 4, topic: 'plant/x/SENSOR', qos: 1 }));
    await old.expectEnd();
    assert.deepEqual([...refused.news()], [{ device: 11, code: 'topic_unknown', topic: 'plant/x/SENSOR' }]);
    assert.deepEqual([...refused.news()], [], 'each is news once');

    const client = await login(gateway, 'dev-2', 5);
    client.write(publish({ level: 5, topic: 'plant/first', qos: 0 }));
    client.write(publish({ level: 5, topic: 'devices/dev-1/telemetry', qos: 0 }));
    client.write(publish({ level: 5, topic: 'devices/dev-2/telemetry', qos: 1, packetId: 3 }));
    await client.expect(puback(3));
    assert.deepEqual([...refused.news()], [{ device: 12, code: 'topic_forbidden', topic: 'devices/dev-1/telemetry' }]);

    const odd = await login(gateway, 'dev-3', 5);
    odd.write(publish({ level: 5, topic: `tele\u0001${'é'.repeat(200)}`, qos: 0 }));
    odd.write(publish({ level: 5, topic: 'devices/dev-3/telemetry', qos: 1, packetId: 4 }));
    await odd.expect(puback(4));
    const [last] = [...refused.news()];
    assert.match(last!.topic, /^tele\ufffdé{10,}…$/u);
    client.close();
    odd.close();
  } finally {
    await gateway.stop();
  }
});
