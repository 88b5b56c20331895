import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { caseDevices } from '../cases/mqtt-devices.js';
import { certify } from '../support/certificate.js';
import { until } from '../support/until.js';
import { GatewayThread } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

// A client may end its side of the connection after its last message: it still reads, and waits for its acknowledgements.

const TOPIC = 'devices/dev-1/telemetry';
const LEVELS = [4, 5] as const;

for (const level of LEVELS) {
  test(`a client of level ${level} that ends its side is acknowledged before the connection closes`, async () => {
    const gateway = await GatewayThread.start(caseDevices);
    try {
      const client = await RawClient.login(gateway.port, 'dev-1', level);
      gateway.freeze();
      for (const packetId of [1, 2, 3]) client.write(publish({ level, topic: TOPIC, qos: 1, packetId }));
      client.socket.end();
      await until('the messages', () => gateway.records.length === 3);
      await until('the end of the session', () => gateway.of('disconnected').length === 1);
      assert.equal(client.heard.length, 0, 'nothing is durable yet');
      gateway.thaw();
      await client.expect(Buffer.concat([1, 2, 3].map((packetId) => puback(packetId))));
      await client.expectEnd();
      assert.deepEqual(gateway.refusals(), {});
    } finally {
      await gateway.stop();
    }
  });
}

test('a client that ends its side waits for nothing when nothing is to be acknowledged', async () => {
  const gateway = await GatewayThread.start(caseDevices);
  try {
    const stranger = await RawClient.open(gateway.port);
    stranger.socket.end();
    await stranger.expectEnd();
    const client = await RawClient.login(gateway.port, 'dev-1', 5);
    client.socket.end();
    await client.expectEnd();
  } finally {
    await gateway.stop();
  }
});

test('a client over TLS that says it sends no more is acknowledged', async () => {
  const server = certify('localhost', certify('authority of the server'));
  const gateway = await GatewayThread.start(caseDevices, 4, { tls: { cert: server.cert, key: server.key } });
  try {
    const options = { host: '127.0.0.1', port: gateway.ports.mqtts, rejectUnauthorized: false, allowHalfOpen: true };
    const socket = connectTls(options);
    let heard = Buffer.alloc(0);
    let hasEnded = false;
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
    });
    socket.on('end', () => {
      hasEnded = true;
    });
    socket.write(connectAs(4, { clientId: 'dev-1' }));
    await until('CONNACK', () => heard.length === connackAccepted[4].length);
    gateway.freeze();
    socket.end(publish({ level: 4, topic: TOPIC, qos: 1, packetId: 7 }));
    await until('the message', () => gateway.records.length === 1);
    await until('the end of the session', () => gateway.of('disconnected').length === 1);
    gateway.thaw();
    await until('the end', () => hasEnded);
    assert.deepEqual(heard.subarray(connackAccepted[4].length), puback(7));
  } finally {
    await gateway.stop();
  }
});
