import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connectAsync, type IClientOptions } from 'mqtt';
import { COUNTER_GATEWAY_CONNECTIONS_OF } from '../../assembly/abi/counters.js';
import { TRANSPORT_HTTP } from '../../assembly/abi/gateway.js';
import { type HttpServer, startHttp } from '../../src/http/server.js';
import { createLog } from '../../src/telemetry/log.js';
import { puback, publish } from '../cases/mqtt-bytes.js';
import { connackAccepted, connectAs } from '../cases/mqtt-case.js';
import { CASE_TOKEN, caseDevices } from '../cases/mqtt-devices.js';
import { BINARY, CLOSE, FrameClient, frame, request } from '../gateway/frame-client.js';
import { GatewayThread } from '../gateway/gateway-thread.js';
import { certify } from '../support/certificate.js';
import { type ServerUnderTest, startServerUnderTest } from '../support/server-under-test.js';
import { until } from '../support/until.js';

// MQTT over WebSockets on the HTTP ports.

const authority = certify('authority of the server');
const certificate = certify('localhost', authority);
const TOPIC = 'devices/dev-1/telemetry';

let server: ServerUnderTest;
let gateway: GatewayThread;
let http: HttpServer;
let gatewayPort: number | undefined;
before(async () => {
  server = await startServerUnderTest();
  gateway = await GatewayThread.start(caseDevices, 4, { unauthenticatedMax: 2 });
  gatewayPort = gateway.ports.bridge;
  http = await startHttp({
    ...server,
    bind: '127.0.0.1',
    port: 0,
    https: { bind: '127.0.0.1', port: 0, tls: { cert: certificate.cert, key: certificate.key } },
    connections: { connectionsMax: 16, unauthenticatedMax: 16 },
    mqttPort: () => gatewayPort,
    log: createLog('fatal'),
    consoleFolder: '',
  });
});
after(async () => {
  await http.close();
  await gateway.stop();
  await server.close();
});

const open = (asked = request()) => FrameClient.open(connect({ host: '127.0.0.1', port: http.port, noDelay: true }), asked);
const joined = () => gateway.counter(COUNTER_GATEWAY_CONNECTIONS_OF + TRANSPORT_HTTP);
const gone = () => until('the connections to be gone', () => joined() === 0);

for (const scheme of ['ws', 'wss'] as const) {
  test(`mqtt.js publishes over ${scheme} on the HTTP port`, async () => {
    const before = gateway.records.length;
    const options = { clientId: 'dev-1', username: 'default', password: CASE_TOKEN, reconnectPeriod: 0 };
    const url = `${scheme}://localhost:${scheme === 'ws' ? http.port : http.httpsPort}/mqtt`;
    const client = await connectAsync(url, { ...options, wsOptions: { ca: authority.cert, family: 4 } } as IClientOptions, false);
    const payloads = Array.from({ length: 100 }, (_, i) => `{"seq":${i},"pad":"${'x'.repeat(i * 100)}"}`);
    await Promise.all(payloads.map((payload) => client.publishAsync(TOPIC, payload, { qos: 1 })));
    assert.equal(joined(), 1);
    await client.endAsync();
    assert.deepEqual(
      gateway.records
        .slice(before)
        .map(({ payload }) => payload)
        .sort(),
      [...payloads].sort(),
    );
    await gone();
  });
}

test('the gateway answers what is no WebSocket for MQTT', async () => {
  const { client, answer } = await open(request({ 'Sec-WebSocket-Protocol': 'chat' }));
  assert.match(answer, /^HTTP\/1\.1 400 /);
  await until('the end', () => client.hasEnded);
});

test('a client that closes after its last message is acknowledged, and both ends close', async () => {
  const { client } = await open();
  client.write(frame(BINARY, connectAs(4, { clientId: 'dev-1' })));
  await client.expect(connackAccepted[4]);
  client.write(frame(BINARY, publish({ level: 4, topic: TOPIC, qos: 1, packetId: 9 })));
  await client.expect(puback(9));
  client.write(frame(CLOSE, Buffer.from([0x03, 0xe8])));
  await client.expectClose(1000);
  await gone();
});

test('a client that vanishes ends its connection at the gateway', async () => {
  const { client } = await open();
  await until('its gateway', () => joined() === 1);
  client.socket.resetAndDestroy();
  await gone();
});

test('the address of the client is what the gateway limits', async () => {
  const strangers = [await open(), await open()];
  const third = await open();
  assert.equal(third.answer, '', 'the gateway takes two of one address that have not authenticated');
  assert.equal(gateway.refusals().address_exhausted, 1);
  for (const { client } of [...strangers, third]) client.close();
  await gone();
});

test('WebSockets for MQTT have half of the connections at most, and a place is free again when a client leaves', async () => {
  const connections = { connectionsMax: 4, unauthenticatedMax: 4 };
  const common = { ...server, bind: '127.0.0.1', port: 0, mqttPort: () => gatewayPort, log: createLog('fatal'), consoleFolder: '' };
  const small = await startHttp({ ...common, connections });
  const ask = () => FrameClient.open(connect({ host: '127.0.0.1', port: small.port }));
  const kept = [await ask(), await ask()];
  assert.ok(kept.every(({ answer }) => answer.startsWith('HTTP/1.1 101 ')));
  assert.match((await ask()).answer, /^HTTP\/1\.1 503 /);
  for (const { client } of kept) client.close();
  await gone();
  const { client, answer } = await ask();
  assert.match(answer, /^HTTP\/1\.1 101 /);
  client.close();
  await small.close();
});

test('without a gateway the answer says so', async () => {
  gatewayPort = undefined;
  const { client, answer } = await open();
  assert.match(answer, /^HTTP\/1\.1 503 /);
  await until('the end', () => client.hasEnded);
  gatewayPort = 1; // Nothing listens there.
  assert.match((await open()).answer, /^HTTP\/1\.1 503 /);
  gatewayPort = gateway.ports.bridge;
});
