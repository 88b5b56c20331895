import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { COUNTER_GATEWAY_CONNECTIONS_OF } from '../../assembly/abi/counters.js';
import { TRANSPORT_MQTT, TRANSPORT_WS, TRANSPORT_WSS } from '../../assembly/abi/gateway.js';
import { PINGREQ, PINGRESP, puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { CASE_TOKEN, caseDevices } from '../cases/mqtt-devices.js';
import { certify } from '../support/certificate.js';
import { until } from '../support/until.js';
import { BINARY, CLOSE, FrameClient, frame, PING, PONG, request, TEXT } from './frame-client.js';
import { GatewayThread } from './gateway-thread.js';
import { RawClient } from './raw-client.js';

const authority = certify('authority of the server');
const server = certify('localhost', authority);
const TOPIC = 'devices/dev-1/telemetry';
const CONNECT = connectAs(4, { clientId: 'dev-1' });
const MESSAGE = publish({ level: 4, topic: TOPIC, qos: 1, packetId: 1, payload: 'x'.repeat(400) });

describe('MQTT over WebSockets', () => {
  let gateway: GatewayThread;
  before(async () => {
    gateway = await GatewayThread.start(caseDevices, 4, { tls: { cert: server.cert, key: server.key } });
  });
  after(() => gateway.stop());

  async function login(): Promise<FrameClient> {
    const client = await FrameClient.opened(gateway.ports.ws as number);
    client.write(frame(BINARY, CONNECT));
    await client.expect(connackAccepted[4]);
    return client;
  }

  /** Runs `run` and checks how often the code was counted meanwhile. */
  async function counting(code: string, times: number, run: () => Promise<void>): Promise<void> {
    const before = gateway.refusals()[code] ?? 0;
    await run();
    await until(code, () => (gateway.refusals()[code] ?? 0) === before + times);
  }

  for (const transport of ['ws', 'wss'] as const) {
    for (const protocolVersion of [4, 5] as const) {
      test(`mqtt.js publishes over ${transport} at level ${protocolVersion}`, async () => {
        const before = gateway.records.length;
        const options = { clientId: 'dev-1', username: 'default', password: CASE_TOKEN, protocolVersion, reconnectPeriod: 0 };
        const url = `${transport}://localhost:${gateway.ports[transport]}/mqtt`;
        const client = await connectAsync(url, { ...options, wsOptions: { ca: authority.cert, family: 4 } } as IClientOptions, false);
        const payloads = Array.from({ length: 100 }, (_, i) => `{"seq":${i},"pad":"${'x'.repeat(i * 40)}"}`);
        await Promise.all(payloads.map((payload, i) => client.publishAsync(TOPIC, payload, { qos: i % 2 === 0 ? 1 : 2 })));
        await client.endAsync();
        const got = gateway.records.slice(before).map(({ payload }) => payload);
        assert.deepEqual(got.sort(), [...payloads].sort());
      });
    }
  }

  test('packets may lie across frames and several in one, and the bytes may come one by one', async () => {
    const client = await FrameClient.opened(gateway.ports.ws as number);
    const packets = Buffer.concat([CONNECT, MESSAGE, PINGREQ]);
    const [one, two] = [packets.subarray(0, 5), packets.subarray(5, 60)];
    const cut = [frame(0x02, one), frame(PING, 'amid'), frame(0x00, two), frame(0x00), frame(0x80, packets.subarray(60))];
    for (const byte of Buffer.concat(cut)) await client.written(Buffer.from([byte]));
    assert.deepEqual(await client.next(), { first: PONG, payload: Buffer.from('amid') });
    await client.expect(connackAccepted[4]);
    const heard = await client.take(PINGRESP.length + puback(1).length);
    // The answer to a ping does not wait for a block to become durable.
    assert.deepEqual([heard.includes(puback(1)), heard.includes(PINGRESP)], [true, true]);
    client.close();
  });

  test('frames that come with the request are taken', async () => {
    const client = await FrameClient.opened(gateway.ports.ws as number, Buffer.concat([frame(BINARY, CONNECT), frame(BINARY, PINGREQ)]));
    await client.expect(Buffer.concat([connackAccepted[4], PINGRESP]));
    client.close();
  });

  test('a Close frame is answered, and so is the end of the connection by the server', async () => {
    const client = await login();
    client.write(frame(CLOSE, Buffer.from([0x03, 0xe9])));
    await client.expectClose(1001);
    const refused = await login();
    refused.write(frame(BINARY, Buffer.from('00', 'hex')));
    await refused.expectClose(1000);
  });

  const faults: readonly [name: string, bytes: Buffer, code: number][] = [
    ['a text message', frame(TEXT, '{}'), 1003],
    ['a frame that is not masked', Buffer.from([BINARY, 1, 0]), 1002],
    ['a compressed frame', frame(0xc2, 'x'), 1002],
    ['an opcode that is not defined', frame(0x83, 'x'), 1002],
    ['a continuation of nothing', frame(0x80, 'x'), 1002],
    ['a ping in pieces', frame(0x09, 'x'), 1002],
    ['a Close frame of one byte', frame(CLOSE, 'x'), 1002],
    ['a message of more than 1 MiB', frame(BINARY, Buffer.alloc(1024 * 1024 + 1)).subarray(0, 14), 1009],
    ['a message of 2^62 bytes', Buffer.from('82ff400000000000000000000000', 'hex'), 1009],
  ];
  for (const [name, bytes, code] of faults) {
    test(`${name} closes the WebSocket with ${code}`, () =>
      counting('websocket_malformed', 1, async () => {
        const client = await login();
        client.write(bytes);
        await client.expectClose(code);
      }));
  }

  test('a message of 1 MiB is taken, for it may hold many packets', async () => {
    const client = await login();
    const count = Math.floor((1024 * 1024) / MESSAGE.length);
    client.write(frame(BINARY, Buffer.concat(Array.from({ length: count }, () => MESSAGE))));
    await client.expect(Buffer.concat(Array.from({ length: count }, () => puback(1))));
    client.close();
  });

  const refusals: readonly [name: string, asked: string, status: number][] = [
    ['another path', request({}, 'GET / HTTP/1.1'), 404],
    ['no subprotocol', request({ 'Sec-WebSocket-Protocol': undefined }), 400],
    ['another subprotocol', request({ 'Sec-WebSocket-Protocol': 'wamp.2.json' }), 400],
    ['another version', request({ 'Sec-WebSocket-Version': '8' }), 426],
    ['no wish for a WebSocket', request({ Upgrade: undefined, Connection: undefined }), 426],
    ['a key that is none', request({ 'Sec-WebSocket-Key': 'short' }), 400],
    ['bytes of MQTT', `${CONNECT.toString('latin1')}\r\n\r\n`, 400],
  ];
  for (const [name, asked, status] of refusals) {
    test(`a request with ${name} is answered ${status}`, () =>
      counting('websocket_refused', 1, async () => {
        const { client, answer } = await FrameClient.open(connect({ host: '127.0.0.1', port: gateway.ports.ws as number }), asked);
        assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
        await until('the end', () => client.hasEnded);
      }));
  }

  test('a request whose head has no end is refused', () =>
    counting('websocket_refused', 1, async () => {
      const asked = request({ 'X-Long': 'x'.repeat(9000) });
      const { client, answer } = await FrameClient.open(connect({ host: '127.0.0.1', port: gateway.ports.ws as number }), asked);
      assert.match(answer, /^HTTP\/1\.1 4\d\d /);
      await until('the end', () => client.hasEnded);
    }));

  test('the older name of the subprotocol is answered where it comes alone', async () => {
    for (const [offered, answered] of [
      ['mqttv3.1', 'mqttv3.1'],
      ['mqttv3.1, mqtt', 'mqtt'],
      ['chat,mqtt', 'mqtt'],
    ] as const) {
      const socket = connect({ host: '127.0.0.1', port: gateway.ports.ws as number });
      const { client, answer } = await FrameClient.open(
        socket,
        request({ 'Sec-WebSocket-Protocol': offered, 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
      );
      assert.match(answer, new RegExp(`\r\nSec-WebSocket-Protocol: ${answered}\r\n`, 'i'));
      assert.doesNotMatch(answer, /extensions/i);
      client.close();
    }
  });

  test('connections are counted by transport', async () => {
    const open = (transport: number) => gateway.counter(COUNTER_GATEWAY_CONNECTIONS_OF + transport);
    const all = () => [TRANSPORT_MQTT, TRANSPORT_WS, TRANSPORT_WSS].map(open);
    await until('the others to be gone', () => all().every((count) => count === 0));
    const web = await FrameClient.opened(gateway.ports.ws as number);
    const plain = await RawClient.open(gateway.port);
    await until('both', () => all().join() === '1,1,0');
    web.close();
    plain.close();
    await until('neither', () => all().join() === '0,0,0');
  });
});
